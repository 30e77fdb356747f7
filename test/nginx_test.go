//go:build e2e

package test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nginx is a real web server on one address, for one edge.
type nginx struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
}

// nginxConf serves the object and redirects a path; the log says what the connection was for.
const nginxConf = `daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 64; }
http {
    log_format asked '$server_addr|$ssl_server_name|$http_host|$uri';
    access_log %[1]s/access.log asked;
    client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
    uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
    server {
        listen %[2]s ssl;
        server_name www.example.org;
        ssl_certificate %[3]s;
        ssl_certificate_key %[4]s;
        location = /object { %[5]s }
    }
    server {
        listen %[2]s ssl default_server;
        server_name _;
        ssl_certificate %[3]s;
        ssl_certificate_key %[4]s;
        return 421;
    }
}
`

// What nginx does with a request for the object.
const (
	serves    = `return 200 "the object that every edge serves\n";`
	redirects = `return 302 https://$host:$server_port/object/;`
)

// startNginx starts one on an address and waits until it listens.
func startNginx(t *testing.T, addr, cert, key, does string) *nginx {
	t.Helper()
	n := &nginx{t: t, dir: t.TempDir(), addr: addr}
	t.Cleanup(n.stop)
	n.start(cert, key, does)
	return n
}

func (n *nginx) start(cert, key, does string) {
	n.t.Helper()
	conf := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, n.dir, n.addr, cert, key, does), 0o600); err != nil {
		n.t.Fatal(err)
	}
	errors := filepath.Join(n.dir, "error.log")
	n.cmd = exec.Command(need(n.t, "nginx"), "-p", n.dir, "-c", conf, "-e", errors)
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.cmd.Start(); err != nil {
		n.t.Fatalf("starting nginx: %v", err)
	}
	eventually(n.t, patience, "nginx to listen on "+n.addr, func() bool {
		c, err := net.DialTimeout("tcp", n.addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (n *nginx) stop() {
	if n.cmd != nil {
		n.cmd.Process.Kill()
		n.cmd.Wait()
		n.cmd = nil
	}
}

// asked are the lines of the access log, each once.
func (n *nginx) asked() []string {
	n.t.Helper()
	b, err := os.ReadFile(filepath.Join(n.dir, "access.log"))
	if err != nil && !os.IsNotExist(err) {
		n.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	slices.Sort(lines)
	return slices.Compact(lines)
}

// Probes over TLS reach the edge's address, while the server name, the Host and the certificate are the object's; an edge
// whose certificate is for another name, or by an authority that nobody trusts, or that redirects, is no candidate.
func TestNginx(t *testing.T) {
	t.Parallel()
	st := newSite(t, 0)
	ca, stranger := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	good, goodKey := ca.issue(t, dir, "good", "www.example.org")
	wrong, wrongKey := ca.issue(t, dir, "wrong", "shop.example.org")
	strange, strangeKey := stranger.issue(t, dir, "strange", "www.example.org")
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, ca.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	network := 1 + sites.Add(1)
	at := func(i int) string { return fmt.Sprintf("127.%d.0.%d", network, i) }
	var list strings.Builder
	var servers []*nginx
	for i, s := range []struct{ cert, key, does string }{
		{good, goodKey, serves}, {good, goodKey, serves}, {good, goodKey, serves}, {good, goodKey, serves},
		{wrong, wrongKey, serves},
		{strange, strangeKey, serves},
		{good, goodKey, redirects},
	} {
		servers = append(servers, startNginx(t, net.JoinHostPort(at(i+1), st.port), s.cert, s.key, s.does))
		fmt.Fprintf(&list, "edge%d.example.net %s\n", i+1, at(i+1))
	}
	st.write("edges", list.String())
	st.with("object https://www.example.org:"+st.port+"/object "+st.path("object"), "edge_count 7", "min_live 1")
	metricsAt := "127.0.0.1:" + freePort(t)
	s := newServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
	s.env = []string{"SSL_CERT_FILE=" + roots, "SSL_CERT_DIR=" + t.TempDir()}
	s.start()
	s.awaitAnswers()
	s.becomes(patience, []string{at(1), at(2), at(3), at(4)})

	t.Run("outcomes", func(t *testing.T) {
		for outcome, least := range map[string]float64{"ok": 4, "tls": 2, "status": 1} {
			if got, _ := metric(t, metricsAt, "probes_total", label("outcome", outcome)); got < least {
				t.Errorf("%v probes ended with %s, want at least %v", got, outcome, least)
			}
		}
		if expiry, _ := metric(t, metricsAt, "edge_certificate_expiry_timestamp_seconds", label("edge", "edge1.example.net")); expiry < float64(time.Now().Unix()) {
			t.Errorf("the certificate's expiry is %v, want a time to come", expiry)
		}
	})
	t.Run("what nginx was asked", func(t *testing.T) {
		for i, n := range servers[:4] {
			for _, line := range n.asked() {
				want := fmt.Sprintf("%s|www.example.org|www.example.org:%s|/object", at(i+1), st.port)
				if line != want {
					t.Errorf("asked %q, want %q", line, want)
				}
			}
		}
		// A redirect is a failure, and is not followed.
		for _, line := range servers[6].asked() {
			if strings.Contains(line, "/object/") {
				t.Errorf("the redirect was followed: %q", line)
			}
		}
	})
	t.Run("a certificate for another name withdraws one edge", func(t *testing.T) {
		servers[1].stop()
		servers[1].start(wrong, wrongKey, serves)
		t.Logf("left after %s, bound %s", s.leaves(10*swapBound, at(2)), swapBound)
		s.becomes(patience, []string{at(1), at(3), at(4)})
		s.awaitLine("edge2.example.net left (tls")
	})
	t.Run("a redirect withdraws one edge", func(t *testing.T) {
		servers[2].stop()
		servers[2].start(good, goodKey, redirects)
		s.becomes(10*swapBound, []string{at(1), at(4)})
	})
	t.Run("they come back", func(t *testing.T) {
		for _, n := range servers[1:3] {
			n.stop()
			n.start(good, goodKey, serves)
		}
		s.becomes(10*swapBound, []string{at(1), at(2), at(3), at(4)})
	})
}
