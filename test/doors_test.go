//go:build e2e

package test

import (
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Users and a group that no machine has.
const (
	groupOfSocket = 47110
	userInGroup   = 47111
	anyUser       = 47112
)

// openDir makes a directory that every user can enter, unlike those of the testing package.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "edgemanage-doors-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// as runs a program as another user, who claims to be root.
func as(t *testing.T, user int, groups string, program string, args ...string) (string, int) {
	t.Helper()
	drop := []string{"--reuid", strconv.Itoa(user), "--regid", strconv.Itoa(user)}
	if groups != "" {
		drop = append(drop, "--groups", groups)
	} else {
		drop = append(drop, "--clear-groups")
	}
	cmd := exec.Command(need(t, "setpriv"), append(append(drop, program), args...)...)
	cmd.Env = append(os.Environ(), "SUDO_USER=root")
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("running %s: %v", program, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// Who may do what. The socket lets in its owner and its group and tells of them who they are, not who they say to be; the
// state is for the server's user and group; zone files are for everybody to read and for nobody to write.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	dir := openDir(t)
	socket, program := filepath.Join(dir, "c.sock"), filepath.Join(dir, "edgemanage")
	binary, err := os.ReadFile(edgemanagePath)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	group := strconv.Itoa(groupOfSocket)
	privileged := os.Geteuid() == 0
	if !privileged {
		group = strconv.Itoa(os.Getegid()) // who is not root can give it to no other
	}
	st.include(zone, "@ MX 10 mail\nmail A 198.51.100.7\n")
	st.with("control "+socket+" "+group, "state "+filepath.Join(dir, "state"), "includes "+st.path("includes"), "zonefiles "+filepath.Join(dir, "zones"))
	s := startServer(t, st.dir, block(".", st.directive("main")))
	live := s.full(2)
	zoneFile := filepath.Join(dir, "zones", "example.org.zone")
	eventually(t, patience, "the zone file", func() bool {
		_, err := os.Stat(zoneFile)
		return err == nil
	})
	info, err := os.Lstat(socket)
	if err != nil || info.Mode() != fs.ModeSocket|0o660 || strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Gid)) != group {
		t.Errorf("the socket is %v, error %v, want mode 0660 and group %s", info, err, group)
	}
	if !privileged {
		t.Fatal("only root can act as other users: no more than the mode of the socket was tested; run it as root")
	}

	change := []string{program, "mode", st.at(live[0]).name, "unavailable", "--comment", "test", "--control", socket}
	look := []string{program, "status", "--control", socket}
	const yes, no = true, false
	for _, tt := range []struct {
		name   string
		user   int
		groups string
		does   []string
		may    bool
	}{
		{"the group looks", userInGroup, group, look, yes},
		{"the group changes", userInGroup, group, change, yes},
		{"anybody looks", anyUser, "", look, no},
		{"anybody changes", anyUser, "", change, no},
		{"the group of the socket reads the state", userInGroup, group, []string{"cat", dir + "/state/main/state.json"}, no},
		{"anybody reads the state", anyUser, "", []string{"cat", dir + "/state/main/state.json"}, no},
		{"anybody lists the state", anyUser, "", []string{"ls", dir + "/state/main"}, no},
		{"anybody takes the lock", anyUser, "", []string{"flock", "-n", dir + "/state/main/lock", "true"}, no},
		{"anybody reads a zone file", anyUser, "", []string{"cat", zoneFile}, yes},
		{"anybody writes a zone file", anyUser, "", []string{"sh", "-c", "echo >>" + zoneFile}, no},
		{"anybody puts a file beside it", anyUser, "", []string{"touch", dir + "/zones/example.net.zone"}, no},
		{"anybody removes the socket", anyUser, "", []string{"rm", "-f", socket}, no},
		{"the group removes the socket", userInGroup, group, []string{"rm", "-f", socket}, no},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, status := as(t, tt.user, tt.groups, tt.does[0], tt.does[1:]...)
			if (status == 0) != tt.may {
				t.Errorf("it ended with %d, want it to be let: %t\n%s", status, tt.may, out)
			}
			if !tt.may && !strings.Contains(out, "ermission denied") {
				t.Errorf("it says %q, want that the permission is denied", out)
			}
		})
	}
	var last struct{ Changes []control.Change }
	if err := json.Unmarshal([]byte(does(t, 0, socket, "changes", "--format", "json")), &last); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(last.Changes, func(c control.Change) bool { return c.Author != "" })
	if i < 0 || last.Changes[i].Author != "uid "+strconv.Itoa(userInGroup) || last.Changes[i].Claimed != "root" {
		t.Errorf("got these changes, want one by %d who claims to be root: %+v", userInGroup, last.Changes)
	}
}

// Whatever is sent to the status page changes nothing, and is answered to no name but its own.
func TestNothingChangesByTCP(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	page := net.JoinHostPort("127.0.0.1", freePort(t))
	s := startServer(t, st.dir, block(".", st.with("status "+page).directive("main", zone)))
	s.full(2)
	socket := st.path("state/control.sock")
	body := `{"edge":"*","mode":"unavailable","comment":"x","force":true}`
	json := "\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	const host = "\r\nHost: localhost"
	for _, tt := range []struct{ name, request, want string }{
		{"POST", "POST /v1/mode HTTP/1.1" + host + json, "405"},
		{"POST to what may be read", "POST /v1/edges HTTP/1.1" + host + json, "405"},
		{"PUT", "PUT /v1/mode HTTP/1.1" + host + json, "405"},
		{"PATCH", "PATCH /v1/mode HTTP/1.1" + host + json, "405"},
		{"DELETE", "DELETE /v1/freeze HTTP/1.1" + host + "\r\n\r\n", "405"},
		{"OPTIONS", "OPTIONS * HTTP/1.1" + host + "\r\n\r\n", "200|405|400"},
		{"TRACE", "TRACE / HTTP/1.1" + host + "\r\n\r\n", "405"},
		{"CONNECT", "CONNECT 127.0.0.1:80 HTTP/1.1" + host + "\r\n\r\n", "405|421"},
		{"a method of its own", "post /v1/mode HTTP/1.1" + host + json, "405"},
		{"GET with a body", "GET /v1/mode HTTP/1.1" + host + json, "404"},
		{"an override", "GET /v1/mode HTTP/1.1" + host + "\r\nX-HTTP-Method-Override: POST" + json, "404"},
		{"an upgrade", "POST /v1/mode HTTP/1.1" + host + "\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA" + json, "405"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "4..|505"},
		{"two slashes", "POST //v1/mode HTTP/1.1" + host + json, "405"},
		{"a way around", "POST /x/../v1/mode HTTP/1.1" + host + json, "405"},
		{"a request in a request", "GET /healthz HTTP/1.1" + host + "\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST /v1/mode HTTP/1.1" + host + json, "200|400"},
		{"another name", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"},
		{"another name and a port", "GET /v1/edges HTTP/1.1\r\nHost: evil.example:" + strings.Split(page, ":")[1] + "\r\n\r\n", "421"},
		{"another name in the line", "GET http://evil.example/v1/edges HTTP/1.1" + host + "\r\n\r\n", "421"},
		{"no name", "GET / HTTP/1.1\r\n\r\n", "400"},
		{"two names", "GET / HTTP/1.1" + host + host + "\r\n\r\n", "400"},
		{"a file", "GET /../../../../etc/passwd HTTP/1.1" + host + "\r\n\r\n", "301|307|404"},
		{"a file in another coding", "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1" + host + "\r\n\r\n", "301|307|404"},
		{"a NUL", "GET /%00 HTTP/1.1" + host + "\r\n\r\n", "404"},
		{"a script", "GET /?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1" + host + "\r\n\r\n", "200"},
		{"a long line", "GET /" + strings.Repeat("x", 3000) + " HTTP/1.1" + host + "\r\n\r\n", "414"},
		{"a large head", "GET / HTTP/1.1" + host + "\r\nX: " + strings.Repeat("x", 1<<17) + "\r\n\r\n", "431"},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer := exchangeRaw(t, page, tt.request)
			if !regexp.MustCompile(`^HTTP/1\.[01] (` + tt.want + `) `).MatchString(answer) {
				t.Errorf("got %.200q, want status %s", answer, tt.want)
			}
			if strings.Contains(answer, "root:") || strings.Contains(answer, "<script>alert") || strings.Contains(answer, "unavailable\"}") {
				t.Errorf("got %q", answer)
			}
		})
	}
	if out := does(t, 0, socket, "edges", "--mode", "unavailable", "--format", "csv"); strings.Contains(out, "edge1") {
		t.Errorf("a mode was set:\n%s", out)
	}
	if lines := s.lines("mode of"); len(lines) > 0 {
		t.Errorf("a mode was set: %q", lines)
	}
}

// exchangeRaw sends bytes to a server and returns all that it answers before it ends the connection, or for a moment.
func exchangeRaw(t *testing.T, addr, request string) string {
	t.Helper()
	network := "tcp"
	if strings.HasPrefix(addr, "/") {
		network = "unix"
	}
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	_, err = c.Write([]byte(request)) // it may be refused before all of it is sent
	if err == nil {
		err = c.(interface{ CloseWrite() error }).CloseWrite()
	}
	answer, reading := io.ReadAll(c)
	if len(answer) == 0 {
		t.Fatalf("no answer: %v, %v", err, reading)
	}
	return string(answer)
}
