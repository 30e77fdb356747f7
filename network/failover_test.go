package network

import (
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// A live edge that stops working leaves within interval + timeout + 1 s, whatever the others and the resolver do.
func TestDeadEdgeLeavesInTime(t *testing.T) {
	tests := []struct {
		name  string
		dies  behaviour
		setup func(s *site)
	}{
		{name: "refusing", dies: dead},
		{name: "hanging", dies: hanging},
		{name: "beside an edge that hangs", dies: hanging, setup: func(s *site) { s.prober.set(hanging, "192.0.2.3") }},
		{name: "beside an edge without a name", dies: hanging, setup: func(s *site) {
			s.resolver.set("c.example.net")
			s.resolver.delay("c.example.net", time.Hour)
		}},
		{name: "while its own name takes long to resolve", dies: hanging, setup: func(s *site) {
			s.resolver.delay("a.example.net", time.Hour)
		}},
		{name: "while every name takes long to resolve", dies: hanging, setup: func(s *site) {
			for _, name := range []string{"a", "b", "c"} {
				s.resolver.delay(name+".example.net", time.Hour)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.edges("a.example.net", "b.example.net", "c.example.net", "d.example.net")
				for name, addr := range map[string]string{"a": "192.0.2.1", "b": "192.0.2.2", "c": "192.0.2.3", "d": "192.0.2.4"} {
					s.resolver.set(name+".example.net", addr)
				}
				s.start()
				s.round()
				s.want("with all well", "192.0.2.1 192.0.2.2")
				if tt.setup != nil {
					tt.setup(s)
					s.round()
				}
				s.want("before it dies", "192.0.2.1 192.0.2.2")
				// It dies right after it has passed, which is the worst moment.
				for n := len(s.prober.probes("192.0.2.1")); len(s.prober.probes("192.0.2.1")) == n; {
					s.advance(time.Second / 8)
				}
				s.prober.set(tt.dies, "192.0.2.1")
				s.advance(s.config.Interval + s.config.Timeout + time.Second)
				if got := s.answers(IPv4); got != "192.0.2.2 192.0.2.4" && got != "192.0.2.2 192.0.2.3" {
					t.Errorf("after interval + timeout + 1 s: got %s; %v", got, s.why(IPv4))
				}
			})
		})
	}
}

func TestRecovery(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.prober.set(behaviour{took: time.Millisecond}, "192.0.2.1")
		s.start()
		s.round()
		s.want("at first", "192.0.2.1 192.0.2.2")

		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.want("after the fastest died", "192.0.2.2 192.0.2.3")
		serial := s.Snapshot().Serial

		s.prober.set(behaviour{took: time.Millisecond}, "192.0.2.1")
		for range 10 {
			s.round()
		}
		s.want("after the fastest came back", "192.0.2.2 192.0.2.3")
		s.equal("serial", s.Snapshot().Serial, serial)
	})
}

func TestAllDead(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.MinLive = 2
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.round()
		serial := s.Snapshot().Serial
		s.prober.set(dead, "192.0.2.1", "192.0.2.2")
		s.round()
		s.want("with all dead", "192.0.2.1 192.0.2.2")
		s.wantRung("with all dead", selector.Hold)
		s.equal("told", heard[RungChanged](s.told)[1:], []RungChanged{{
			Family: IPv4, Before: selector.Full, After: selector.Hold, Text: "too few edges pass: the last live ones are held",
		}})

		s.prober.set(behaviour{took: fast}, "192.0.2.1", "192.0.2.2")
		s.round()
		s.want("with all back", "192.0.2.1 192.0.2.2")
		s.wantRung("with all back", selector.Full)
		s.equal("serial", s.Snapshot().Serial, serial)
	})
}

// Trouble of the prober's own machine withdraws nobody, and is shown.
func TestLocalFaults(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		samples := s.edge("a").Samples
		s.prober.set(behaviour{outcome: prober.Local}, "192.0.2.1", "192.0.2.2")
		for range 5 {
			s.round()
		}
		s.want("during the trouble", "192.0.2.1 192.0.2.2")
		s.wantRung("during the trouble", selector.Full)
		s.equal("samples", s.edge("a").Samples, samples)
		s.equal("outcome", s.edge("a").Outcome, prober.Local)
		told := 0
		for _, w := range heard[Warning](s.told) {
			if strings.Contains(w.Text, "a reason of this host's own") {
				told++
			}
		}
		s.equal("warnings in five rounds", told, 1)
	})
}

func TestOneEdgesPanicIsItsOwn(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.prober.set(behaviour{outcome: prober.Internal}, "192.0.2.1")
		s.round()
		s.want("after the panic", "192.0.2.2 192.0.2.3")
	})
}

func TestFallAndRise(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Fall, s.config.Rise = 3, 2
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		n := len(s.prober.probes("192.0.2.1"))
		s.prober.set(dead, "192.0.2.1")
		s.advance(time.Minute + 2*10*time.Second + time.Second)
		s.want("after three failures", "192.0.2.2 192.0.2.3")
		probes := s.prober.probes("192.0.2.1")[n:]
		if len(probes) < 3 {
			t.Fatalf("got %d probes, want 3", len(probes))
		}
		for i := range 2 {
			if gap := probes[i+1].Sub(probes[i]); gap > 10*time.Second+10*time.Millisecond {
				t.Errorf("got %s between failure %d and the next probe, want a sixth of the interval", gap, i+1)
			}
		}
		if gap := s.gapAfter("192.0.2.1"); gap < 30*time.Second {
			t.Errorf("got %s between probes of an edge that has failed for good, want the interval", gap)
		}
		s.prober.set(behaviour{took: fast}, "192.0.2.1")
		s.round()
		s.equal("grade after two successes", s.edge("a").Grade.String(), "pass_threshold")
	})
}

// gapAfter lets two rounds pass and returns the time between the last two probes.
func (s *site) gapAfter(addr string) time.Duration {
	s.round()
	s.round()
	probes := s.prober.probes(addr)
	return probes[len(probes)-1].Sub(probes[len(probes)-2])
}

func TestReasons(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4", "e 192.0.2.5")
		s.prober.set(dead, "192.0.2.4")
		s.start()
		s.round()
		s.mode("e", selector.Unavailable)
		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.equal("rules", rulesOf(s), []string{"not_passing", "kept", "kept", "not_passing", "unavailable"})
		changes := heard[SetChanged](s.told)
		last := changes[len(changes)-1]
		s.equal("reasons", last.Reasons, map[string]int{"failed": 1, "filled": 1})
		s.equal("text", last.Text, "a left (refused: told to be refused), c entered (live: filled, pass_threshold, average 0.100s, in place of a)")
	})
}

func rulesOf(s *site) (rules []string) {
	for _, e := range s.family(IPv4).Edges {
		rules = append(rules, e.Verdict.Rule.String())
	}
	return rules
}

func TestTooManyForced(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		for _, name := range []string{"a", "b", "c"} {
			s.mode(name, selector.BlindForce)
		}
		s.round()
		s.round()
		s.want("with more forced than wanted", "192.0.2.1 192.0.2.2 192.0.2.3")
		s.equal("warnings", heard[Warning](s.told), []Warning{{"ipv4: 3 edges are forced though edge_count is 2: all of them are live"}})
	})
}

// The budget holds changes back that are not needed, tells of it once, and lets them happen when it allows.
func TestBudget(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.MaxChanges, s.config.MaxChangesPer = 1, 30*time.Minute
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.start()
		s.round()
		slow := behaviour{took: 5 * time.Second}
		s.prober.set(slow, "192.0.2.1", "192.0.2.2")
		s.advance(10 * time.Minute)
		if got := s.answers(IPv4); got != "192.0.2.1 192.0.2.3" && got != "192.0.2.2 192.0.2.3" {
			t.Errorf("after one change: got %s", got)
		}
		s.equal("held", s.family(IPv4).Held, 1)
		s.equal("told", heard[Held](s.told), []Held{{IPv4, 1}})
		s.advance(25 * time.Minute)
		s.want("after the second change", "192.0.2.3 192.0.2.4")
		s.equal("held", s.family(IPv4).Held, 0)
	})
}
