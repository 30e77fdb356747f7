//go:build e2e

package test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Two processes on one state would each undo what the other decided: the second is refused, and says by which file.
func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	first := startServer(t, st.dir, block("example.org", st.directive("main")))
	live := first.full(2)
	second := newServer(t, t.TempDir(), block("example.org", st.directive("main")))
	second.start()
	eventually(t, patience, "the second process to end", func() bool { return !second.running() })
	if second.cmd.ProcessState.Success() {
		t.Error("the second process ended without an error")
	}
	if lock := st.path("state/main/lock"); !strings.Contains(second.log(), lock) {
		t.Errorf("the second process does not name %s:\n%s", lock, second.log())
	}
	if got := first.apex(); !slices.Equal(got, live) {
		t.Errorf("the first process answers %v, want %v", got, live)
	}
}

// Trouble with the disk never stops answers or probes: it is said once, counted, and over when the disk is well.
func TestDiskTrouble(t *testing.T) {
	for _, tt := range []struct {
		name, breaks, mends string
		crash               bool // the server is started on the broken disk
	}{
		// The kernel makes no disk read-only that somebody writes.
		{"read-only", "mount -o remount,ro STATE", "mount -o remount,rw STATE", true},
		{"full", "dd if=/dev/zero of=STATE/filler bs=4k 2>/dev/null || true", "rm STATE/filler", false},
		{"full at the start", "dd if=/dev/zero of=STATE/filler bs=4k 2>/dev/null || true", "rm STATE/filler", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 4)
			state := st.path("state")
			if err := os.Mkdir(state, 0o755); err != nil {
				t.Fatal(err)
			}
			ns := newNamespace(t, false, "mount -t tmpfs -o size=1m none "+state)
			metricsAt := "127.0.0.1:" + freePort(t)
			s := newServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
			s.in = ns
			s.start()
			s.awaitAnswers()
			w := watch(t, s)
			live := s.full(2)

			if tt.crash {
				s.kill()
			}
			ns.sh(strings.ReplaceAll(tt.breaks, "STATE", state))
			if tt.crash {
				s.start()
				if first, _ := s.firstAnswer(patience); !slices.Equal(first, live) {
					t.Fatalf("after a crash and with a disk that is %s it answers %v, want %v", tt.name, first, live)
				}
			}
			for i, addr := range live {
				st.at(addr).set(t, serverError)
				t.Logf("with a disk that is %s an edge left after %s, bound %s", tt.name, s.leaves(10*swapBound, addr), swapBound)
				s.full(2)
				if i == 0 {
					st.at(addr).set(t, healthy)
				}
			}
			sees(t, patience, "the trouble to be counted", func() float64 {
				v, _ := metric(t, metricsAt, "state_errors_total")
				return v
			}, func(v float64) bool { return v > 0 })
			if n := len(s.lines("writing the state:")); n != 1 {
				t.Errorf("the trouble was logged %d times, want once", n)
			}

			ns.sh(strings.ReplaceAll(tt.mends, "STATE", state))
			s.awaitLine("the state is written again")
			w.check()
			before := shown{s.serial(), s.apex()}
			s.kill()
			s.start()
			first, _ := s.firstAnswer(patience)
			if now := s.serial(); !slices.Equal(first, before.set) || now < before.serial {
				t.Errorf("after a crash it answers %v and serial %d, want %v and %d", first, now, before.set, before.serial)
			}
		})
	}
}

// A state directory that is taken away while the server runs is made anew.
func TestStateRemoved(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	live := s.full(2)
	if err := os.RemoveAll(st.path("state")); err != nil {
		t.Fatal(err)
	}
	st.at(live[0]).set(t, refusing)
	s.leaves(10*swapBound, live[0])
	set, serial := s.full(2), s.serial()
	eventually(t, patience, "the state to be there again", func() bool {
		b, err := os.ReadFile(st.path("state/main/state.json"))
		return err == nil && strings.Contains(string(b), st.at(set[0]).name) && strings.Contains(string(b), st.at(set[1]).name)
	})
	st.all(refusing)
	s.kill()
	s.start()
	first, _ := s.firstAnswer(patience)
	if now := s.serial(); !slices.Equal(first, set) || now != serial {
		t.Errorf("after a crash it answers %v and serial %d, want %v and %d", first, now, set, serial)
	}
}
