package network

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func (s *site) freezeFor(d time.Duration) Applied {
	s.Helper()
	applied, err := s.SetFreeze(context.Background(), FreezeChange{
		Frozen: true, Comment: "upstream is moving", Author: "tester", Claimed: "alice", For: d,
	})
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

func (s *site) thaw() Applied {
	s.Helper()
	applied, err := s.SetFreeze(context.Background(), FreezeChange{Author: "tester"})
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

// What happens to a frozen network, of which a and b are live, c passes too and d does not, and what it comes to when it is
// thawed.
func TestFrozenNetwork(t *testing.T) {
	const ab = "192.0.2.1 192.0.2.2"
	tests := []struct {
		name           string
		run            func(s *site)
		frozen, thawed string
	}{
		{"an edge dies", func(s *site) {
			s.prober.set(dead, "192.0.2.1")
			s.round()
			s.wantRung("with one of two", selector.Short)
		}, ab, "192.0.2.2 192.0.2.3"},
		{"all of them die", func(s *site) {
			s.prober.set(dead, "192.0.2.1", "192.0.2.2")
			s.round()
			s.wantRung("with none of two", selector.Hold)
		}, ab, "192.0.2.3"},
		{"unavailable", func(s *site) {
			s.mode("a", selector.Unavailable)
			s.want("at once", "192.0.2.2")
		}, "192.0.2.2", "192.0.2.2 192.0.2.3"},
		{"unavailable and available again", func(s *site) {
			s.mode("a", selector.Unavailable)
			s.mode("a", selector.Available)
		}, "192.0.2.2", ab},
		{"unavailable for a while", func(s *site) {
			s.modeFor("a", 10*time.Minute)
			s.advance(20 * time.Minute)
			s.equal("modes", len(s.Status().Modes), 0)
		}, "192.0.2.2", ab},
		// An empty answer is worse than one that moved.
		{"unavailable all of the set", func(s *site) {
			warnings := s.mode("[ab]", selector.Unavailable).Families[0].Warnings
			if got := strings.Join(warnings, "; "); !strings.Contains(got, "no edge of the set is left") {
				s.Errorf("got warnings %q", got)
			}
		}, "192.0.2.3", "192.0.2.3"},
		{"a live edge is forced", func(s *site) { s.mode("a", selector.Force) }, ab, ab},
		{"an edge that fails is blindforced", func(s *site) { s.mode("d", selector.BlindForce) }, "192.0.2.1 192.0.2.4", "192.0.2.1 192.0.2.4"},
		{"an edge that passes is forced", func(s *site) { s.mode("c", selector.Force) }, "192.0.2.1 192.0.2.3", "192.0.2.1 192.0.2.3"},
		{"an edge that fails is forced and passes later", func(s *site) {
			s.mode("d", selector.Force)
			s.prober.set(behaviour{}, "192.0.2.4")
			s.round()
		}, ab, "192.0.2.1 192.0.2.4"},
		{"an edge is taken off the list", func(s *site) {
			s.reload(func(c *config.Network) { c.Sources = c.Sources[1:] })
			s.round()
		}, "192.0.2.2", "192.0.2.2 192.0.2.3"},
		{"an edge is pinned elsewhere", func(s *site) {
			s.edges("a 192.0.2.11", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
			s.reload(same)
			s.round()
		}, "192.0.2.2 192.0.2.11", "192.0.2.2 192.0.2.11"},
		{"a reload", func(s *site) {
			s.prober.set(dead, "192.0.2.1")
			s.reload(func(c *config.Network) { c.EdgeCount = 1 })
			s.round()
		}, ab, "192.0.2.2"},
		{"a restart", func(s *site) {
			s.prober.set(dead, "192.0.2.1")
			s.restart()
			s.want("at the start", ab)
			s.round()
		}, ab, "192.0.2.2 192.0.2.3"},
		{"a restart after an edge left", func(s *site) {
			s.mode("a", selector.Unavailable)
			s.restart()
			s.mode("a", selector.Available)
			s.round()
		}, "192.0.2.2", ab},
		{"a day goes by", func(s *site) {
			s.prober.set(dead, "192.0.2.1")
			s.advance(24 * time.Hour)
		}, ab, "192.0.2.2 192.0.2.3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
				s.prober.set(behaviour{took: 2 * fast}, "192.0.2.2")
				s.prober.set(behaviour{took: 3 * fast}, "192.0.2.3")
				s.prober.set(dead, "192.0.2.4")
				s.start()
				s.round()
				s.want("before", ab)
				applied := s.freezeFor(0)
				s.equal("saved", applied.Saved, true)
				s.want("right after", ab)
				tt.run(s)
				s.want("frozen", tt.frozen)
				s.round()
				s.want("a round later", tt.frozen)
				applied = s.thaw()
				s.want("thawed", tt.thawed)
				o := applied.Families[0]
				s.equal("told to have moved", len(o.Left)+len(o.Entered) > 0, tt.frozen != tt.thawed)
				s.equal("told as after", o.After, s.family(IPv4).Live)
			})
		})
	}
}

// Whoever looks at the network sees that it is frozen, by whom, why and until when.
func TestFreezeShows(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		applied := s.freezeFor(2 * time.Hour)
		until := time.Now().Add(2 * time.Hour).UTC()
		s.equal("before", applied.FreezeBefore, (*Freeze)(nil))
		s.equal("said to who froze it", applied.Families[0].Warnings,
			[]string{"frozen by tester (alice) until " + until.Format(time.RFC3339) + ": upstream is moving"})
		shows := func(when string) {
			s.Helper()
			f := s.Status().Freeze
			if f == nil {
				s.Fatalf("%s: the status does not show the freeze", when)
			}
			s.equal(when, []string{f.Comment, f.Author, f.Claimed}, []string{"upstream is moving", "tester", "alice"})
			s.equal(when+": until", f.Expires.UTC().Equal(until), true)
			// Not once more in each family: it stands above them all.
			s.equal(when+": warnings", len(s.family(IPv4).Warnings), 0)
			s.equal(when+": rung", s.family(IPv4).RungText, "frozen: 2 of the 2 live pass or are forced, 2 are wanted")
		}
		shows("right after")
		s.reload(same)
		shows("after a reload")
		s.restart()
		synctest.Wait() // the histories are read
		shows("after a restart")
		s.equal("c", s.edge("c").Verdict.Rule, selector.RuleCrowded)
		s.equal("a", s.edge("a").Verdict.Rule, selector.RuleFrozen)

		s.advance(2 * time.Hour)
		s.equal("afterwards", s.Status().Freeze, (*Freeze)(nil))
		s.equal("warnings afterwards", len(s.family(IPv4).Warnings), 0)
		s.restart()
		s.equal("after another restart", s.Status().Freeze, (*Freeze)(nil))

		var told []string
		for _, e := range heard[FreezeChanged](s.told) {
			told = append(told, e.Reason())
		}
		s.equal("told", told, []string{"frozen by tester (alice) until " + until.Format(time.RFC3339), "the freeze ran out"})
		var recorded []string
		for _, c := range s.Changes(100) {
			if c.Kind == "freeze" {
				recorded = append(recorded, c.Before[0]+" to "+c.After[0]+": "+c.Comment)
			}
		}
		s.equal("recorded", recorded, []string{"frozen to unfrozen: ", "unfrozen to frozen: upstream is moving"})
	})
}

func TestSetFreezeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change FreezeChange
		kind   error
	}{
		{"no comment", FreezeChange{Frozen: true}, ErrNoComment},
		{"a blank comment", FreezeChange{Frozen: true, Comment: " \n"}, ErrNoComment},
		{"a long comment", FreezeChange{Frozen: true, Comment: strings.Repeat("x", 1001)}, ErrInvalid},
		{"time past", FreezeChange{Frozen: true, Comment: "x", For: -time.Hour}, ErrInvalid},
		{"an end of being unfrozen", FreezeChange{For: time.Hour}, ErrInvalid},
	}
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1")
		s.start()
		for _, tt := range tests {
			if _, err := s.SetFreeze(context.Background(), tt.change); !errors.Is(err, tt.kind) {
				t.Errorf("%s: got %v, want %v", tt.name, err, tt.kind)
			}
		}
		s.equal("frozen", s.Status().Freeze, (*Freeze)(nil))
		s.stop()
		if _, err := s.SetFreeze(context.Background(), FreezeChange{Frozen: true, Comment: "x"}); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: got %v, want ErrStopped", err)
		}
	})
}
