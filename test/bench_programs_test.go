//go:build e2e && bench

package test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

func init() { packages["gdnsd"] = "gdnsd" }

// nameServer is another program that answers from zone files, as Debian packages it, with as many threads for queries over
// UDP as the machine has processors: two, where the figures of the documentation come from.
type nameServer struct {
	name, program string
	args          []string
	// configure writes the configuration for zones, which all have the content of one file.
	configure func(dir, port, content string, zones []string) (path, text string)
}

var nameServers = []nameServer{
	{"BIND", "named", []string{"-g", "-n", "2", "-c"}, func(dir, port, content string, zones []string) (string, string) {
		return "named.conf", fmt.Sprintf(`options { directory %q; pid-file none; session-keyfile none; listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; minimal-responses yes; notify no; };
controls { };
`, dir, port) + repeat(zones, `zone "%s" { type primary; file "`+content+`"; };`+"\n")
	}},
	{"NSD", "nsd", []string{"-d", "-c"}, func(dir, port, content string, zones []string) (string, string) {
		return "nsd.conf", strings.NewReplacer("DIR", dir, "PORT", port).Replace(`server:
    ip-address: 127.0.0.1@PORT
    server-count: 2
    reuseport: yes
    minimal-responses: yes
    rrl-ratelimit: 0
    username: ""
    zonesdir: "DIR"
    database: ""
    pidfile: ""
    xfrdfile: "DIR/xfrd.state"
    xfrdir: "DIR"
    zonelistfile: "DIR/zone.list"
remote-control:
    control-enable: no
`) + repeat(zones, "zone:\n    name: %s\n    zonefile: "+content+"\n")
	}},
	{"Knot", "knotd", []string{"-c"}, func(dir, port, content string, zones []string) (string, string) {
		return "knot.conf", strings.NewReplacer("DIR", dir, "PORT", port, "CONTENT", content).Replace(`server:
    listen: 127.0.0.1@PORT
    rundir: DIR
    udp-workers: 2
    tcp-workers: 1
database:
    storage: DIR
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: DIR
    file: CONTENT
    zonefile-sync: -1
    journal-content: none
zone:
`) + repeat(zones, "  - domain: %s\n")
	}},
	{"gdnsd", "gdnsd", []string{"-c"}, func(dir, port, content string, zones []string) (string, string) {
		return "config", gdnsdOptions(dir, port)
	}},
}

func repeat(zones []string, format string) string {
	var b strings.Builder
	for _, z := range zones {
		fmt.Fprintf(&b, format, z)
	}
	return b.String()
}

func gdnsdOptions(dir, port string) string {
	return fmt.Sprintf("options => {\n  listen => 127.0.0.1, dns_port => %s, udp_threads => 2, tcp_threads => 1,\n  run_dir => %q, state_dir => %q\n}\n",
		port, filepath.Join(dir, "run"), filepath.Join(dir, "state"))
}

// daemon is another program that runs until the test ends.
type daemon struct {
	addr string
	pid  int
}

// run starts the program for zones that all have one content, and waits until the last of them is answered.
func (n nameServer) run(t testing.TB, content string, zones []string) daemon {
	t.Helper()
	dir, port := t.TempDir(), freePort(t)
	file := write(t, dir, "content", content)
	name, text := n.configure(dir, port, file, zones)
	config := write(t, dir, name, text)
	if n.program == "gdnsd" {
		config = dir
		for _, z := range zones {
			write(t, dir, "zones/"+z, content)
		}
	}
	d := startDaemon(t, dir, port, n.program, append(n.args, config)...)
	eventually(t, patience, n.name+" to answer", func() bool {
		m, err := lookup(d.addr, zones[len(zones)-1]+".", dns.TypeA)
		return err == nil && m.Rcode == dns.RcodeSuccess && len(m.Answer) > 0
	})
	return d
}

// write writes a file of a directory, and makes what is missing on the way.
func write(t testing.TB, dir, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// startDaemon starts a program whose processes are ended together when the test ends.
func startDaemon(t testing.TB, dir, port, program string, args ...string) daemon {
	t.Helper()
	if program == "gdnsd" {
		args = append(args, "start")
		for _, sub := range []string{"run", "state"} {
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(need(t, program), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		kill := time.AfterFunc(patience, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		defer kill.Stop()
		cmd.Process.Signal(syscall.SIGTERM)
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s", program, log.String())
		}
	})
	return daemon{addr: net.JoinHostPort("127.0.0.1", port), pid: cmd.Process.Pid}
}
