package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestModes(t *testing.T) {
	tests := []struct {
		name string
		run  func(s *site)
		want string
	}{
		{"before the first probe", func(s *site) {
			s.mode("a", selector.Unavailable)
			s.round()
		}, "192.0.2.2 192.0.2.3"},
		{"in any writing of the name", func(s *site) {
			s.round()
			s.mode("A.", selector.Unavailable)
		}, "192.0.2.2 192.0.2.3"},
		{"obeyed when the call returns", func(s *site) {
			s.round()
			s.mode("a", selector.Unavailable)
			s.want("at once", "192.0.2.2 192.0.2.3")
		}, "192.0.2.2 192.0.2.3"},
		{"for an edge that is not configured yet", func(s *site) {
			s.mode("d", selector.BlindForce)
			s.stop()
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
			s.start()
			s.round()
		}, "192.0.2.1 192.0.2.4"},
		{"over a restart", func(s *site) {
			s.round()
			s.mode("a", selector.Unavailable)
			s.restart()
			s.want("at the start", "192.0.2.2 192.0.2.3")
			s.round()
		}, "192.0.2.2 192.0.2.3"},
		{"over a reload", func(s *site) {
			s.round()
			s.mode("a", selector.Unavailable)
			s.reload(same)
			s.round()
		}, "192.0.2.2 192.0.2.3"},
		{"for a while", func(s *site) {
			s.round()
			s.modeFor("a", time.Hour)
			s.advance(time.Hour - time.Minute)
			s.want("before it ends", "192.0.2.2 192.0.2.3")
			s.advance(2 * time.Minute)
			s.prober.set(dead, "192.0.2.2")
			s.round()
			s.equal("told", modesTold(s.told)[1].Reason(), "the mode unavailable ran out")
		}, "192.0.2.1 192.0.2.3"},
		// It ran out while the process was down, and again while it ran: the state must forget it both times.
		{"that runs out while the process is down", func(s *site) {
			s.round()
			s.modeFor("a", time.Hour)
			s.stop()
			s.advance(2 * time.Hour)
			s.prober.set(dead, "192.0.2.2")
			s.start()
			s.equal("modes", len(s.Status().Modes), 0)
			s.restart()
			s.equal("modes that ended", len(modesTold(s.told)), 2)
			s.round()
		}, "192.0.2.1 192.0.2.3"},
		{"that runs out and is followed by a restart", func(s *site) {
			s.round()
			s.modeFor("a", time.Hour)
			s.advance(2 * time.Hour)
			s.restart()
			s.equal("modes that ended", len(modesTold(s.told)), 2)
		}, "192.0.2.2 192.0.2.3"},
		{"unavailable when all fail from the start", func(s *site) {
			s.stop()
			s.config.State = ""
			s.prober.set(dead, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			s.start()
			s.mode("a", selector.Unavailable)
			s.round()
		}, "192.0.2.2 192.0.2.3"},
		{"unavailable on rung hold", func(s *site) {
			s.round()
			s.reload(func(c *config.Network) { c.MinLive = 2 })
			s.prober.set(dead, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			s.mode("a", selector.Unavailable)
			s.round()
			s.wantRung("then", selector.Hold)
		}, "192.0.2.2 192.0.2.3"},
		{"unavailable all of them", func(s *site) {
			s.round()
			for _, name := range []string{"a", "b", "c"} {
				s.mode(name, selector.Unavailable)
			}
		}, "SERVFAIL"},
		{"unavailable while a saved set stands", func(s *site) {
			s.round()
			s.stop()
			s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			s.start()
			s.mode("a", selector.Unavailable)
		}, "192.0.2.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.start()
				tt.run(s)
				s.want("at last", tt.want)
			})
		})
	}
}

func (s *site) modeFor(edge string, d time.Duration) {
	s.Helper()
	if _, err := s.SetMode(context.Background(), ModeChange{
		Edge: edge, Mode: selector.Unavailable, Comment: "for a while", Author: "tester", For: d,
	}); err != nil {
		s.Fatal(err)
	}
}

func TestSetModeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change ModeChange
		want   string
		kind   error
	}{
		{"no edge", ModeChange{Mode: selector.Available}, `setting mode of ""`, ErrInvalid},
		{"what is no name", ModeChange{Edge: "a b", Mode: selector.Available}, `setting mode of "a b"`, ErrInvalid},
		{"no comment", ModeChange{Edge: "a", Mode: selector.Force}, "a comment is required", ErrNoComment},
		{"a blank comment", ModeChange{Edge: "a", Mode: selector.Unavailable, Comment: " "}, "a comment is required", ErrNoComment},
		{"a long comment", ModeChange{Edge: "a", Mode: selector.Force, Comment: strings.Repeat("x", 1001)}, "1001 bytes", ErrInvalid},
		{"time past", ModeChange{Edge: "a", Mode: selector.Force, Comment: "x", For: -1}, "not a time to come", ErrInvalid},
		{"an end of being available", ModeChange{Edge: "a", For: time.Hour}, "available has no end", ErrInvalid},
		{"no mode", ModeChange{Edge: "a", Mode: selector.Unavailable + 1, Comment: "x"}, "invalid mode mode(4)", ErrInvalid},
		{"what is no pattern", ModeChange{Edge: "a[", Mode: selector.Available}, "syntax error in pattern", ErrInvalid},
	}
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1")
		s.start()
		for _, tt := range tests {
			_, err := s.SetMode(context.Background(), tt.change)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: got %v, want an error with %s", tt.name, err, tt.want)
			}
			for _, kind := range []error{ErrInvalid, ErrNoComment, ErrNoMatch, ErrNoCandidate} {
				if got := errors.Is(err, kind); got != (kind == tt.kind) {
					t.Errorf("%s: got that it is %q %t", tt.name, kind, got)
				}
			}
		}
		s.equal("modes", len(s.Status().Modes), 0)
		s.stop()
		if _, err := s.SetMode(context.Background(), ModeChange{Edge: "a"}); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: got %v, want ErrStopped", err)
		}
	})
}

// A mode that cannot be saved is obeyed, said not to be saved, and saved as soon as the disk allows.
func TestModeIsSavedOrNot(t *testing.T) {
	tests := []struct {
		name  string
		state func(t *testing.T) string
		want  bool
		why   string // part of what is said when it is not saved
	}{
		{"a good directory", func(t *testing.T) string { return t.TempDir() }, true, ""},
		{"no directory", func(t *testing.T) string { return "" }, false, "there is no state directory"},
		{"a file in its place", func(t *testing.T) string {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "net"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}, false, "not a directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = tt.state(t)
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.start()
				s.round()
				applied := s.mode("a", selector.Unavailable)
				s.equal("saved", applied.Saved, tt.want)
				if !strings.Contains(applied.NotSaved, tt.why) || tt.want != (applied.NotSaved == "") {
					t.Errorf("got %q, want that it says %q", applied.NotSaved, tt.why)
				}
				s.want("after the mode", "192.0.2.2 192.0.2.3")
				if tt.name != "a file in its place" {
					return
				}
				if s.Status().StateError == "" || s.Status().StateErrors == 0 {
					t.Error("the status shows no trouble with the state")
				}
				if err := os.Remove(filepath.Join(s.config.State, "net")); err != nil {
					t.Fatal(err)
				}
				s.advance(10 * time.Minute)
				s.equal("trouble after the disk is back", s.Status().StateError, "")
				s.restart()
				s.want("after a restart", "192.0.2.2 192.0.2.3")
			})
		})
	}
}

// The modes of many operators at once are all obeyed and all durable.
func TestManyModesAtOnce(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		done := make(chan error)
		for i := range 20 {
			go func() {
				_, err := s.SetMode(context.Background(), ModeChange{
					Edge: fmt.Sprintf("x%d", i), Mode: selector.Force, Comment: "x", Author: "tester",
				})
				done <- err
			}()
		}
		for range 20 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		s.restart()
		s.equal("modes after a restart", len(s.Status().Modes), 20)
	})
}

// Trouble that a mode comes upon is shown at once, not only with the next decision.
func TestModeShowsTrouble(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = s.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		dir := filepath.Join(s.config.State, "net")
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s.equal("trouble before", s.Status().StateError, "")
		s.equal("saved", s.mode("a", selector.Unavailable).Saved, false)
		if s.Status().StateError == "" {
			t.Error("the status shows no trouble with the state")
		}
	})
}
