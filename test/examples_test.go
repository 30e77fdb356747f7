//go:build e2e

package test

import (
	"os"
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

// The Corefile of the examples starts as it is, on a machine with its address.
func TestExampleCorefile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	provide(t, dir, nil)
	s := newServer(t, dir, readFile(t, "../examples/Corefile"))
	s.in = newNamespace(t, true, "mount -t tmpfs none /var/lib && ip addr add 192.0.2.1/32 dev lo")
	s.start()
	eventually(t, patience, "the server to have started", func() bool {
		if !s.running() {
			t.Fatalf("the server ended: %v\n%s", s.cmd.ProcessState, s.log())
		}
		return len(s.lines("CoreDNS-")) > 0
	})
	for _, line := range s.lines("[ERROR]") {
		t.Errorf("the server says: %s", line)
	}
	if got, want := s.in.sh("stat -c %a /var/lib/edgemanage/control.sock"), "660\n"; got != want {
		t.Errorf("the mode of the control socket is %q, want %q", got, want)
	}
	s.stop()
}
