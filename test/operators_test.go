//go:build e2e

package test

import (
	"bufio"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// command runs the companion command against a control socket and returns what it printed and its exit status.
func command(t *testing.T, socket string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(edgemanagePath, args...)
	cmd.Env = append(os.Environ(), "EDGEMANAGE_CONTROL="+socket)
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatalf("running edgemanage %v: %v", args, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// does fails the test unless the command exits so; it returns what it printed.
func does(t *testing.T, status int, socket string, args ...string) string {
	t.Helper()
	out, got := command(t, socket, args...)
	if got != status {
		t.Errorf("edgemanage %s: got exit status %d, want %d:\n%s", strings.Join(args, " "), got, status, out)
	}
	return out
}

// Whoever is on call finds the server by its socket whatever has become of it: over a reload with the connection that they
// have, after a crash, and when somebody starts a second server by mistake. What they withdrew stays withdrawn.
func TestOperators(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	page := net.JoinHostPort("127.0.0.1", freePort(t))
	socket := st.path("state/control.sock")
	st.with("status " + page)
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	live := s.full(2)

	if info, err := os.Stat(socket); err != nil || info.Mode() != fs.ModeSocket|0o660 {
		t.Fatalf("got %v, error %v", info, err)
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func() int {
		t.Helper()
		conn.SetDeadline(time.Now().Add(patience))
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/v1/networks", nil)
		if err := r.Write(conn); err != nil {
			t.Fatalf("asking: %v", err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), r)
		if err != nil {
			t.Fatalf("reading the answer: %v", err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	if got := ask(); got != http.StatusOK {
		t.Errorf("got status %d", got)
	}

	gone := st.at(live[0])
	does(t, 0, socket, "mode", gone.name, "unavailable", "--comment", "new disk", "--for", "2h")
	withdrawn := func(when string) {
		t.Helper()
		now := s.full(2)
		for _, addr := range now {
			if addr == live[0] {
				t.Errorf("%s: got %v, want it without %s", when, now, live[0])
			}
		}
	}
	withdrawn("at once")

	s.signal(syscall.SIGUSR1)
	s.awaitLine("[INFO] Reloading complete")
	if got := ask(); got != http.StatusOK {
		t.Errorf("got status %d after the reload", got)
	}
	withdrawn("after a reload")

	t.Run("a second server", func(t *testing.T) {
		second := newSite(t, 1)
		second.with("control " + socket)
		other := newServer(t, second.dir, block("example.net", second.directive("other")))
		other.start()
		eventually(t, patience, "the second server to give up", func() bool { return !other.running() })
		if len(other.lines("Corefile:", ": control: ", control.ErrLive.Error())) != 1 {
			t.Errorf("got this log, want a line that names the property and says who has the socket:\n%s", other.log())
		}
		does(t, 0, socket, "status")
	})

	s.kill()
	if _, err := os.Stat(socket); err != nil {
		t.Errorf("a process that is killed leaves its socket, and this is what is tested here: %v", err)
	}
	does(t, 2, socket, "status")
	s.start()
	s.awaitAnswers()
	withdrawn("after a crash")
	if out := does(t, 0, socket, "explain", gone.name); !strings.Contains(out, "new disk") {
		t.Errorf("got %s\nwant the comment in it", out)
	}
	get, err := http.Get("http://" + page + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	get.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if get.StatusCode != http.StatusOK {
		t.Errorf("got status %d of the page", get.StatusCode)
	}

	s.stop()
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket after the end: got %v, want none", err)
	}
	does(t, 2, socket, "status")
}
