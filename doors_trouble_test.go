package edgemanage

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// TestDoorsRefused: what keeps a server from starting, or from taking up another Corefile, names the property's line, and
// is no half of a success: nothing is open afterwards that was not before.
func TestDoorsRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, s *site) (fault string, at int)
	}{
		{"status address taken", func(t *testing.T, s *site) (string, int) {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { taken.Close() })
			s.b = "status " + taken.Addr().String()
			return "address already in use", s.line(s.b)
		}},
		{"socket of another process", func(t *testing.T, s *site) (string, int) {
			path := s.path("held.sock")
			l, err := control.Listen(path, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			s.b = "control " + path
			return control.ErrLive.Error(), s.line(s.b)
		}},
		{"a file in the socket's place", func(t *testing.T, s *site) (string, int) {
			path := s.path("file")
			if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			s.b = "control " + path
			return "left alone", s.line(s.b)
		}},
		{"no directory for the socket", func(t *testing.T, s *site) (string, int) {
			s.b = "control " + s.path("none/control.sock")
			return "no such file or directory", s.line(s.b)
		}},
		{"unknown group", func(t *testing.T, s *site) (string, int) {
			s.b = "control " + s.path("b.sock") + " no-such-group"
			return `finding group "no-such-group"`, s.line(s.b)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.a = "control " + s.path("a.sock")
			good := s.String()
			fault, at := test.spoil(t, s)
			want := fmt.Sprintf("Corefile:%d: ", at)

			t.Run("start", func(t *testing.T) {
				_, err := caddy.Start(input("Corefile", s.String()))
				if err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q at %s", err, fault, want)
				}
				if got := seen(t, s.path("a.sock")); got[s.path("a.sock")] != "closed" {
					t.Errorf("got %v after a start that failed", got)
				}
			})
			t.Run("reload", func(t *testing.T) {
				server := serve(t, good)
				first := dial(t, s.path("a.sock"))
				if got := shown(t, first); got != "a" {
					t.Fatalf("got %q before", got)
				}
				s.generation = 2
				err := server.reload(s.String())
				if err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q at %s", err, fault, want)
				}
				if got := shown(t, first); got != "a" {
					t.Errorf("got %q on the connection that was there", got)
				}
				if got := active.Load().networks["a"].Config().Headers[0].Value; got != "a1" {
					t.Errorf("the engine of %s runs, want that of a1", got)
				}
				s.farm.awaitProbes(t, 0, "a1")
			})
		})
	}
}

// TestDoorInItsOwnWay: the page cannot move to another name of its own address without an interruption. That it is this
// server that has the address must be said: nobody would look for it here.
func TestDoorInItsOwnWay(t *testing.T) {
	s := newSite(t)
	page := freeAddress(t)
	_, port, _ := net.SplitHostPort(page)
	s.a = "status " + page
	server := serve(t, s.String())
	s.a = "status localhost:" + port
	err := server.reload(s.String())
	if err == nil || !strings.Contains(err.Error(), "maybe by this server's page at "+page+": expected another port, or a restart") {
		t.Errorf("got %v", err)
	}
	if got := seen(t, page); got[page] != "a" {
		t.Errorf("got %v after the reload", got)
	}
}

// TestDefaultSocketInTrouble: answers are worth more than the socket in the state directory, which comes when it can.
func TestDefaultSocketInTrouble(t *testing.T) {
	retryEvery(t, 10*time.Millisecond)
	s := newSite(t)
	path := filepath.Join(s.state, "control.sock")
	if err := os.MkdirAll(path, 0o700); err != nil { // a directory where it should be
		t.Fatal(err)
	}
	server := serve(t, s.String())
	if got := seen(t, path); got[path] != "closed" {
		t.Fatalf("got %v", got)
	}
	if err := server.reload(s.String()); err != nil {
		t.Errorf("reloading: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(t, "the socket", func() bool { return seen(t, path)[path] == "a b" })

	// Said expressly it must work, at a reload as at a start.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	await(t, "the socket again", func() bool { return seen(t, path)[path] == "a b" })
}

// TestStaleSocket: a process that was killed left its socket, and nobody answers there.
func TestStaleSocket(t *testing.T) {
	s := newSite(t)
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.state, "control.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	serve(t, s.String())
	if got := seen(t, path); got[path] != "a b" {
		t.Errorf("got %v", got)
	}
}
