package network

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// explained is each explanation as "name (family): verdict | needs", live edges without needs left out.
func (s *site) explained(pattern string) (lines []string) {
	s.Helper()
	all, err := s.Explain(context.Background(), pattern)
	if err != nil {
		s.Fatal(err)
	}
	for _, x := range all {
		if x.Live && x.Needs == "" {
			continue
		}
		line := fmt.Sprintf("%s %s: %s", x.Name, x.Family, x.Needs)
		if x.Displaces != "" && !strings.Contains(x.Needs, "take the place of "+x.Displaces+" (") {
			line += " BUT DISPLACES " + x.Displaces
		}
		lines = append(lines, line)
	}
	return lines
}

func TestExplain(t *testing.T) {
	slow := behaviour{took: 900 * time.Millisecond}
	three := func(s *site) { s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3") }
	tests := []struct {
		name  string
		setup func(s *site) // before the start
		then  func(s *site) // after the first round
		want  []string
	}{
		{"as good as the live ones", nil, nil, []string{
			"c ipv4: all live edges grade as well as it could; enters when one of them gets worse or is withdrawn, or by mode force"}},
		{"a live edge is slow", func(s *site) { s.prober.set(slow, "192.0.2.2", "192.0.2.3") }, nil, []string{
			"c ipv4: enters when it grades pass_average or better (mean of the last 100 samples under 700ms); " +
				"it would take the place of b (pass, 0.900s)"}},
		{"good enough to stay", func(s *site) {
			s.config.Keep = "pass"
			s.prober.set(slow, "192.0.2.1", "192.0.2.2", "192.0.2.3")
		}, nil, []string{
			"c ipv4: all live edges are good enough to stay (keep pass); enters when one of them gets worse or is withdrawn, or by mode force"}},
		{"failing, and a place is free", func(s *site) { s.prober.set(dead, "192.0.2.2", "192.0.2.3") }, nil, []string{
			"b ipv4: failing (refused): enters when it grades pass or better (a probe that succeeds)",
			"c ipv4: failing (refused): enters when it grades pass or better (a probe that succeeds)"}},
		{"needs several successes", func(s *site) {
			s.config.Rise = 3
			s.prober.set(dead, "192.0.2.3")
			s.prober.set(slow, "192.0.2.2")
		}, nil, []string{
			"c ipv4: failing (refused): enters when it grades pass_average or better " +
				"(mean of the last 100 samples under 700ms after 3 successes in a row); it would take the place of b (pass, 0.900s)"}},
		{"unavailable, with a place free", func(s *site) { s.config.EdgeCount = 3 }, func(s *site) {
			s.mode("c", selector.Unavailable)
		}, []string{"c ipv4: unavailable by tester (for the test): enters when it is available again"}},
		{"unavailable for two hours", func(s *site) { s.prober.set(slow, "192.0.2.3") }, func(s *site) {
			if _, err := s.SetMode(context.Background(), ModeChange{Edge: "a", Mode: selector.Unavailable, Comment: "reboot", Author: "alice", For: 2 * time.Hour}); err != nil {
				s.Fatal(err)
			}
		}, []string{"a ipv4: unavailable by alice until 02:01:11 UTC (reboot): enters when it is available again; " +
			"it would take the place of c (pass, 0.900s)"}},
		{"unavailable, and not needed", nil, func(s *site) { s.mode("c", selector.Unavailable) }, []string{
			"c ipv4: unavailable by tester (for the test): it would not enter if it were available again: " +
				"all live edges grade as well as it could; enters when one of them gets worse or is withdrawn, or by mode force"}},
		{"failing, and not needed", func(s *site) { s.prober.set(dead, "192.0.2.3") }, nil, []string{
			"c ipv4: failing (refused): all live edges grade as well as it could; enters when one of them gets worse or is withdrawn, " +
				"or by mode force once it passes"}},
		{"every place is forced", nil, func(s *site) {
			s.mode("a", selector.Force)
			s.mode("b", selector.Force)
		}, []string{
			"c ipv4: all places are taken by forced edges; enters when one of them gets worse or is withdrawn, or by mode force"}},
		{"waits for the budget", func(s *site) {
			s.config.MaxChanges = 1
			s.prober.set(slow, "192.0.2.1", "192.0.2.2")
			s.prober.set(dead, "192.0.2.3")
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
			s.prober.set(dead, "192.0.2.4")
		}, func(s *site) {
			s.prober.set(behaviour{took: fast}, "192.0.2.3", "192.0.2.4")
			s.round()
		}, []string{
			"a ipv4: gives way to c (pass_threshold, 6.700s) when the budget of 1 changes in 10m has room (at 00:11:22 UTC)",
			"b ipv4: enters when it grades pass_threshold (a probe under 700ms) and the budget of 1 changes in 10m has room (at 00:11:22 UTC); " +
				"it would take the place of a (pass, 0.900s); mode force does not wait for that",
			"c ipv4: enters when the budget of 1 changes in 10m has room (at 00:11:22 UTC); it would take the place of a (pass, 0.900s); " +
				"mode force does not wait for that",
		}},
		{"in no list", nil, func(s *site) { s.mode("ghost", selector.Unavailable) }, []string{
			"c ipv4: all live edges grade as well as it could; enters when one of them gets worse or is withdrawn, or by mode force"}},
		{"a name that never resolved", func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2", "c.example.net")
		}, nil, []string{
			"c.example.net ipv4: no address: enters when its name resolves to one that passes, and a place is free or it does better than a live edge"}},
		{"frozen", func(s *site) { s.prober.set(slow, "192.0.2.2") }, func(s *site) {
			if _, err := s.SetFreeze(context.Background(), FreezeChange{Frozen: true, Comment: "upstream", Author: "bob", For: 48 * time.Hour}); err != nil {
				s.Fatal(err)
			}
			s.prober.set(dead, "192.0.2.1")
			s.round()
		}, []string{
			"a ipv4: leaves when the network is unfrozen",
			"b ipv4: frozen by bob until 2000-01-03 00:01 UTC (upstream): enters when the network is unfrozen; " +
				"it would take the place of a (fail, 5.050s); mode force does not wait for that",
		}},
		{"frozen, and not needed", nil, func(s *site) {
			if _, err := s.SetFreeze(context.Background(), FreezeChange{Frozen: true, Comment: "upstream"}); err != nil {
				s.Fatal(err)
			}
		}, []string{
			"c ipv4: frozen (upstream): it would not enter if the network were unfrozen: all live edges grade as well as it could; " +
				"enters when one of them gets worse or is withdrawn, or by mode force"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				three(s)
				if tt.setup != nil {
					tt.setup(s)
				}
				s.start()
				s.round()
				if tt.then != nil {
					tt.then(s)
				}
				s.equal("explained", s.explained(""), tt.want)
			})
		})
	}
}

// Before the first decision, and while a saved set stands, an edge is not told to do what it has done already.
func TestExplainWaiting(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.config.State = s.TempDir()
		s.config.MinLive = 2
		s.prober.set(hanging, "192.0.2.2", "192.0.2.3")
		s.start()
		s.advance(2 * time.Second)
		s.equal("before the first decision", s.explained("*"), []string{
			"a ipv4: enters when the first decision is taken",
			"b ipv4: no probe yet: enters when the first decision is taken",
			"c ipv4: no probe yet: enters when the first decision is taken and it grades pass or better (a probe that succeeds)",
		})
		s.prober.set(behaviour{took: fast}, "192.0.2.2")
		s.round()
		s.prober.set(hanging, "192.0.2.1")
		s.prober.set(dead, "192.0.2.2")
		s.prober.set(behaviour{took: fast}, "192.0.2.3")
		s.config.MinLive = 1
		s.restart()
		s.advance(2 * time.Second)
		s.equal("while the saved set stands", s.explained("*"), []string{
			"b ipv4: failing (refused): enters when each edge of the saved set has been probed and it grades pass_threshold (a probe under 700ms)",
			"c ipv4: enters when each edge of the saved set has been probed; it would take the place of b (fail, 6.700s)",
		})
	})
}

func TestExplainWhom(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("edge1.example.net 192.0.2.1", "edge2.example.net 192.0.2.2 2001:db8::2", "other.example.net 192.0.2.3")
		s.config.Families = config.Both
		s.canaries("zone.example.org: 192.0.2.9")
		s.zones = []string{"zone.example.org."}
		s.start()
		s.round()
		s.mode("ghost.example.net", selector.Unavailable)
		tests := []struct {
			pattern string
			want    []string
			fault   error
		}{
			{"", []string{"edge1.example.net ipv4", "edge2.example.net ipv4", "other.example.net ipv4", "edge2.example.net ipv6"}, nil},
			{"edge2.example.net", []string{"edge2.example.net ipv4", "edge2.example.net ipv6"}, nil},
			{"EDGE1.example.net.", []string{"edge1.example.net ipv4"}, nil},
			{"edge*", []string{"edge1.example.net ipv4", "edge2.example.net ipv4", "edge2.example.net ipv6"}, nil},
			{"ghost*", []string{"ghost.example.net ipv4"}, nil},
			{"nobody", nil, ErrNoMatch},
			{"nobody*", nil, ErrNoMatch},
			{"192.0.2.9", nil, ErrNoMatch},
			{"edge[", nil, ErrInvalid},
			{"no name", nil, ErrInvalid},
		}
		for _, tt := range tests {
			all, err := s.Explain(context.Background(), tt.pattern)
			if !errors.Is(err, tt.fault) {
				t.Errorf("%q: got error %v, want %v", tt.pattern, err, tt.fault)
			}
			var got []string
			for _, x := range all {
				got = append(got, x.Name+" "+x.Family.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%q: %s", tt.pattern, diff)
			}
		}
		s.memory = s.Stop()
		if _, err := s.Explain(context.Background(), ""); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: got error %v", err)
		}
	})
}

// What is promised comes true: the edge that becomes as good as it needs enters, in the place of whom was named, and one
// that waits for the budget does when it was said to.
func TestExplainComesTrue(t *testing.T) {
	explain := func(s *site, name string) Explanation {
		s.Helper()
		all, err := s.Explain(context.Background(), name)
		if err != nil || len(all) != 1 {
			s.Fatalf("got %v, %v", all, err)
		}
		return all[0]
	}
	inBubble(t, func(s *site) {
		slow := behaviour{took: 900 * time.Millisecond}
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.config.MaxChanges = 1
		s.prober.set(slow, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
		s.start()
		s.round()
		c := explain(s, "c")
		s.equal("the slowest, of those alike the last by name", c.Displaces, "b")
		s.prober.set(behaviour{took: fast}, "192.0.2.3")
		s.round()
		s.prober.set(behaviour{took: fast}, "192.0.2.4")
		s.round()
		s.equal("live", s.family(IPv4).Live, []string{"a", "c"})
		d := explain(s, "d")
		s.equal("next", d.Displaces, "a")
		if d.Verdict.Rule != selector.RuleBudgetWaits || d.Verdict.Numbers == nil || d.Verdict.Numbers.Recent != 1 {
			t.Errorf("got %v, want it to wait for the budget, with its numbers", d.Verdict)
		}
		_, at, _ := strings.Cut(d.Needs, "(at ")
		at, _, _ = strings.Cut(at, " UTC)")
		free, err := time.Parse(time.TimeOnly, at)
		if err != nil {
			t.Fatalf("got needs %q: %v", d.Needs, err)
		}
		now := time.Now().UTC()
		free = time.Date(now.Year(), now.Month(), now.Day(), free.Hour(), free.Minute(), free.Second(), 0, time.UTC)
		s.advance(free.Sub(now) - time.Second)
		s.equal("until then", s.family(IPv4).Live, []string{"a", "c"})
		s.advance(s.config.Interval) // a decision comes with a sample
		s.equal("after it", s.family(IPv4).Live, []string{"c", "d"})
	})
}

// What the rules would come to so far is not told as if it were answered: before the first decision an edge that only has not
// been tried was "live: last resort" while everybody got SERVFAIL.
func TestUndecidedIsSaid(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = s.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
		s.start()
		s.advance(time.Second)
		s.want("at first", "SERVFAIL")
		for _, e := range s.family(IPv4).Edges {
			s.equal(e.Name, e.Verdict.String(), "out: nothing is decided yet, unknown")
		}
		s.prober.set(behaviour{took: fast}, "192.0.2.1", "192.0.2.2", "192.0.2.3")
		s.round()
		s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
		s.restart()
		s.want("from the saved set", "192.0.2.1 192.0.2.2")
		synctest.Wait() // the histories are read
		s.equal("a", s.edge("a").Verdict.String(), "live: of the saved set, pass_threshold, average 5.050s, until its edges have been probed")
		s.equal("c", s.edge("c").Verdict.String(), "out: nothing is decided yet, pass_threshold, average 5.050s")
		s.mode("a", selector.Unavailable)
		s.equal("a taken out", s.edge("a").Verdict.Rule, selector.RuleUnavailable)
	})
}
