//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The Corefile of the examples starts as it is, on a machine with its address, and as locked up as the unit has it: on
// port 53 with no capability but the one for that, and with a file system that can be written in the state directory only.
func TestExampleCorefile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	provide(t, dir, nil)
	s := newServer(t, dir, readFile(t, "../examples/Corefile"))
	s.path = filepath.Join(dir, "confined")
	confined := fmt.Sprintf("#!/bin/sh\nexec %s --no-new-privs --bounding-set=-all,+net_bind_service --inh-caps=-all,+net_bind_service "+
		"--ambient-caps=-all,+net_bind_service %s \"$@\"\n", need(t, "setpriv"), corednsPath)
	if err := os.WriteFile(s.path, []byte(confined), 0o755); err != nil {
		t.Fatal(err)
	}
	s.addr = "192.0.2.1:53"
	s.in = newNamespace(t, true, "mount -t tmpfs none /var/lib && mkdir -m 750 /var/lib/edgemanage && "+
		"mount -o remount,ro,bind / && ip addr add 192.0.2.1/32 dev lo")
	if got := s.in.sh("touch /probe 2>&1 || true"); !strings.Contains(got, "Read-only") {
		t.Fatalf("the file system can be written: %q", got)
	}
	s.start()
	eventually(t, patience, "the server to have started", func() bool {
		if !s.running() {
			t.Fatalf("the server ended: %v\n%s", s.cmd.ProcessState, s.log())
		}
		return len(s.lines("CoreDNS-")) > 0
	})
	if got, want := s.in.sh("stat -c %a /var/lib/edgemanage/control.sock"), "660\n"; got != want {
		t.Errorf("the mode of the control socket is %q, want %q", got, want)
	}
	// It answers, and what an operator says is saved.
	dig := need(t, "dig") + " @192.0.2.1 +short +time=5 +tries=3 "
	if got := s.in.sh(dig + "mail.example.org A"); got != "192.0.2.80\n" {
		t.Errorf("mail.example.org is %q, want 192.0.2.80", got)
	}
	s.in.sh(edgemanagePath + " mode edge1.example.net unavailable --comment test --for 2h")
	s.in.sh("grep -q unavailable /var/lib/edgemanage/main/state.json")
	for _, line := range s.lines("[ERROR]") {
		t.Errorf("the server says: %s", line)
	}
	s.stop()
	s.in.sh("test ! -e /var/lib/edgemanage/control.sock")
}
