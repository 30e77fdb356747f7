package network

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// told is a change in short.
func told(c state.Change) string {
	parts := []string{c.Kind}
	for _, part := range []string{c.Family, c.Zone, c.Edge} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ") + ": " + strings.Join(c.Before, ",") + ">" + strings.Join(c.After, ",")
}

func (s *site) changed() (lines []string) {
	for _, c := range s.Changes(100) {
		lines = append(lines, told(c))
	}
	return lines
}

func TestChanges(t *testing.T) {
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprintf("state %t", kept), func(t *testing.T) {
			inBubble(t, func(s *site) {
				if kept {
					s.config.State = s.TempDir()
				}
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.zones = []string{"example.org."}
				s.canaries("example.org: 192.0.2.9")
				s.start()
				s.round()
				s.mode("a", selector.Unavailable)
				s.prober.set(dead, "192.0.2.9")
				s.round()
				want := []string{
					"canary ipv4 example.org. 192.0.2.9: in>out",
					"set ipv4: a,b>b,c",
					"mode a: available>unavailable",
					"canary ipv4 example.org. 192.0.2.9: out>in",
					"rung ipv4: none>full",
					"set ipv4: >a,b",
				}
				s.equal("newest first", s.changed(), want)
				s.equal("as many as asked for", len(s.Changes(2)), 2)
				s.equal("none", len(s.Changes(0)), 0)
				for _, c := range s.Changes(100) {
					if c.At.IsZero() || c.Reason == "" {
						t.Errorf("got %+v, want a time and a reason", c)
					}
				}
				if set := s.Changes(2)[1]; set.Serial != s.Snapshot().Serial || set.Rung != "full" {
					t.Errorf("got serial %d, rung %q, want %d, full", set.Serial, set.Rung, s.Snapshot().Serial)
				}

				s.reload(func(c *config.Network) { c.EdgeCount = 1 })
				s.round()
				want = append([]string{"set ipv4: b,c>b"}, want...)
				s.equal("over a reload", s.changed(), want)

				old := s.Network
				s.memory = s.Stop()
				if diff := cmp.Diff(len(want), len(old.Changes(100))); diff != "" {
					t.Errorf("stopped: %s", diff)
				}
				s.stop()
				s.start()
				if !kept {
					want = nil
				}
				s.equal("after a restart", s.changed()[max(0, len(s.changed())-len(want)):], want)
			})
		})
	}
}

// A canary that is taken off its file is gone from answers, which somebody will ask about.
func TestChangesOfCanaryRemoved(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.zones = []string{"example.org."}
		s.canaries("example.org: 192.0.2.9")
		s.start()
		s.round()
		s.canaries("# none")
		s.advance(5 * time.Second)
		last := s.Changes(1)
		s.equal("the last change", told(last[0]), "canary ipv4 example.org. 192.0.2.9: in>out")
		s.equal("its reason", last[0].Reason, "no longer configured")
	})
}

// The newest are kept, however many there were.
func TestChangelog(t *testing.T) {
	const most = 3 * maxChanges
	var older []state.Change
	for i := range maxChanges + 10 {
		older = append(older, state.Change{Kind: "old", Edge: fmt.Sprint(-i)})
	}
	l := newChangelog(older)
	if got := l.last(most); len(got) != maxChanges || got[0].Edge != "0" || got[maxChanges-1].Edge != fmt.Sprint(1-maxChanges) {
		t.Errorf("loaded: got %d changes", len(got))
	}
	for i := range maxChanges + maxChanges/2 {
		l.add(state.Change{Kind: "new", Edge: fmt.Sprint(i)})
		if got := l.last(1)[0].Edge; got != fmt.Sprint(i) {
			t.Fatalf("got newest %s, want %d", got, i)
		}
	}
	got := l.last(most)
	for i, c := range got {
		if want := fmt.Sprint(maxChanges + maxChanges/2 - 1 - i); c.Edge != want {
			t.Fatalf("got %s at %d, want %s", c.Edge, i, want)
		}
	}
	if len(got) != maxChanges || maxChanges < 1000 {
		t.Errorf("got %d kept, want %d, at least 1000", len(got), maxChanges)
	}
}

// Readers and the network go about it at one time.
func TestChangesConcurrently(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		var readers sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		for range 3 {
			readers.Go(func() {
				for ctx.Err() == nil {
					s.Changes(10)
					<-time.After(time.Second)
				}
			})
		}
		for i := range 20 {
			s.mode("a", []selector.Mode{selector.Unavailable, selector.Available}[i%2])
			s.advance(time.Second)
		}
		cancel()
		readers.Wait()
	})
}
