package network

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// An edge that was taken out stays out, whatever comes together with it.
func TestUnavailableIsAbsolute(t *testing.T) {
	tests := []struct {
		name string
		run  func(s *site)
		want string
	}{
		{"the last generation of the state is damaged", func(s *site) {
			s.mode("a", selector.Unavailable)
			synctest.Wait()
			s.stop()
			writeFile(s, filepath.Join(stateDir(s.config), "state.json"), "damaged")
			s.start()
			s.want("at the start", "192.0.2.2 192.0.2.3")
		}, "192.0.2.2 192.0.2.3"},
		{"killed right after the answer", func(s *site) {
			if applied := s.mode("a", selector.Unavailable); !applied.Saved {
				s.Fatalf("it is not saved: %s", applied.NotSaved)
			}
			s.restart()
		}, "192.0.2.2 192.0.2.3"},
		{"set for a while, then for good", func(s *site) {
			s.modeFor("a", time.Hour)
			s.mode("a", selector.Unavailable)
			s.equal("expires", s.Status().Modes["a"].Expires.IsZero(), true)
			s.advance(2 * time.Hour)
		}, "192.0.2.2 192.0.2.3"},
		{"set for good as it runs out", func(s *site) {
			s.modeFor("a", time.Hour)
			s.advance(time.Hour - time.Nanosecond)
			<-time.After(time.Nanosecond) // the timer of the network and this goroutine are due at once
			s.mode("a", selector.Unavailable)
			s.advance(2 * time.Hour)
		}, "192.0.2.2 192.0.2.3"},
		{"set in the middle of its probe", func(s *site) {
			s.prober.set(behaviour{took: 5 * time.Second}, "192.0.2.1")
			for begun := len(s.prober.probes("192.0.2.1")); len(s.prober.probes("192.0.2.1")) == begun; {
				s.advance(time.Second)
			}
			s.mode("a", selector.Unavailable)
		}, "192.0.2.2 192.0.2.3"},
		{"its name is taken off the list and comes back", func(s *site) {
			s.mode("a", selector.Unavailable)
			s.edges("b 192.0.2.2", "c 192.0.2.3")
			s.reload(same)
			s.round()
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
			s.reload(same)
		}, "192.0.2.2 192.0.2.3"},
		{"a name that resolves to its address", func(s *site) {
			s.mode("a", selector.Unavailable)
			s.resolver.set("d.example.net", "192.0.2.1")
			s.edges("d.example.net", "a 192.0.2.1", "b 192.0.2.2")
			s.reload(same)
		}, "192.0.2.2"},
		{"the clock goes back over a restart", func(s *site) {
			s.modeFor("a", 3*time.Hour)
			s.stop()
			s.step -= time.Hour
			s.start()
			s.advance(3*time.Hour + 30*time.Minute)
		}, "192.0.2.2 192.0.2.3"},
		{"the clock goes ahead over a restart, not beyond the end", func(s *site) {
			s.modeFor("a", 3*time.Hour)
			s.stop()
			s.step += time.Hour
			s.start()
			s.advance(time.Hour + 30*time.Minute)
		}, "192.0.2.2 192.0.2.3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2")
				tt.run(s)
				s.round()
				s.equal("mode", s.Status().Modes["a"].Mode, selector.Unavailable)
				s.want("at last", tt.want)
			})
		})
	}
}

// A mode set a second time to the same is recorded with who says it now, and why.
func TestModeIsSetAgain(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.round()
		s.mode("a", selector.Unavailable)
		applied, err := s.SetMode(context.Background(), ModeChange{Edge: "a", Mode: selector.Unavailable, Comment: "still", Author: "other"})
		if err != nil {
			t.Fatal(err)
		}
		s.equal("before", applied.Edges[0].Before.Comment, "for the test")
		s.equal("after", s.Status().Modes["a"], applied.Edges[0].After)
		last := s.Changes(1)[0]
		s.equal("recorded", []string{last.Kind, last.Edge, last.Author, last.Comment}, []string{"mode", "a", "other", "still"})
	})
}

// A context that ends while the disk is awaited does not undo the change, and one that ended before makes none.
func TestContextOfAChange(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.round()
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for range 20 { // the network may be quicker than the context
			applied, err := s.SetMode(ended, ModeChange{Edge: "a", Mode: selector.Unavailable, Comment: "x"})
			_, set := s.Status().Modes["a"]
			switch {
			case err == nil && (!set || applied.Saved):
				t.Fatalf("got no error, mode set %t, saved %t", set, applied.Saved)
			case err != nil && (set || !errors.Is(err, context.Canceled)):
				t.Fatalf("got %v, mode set %t", err, set)
			}
			s.mode("a", selector.Available)
		}
	})
}

// Changes, freezes and previews of many operators at once are taken one by one: what each was told is what came.
func TestManyOperatorsAtOnce(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		var all sync.WaitGroup
		for i := range 10 {
			ask := func(f func() error) {
				all.Go(func() {
					if err := f(); err != nil {
						t.Error(err)
					}
				})
			}
			ask(func() error {
				_, err := s.SetMode(context.Background(), ModeChange{Edge: fmt.Sprintf("x%d", i), Mode: selector.Unavailable, Comment: "x"})
				return err
			})
			ask(func() error {
				_, err := s.SetFreeze(context.Background(), FreezeChange{Frozen: i%2 == 0, Comment: "x", Author: "x"})
				return err
			})
			ask(func() error {
				_, err := s.SetMode(context.Background(), ModeChange{Edge: "*", Mode: selector.Unavailable, Preview: true})
				return err
			})
		}
		all.Wait()
		s.equal("modes", len(s.Status().Modes), 10)
		s.thaw()
		s.want("in the end", "192.0.2.1 192.0.2.2")
		s.restart()
		s.equal("modes after a restart", len(s.Status().Modes), 10)
	})
}
