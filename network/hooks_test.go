package network

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// One decision is one event, whatever it changes; one that changes nothing is none.
func TestHooks(t *testing.T) {
	inHooks(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site, l *listener) {
		s.canaries("# none")
		s.start()
		s.equal("before the first decision", lines(l.take(newsKinds...)), []string(nil))
		s.round()
		s.equal("the first decision", lines(l.take(newsKinds...)), []string{"change; ipv4 >a,b; none>full; serial"})
		freeze := func(c FreezeChange) {
			c.Author, c.Comment = "tester", "upstream moves"
			if _, err := s.SetFreeze(context.Background(), c); err != nil {
				t.Fatal(err)
			}
		}
		steps := []struct {
			name string
			do   func()
			want []string
		}{
			{"time", func() {}, nil},
			{"an edge dies", func() { s.prober.set(dead, "192.0.2.1") }, []string{"change; ipv4 a,b>b,c; serial"}},
			{"another one: set and rung at once", func() { s.prober.set(dead, "192.0.2.2") }, []string{"change; ipv4 b,c>c; full>short; serial"}},
			{"time again", func() {}, nil},
			{"a mode that changes nothing", func() { s.mode("a", selector.Unavailable) }, []string{"mode; a available>unavailable"}},
			{"a mode that changes the set", func() { s.mode("b", selector.BlindForce) },
				[]string{"change; ipv4 c>b,c; short>full; b available>blindforce; serial"}},
			{"an edit", func() { s.include("example.org", mx(11)) }, []string{"zones; example.org."}},
			{"a touch", func() { s.include("example.org", "; touched\n"+mx(11)) }, nil},
			{"a canary", func() { s.canaries("example.org: 192.0.2.9") }, []string{"change; example.org. 192.0.2.9 true; example.org."}},
			{"no canary", func() { s.canaries("# none") }, []string{"change; example.org. 192.0.2.9 false; example.org."}},
			{"a freeze", func() { freeze(FreezeChange{Frozen: true}) }, []string{"freeze; frozen true upstream moves"}},
			{"an edge that dies in it", func() { s.prober.set(dead, "192.0.2.3") }, []string{"rung; full>short"}},
			{"and comes back", func() { s.prober.set(behaviour{took: fast}, "192.0.2.3") }, []string{"rung; short>full"}},
			{"the end of the freeze", func() { freeze(FreezeChange{}) }, []string{"freeze; frozen false upstream moves"}},
		}
		for _, step := range steps {
			step.do()
			s.round()
			s.equal(step.name, lines(l.take(newsKinds...)), step.want)
		}
		s.equal("told before it was published", l.early, "")
	})
}

// An event shows why, and how things are also where nothing changed.
func TestHookEvent(t *testing.T) {
	inHooks(t, nil, func(s *site, l *listener) {
		s.edges("a 192.0.2.1 2001:db8::1", "b 192.0.2.2 2001:db8::2", "c 192.0.2.3")
		s.config.Families = config.Both
		s.config.EdgeCount = 1
		s.start()
		s.round()
		l.take()
		before := s.Snapshot().Serial
		s.prober.set(dead, "192.0.2.1")
		s.round()
		events := l.take(hooks.Changed)
		if len(events) != 1 {
			t.Fatalf("got %v, want one event", lines(events))
		}
		e := events[0]
		s.equal("serials", []uint32{e.SerialBefore, e.Serial}, []uint32{before, s.Snapshot().Serial})
		s.equal("time", e.At, s.family(IPv4).Since)
		for i := range e.Families {
			for _, moves := range [][]hooks.Move{e.Families[i].Left, e.Families[i].Entered} {
				for j := range moves {
					moves[j].Reason, _, _ = strings.Cut(moves[j].Reason, ":")
				}
			}
		}
		want := []hooks.Family{
			{Family: "ipv4", Rung: "full", RungBefore: "full", Before: []string{"a"}, After: []string{"b"}, Addresses: []string{"192.0.2.2"},
				Left: []hooks.Move{{Edge: "a", Reason: "refused"}}, Entered: e.Families[0].Entered},
			{Family: "ipv6", Rung: "full", RungBefore: "full", Before: []string{"a"}, After: []string{"a"}, Addresses: []string{"2001:db8::1"}},
		}
		if diff := cmp.Diff(want, e.Families); diff != "" {
			t.Errorf("families (-want +got):\n%s", diff)
		}
		if len(e.Families[0].Entered) != 1 || e.Families[0].Entered[0].Edge != "b" || e.Families[0].Entered[0].Reason == "" {
			t.Errorf("entered: got %v, want b and why", e.Families[0].Entered)
		}
		if !strings.Contains(e.Text, "a left (refused") {
			t.Errorf("text: got %q, want that a left, and why", e.Text)
		}
	})
}

// A family that loses its last edge is told of once; after that, and before it has any, it is no news.
func TestHookFamilyWithoutEdges(t *testing.T) {
	inHooks(t, nil, func(s *site, l *listener) {
		rewrite := s.edgeFile("a 192.0.2.1", "b 192.0.2.2 2001:db8::2")
		s.config.Families = config.Both
		s.start()
		s.round()
		familiesOf := func(events []hooks.Event) (families []string) {
			for _, e := range events {
				for _, f := range e.Families {
					families = append(families, f.Family)
				}
			}
			return families
		}
		s.equal("with both", familiesOf(l.take(hooks.Changed)), []string{"ipv4", "ipv6"})
		rewrite("a 192.0.2.1", "b 192.0.2.2")
		s.round()
		events := l.take(hooks.Changed)
		s.equal("when it loses its last edge", lines(events), []string{"change; ipv6 b>; short>none; serial"})
		s.equal("told of", familiesOf(events), []string{"ipv4", "ipv6"})
		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.equal("afterwards", familiesOf(l.take(hooks.Changed)), []string{"ipv4"})
	})
}
