package network

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// listener hears what hooks are told.
type listener struct {
	mu       sync.Mutex
	events   []hooks.Event
	runs     int
	webhooks int
	made     int
	closed   int
	early    string // an event whose set or zone file was not there yet
	site     *site
}

func (l *listener) Configure(runs []config.Run, webhooks []config.Webhook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs, l.webhooks = len(runs), len(webhooks)
}

func (l *listener) Enqueue(e hooks.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.site.Snapshot(); s == nil || s.Serial != e.Serial {
		l.early = e.Text
	}
	l.events = append(l.events, e)
}

func (l *listener) Finish(context.Context) { l.closed++ }

func (l *listener) Close() { l.closed++ }

// take returns the events of some kinds since the last time, all kinds if none is named.
func (l *listener) take(kinds ...hooks.Kind) (events []hooks.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if len(kinds) == 0 || slices.Contains(kinds, e.Event) {
			events = append(events, e)
		}
	}
	l.events = nil
	return events
}

// newsKinds are the kinds of events that tell of a change.
var newsKinds = []hooks.Kind{hooks.Changed, hooks.Zones, hooks.Rung, hooks.Modes, hooks.Freeze}

// line is an event in short: kind, and of each family that changed before>after and the rungs.
func line(e hooks.Event) string {
	parts := []string{string(e.Event)}
	for _, f := range e.Families {
		if !slices.Equal(f.Before, f.After) {
			parts = append(parts, f.Family+" "+strings.Join(f.Before, ",")+">"+strings.Join(f.After, ","))
		}
		if f.Rung != f.RungBefore {
			parts = append(parts, f.RungBefore+">"+f.Rung)
		}
	}
	for _, c := range e.Canaries {
		parts = append(parts, fmt.Sprintf("%s %s %t", c.Zone, c.Address, c.Active))
	}
	for _, m := range e.Modes {
		parts = append(parts, m.Edge+" "+m.Before+">"+m.After)
	}
	if e.Freeze != nil {
		parts = append(parts, fmt.Sprintf("frozen %t %s", e.Freeze.Frozen, e.Freeze.Comment))
	}
	parts = append(parts, slices.Sorted(maps.Keys(e.Zones))...)
	if e.Serial != e.SerialBefore {
		parts = append(parts, "serial")
	}
	return strings.Join(parts, "; ")
}

func lines(events []hooks.Event) (out []string) {
	for _, e := range events {
		out = append(out, line(e))
	}
	return out
}

// inHooks is inZones with a webhook and commands.
func inHooks(t *testing.T, includes map[string]string, test func(s *site, l *listener)) {
	t.Helper()
	inZones(t, includes, func(s *site) {
		l := &listener{site: s}
		s.config.Webhooks = []config.Webhook{{URL: &url.URL{Scheme: "https", Host: "hooks.example"}}}
		s.config.Runs = []config.Run{{When: config.After, Argv: []string{"after"}}, {When: config.Before, Argv: []string{"before"}}}
		s.options = func(o *Options) {
			o.Hooks = func(hooks.Options) Hooks {
				l.made++
				return l
			}
		}
		test(s, l)
	})
}

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

// A reload neither loses events nor tells of anything twice; a dry run tells nobody.
func TestHooksAtReload(t *testing.T) {
	inHooks(t, map[string]string{"example.org": mx(10)}, func(s *site, l *listener) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		l.take()
		s.reload(same)
		s.equal("that changes nothing", lines(l.take()), []string(nil))
		s.round()
		s.equal("a round after it", lines(l.take(newsKinds...)), []string(nil))
		s.reload(func(c *config.Network) { c.TTL = 30 })
		s.equal("with another ttl", lines(l.take()), []string{"zones; serial"})
		s.reload(func(*config.Network) { s.include("example.org", mx(11)) })
		s.equal("with an edit", lines(l.take()), []string{"zones; example.org."})
		s.edges("b 192.0.2.2", "c 192.0.2.3")
		s.reload(same)
		s.equal("without an edge", lines(l.take(newsKinds...)), []string{"change; ipv4 a,b>b,c; serial"})
		s.reload(func(c *config.Network) { c.State = t.TempDir() })
		s.equal("with another state", lines(l.take(newsKinds...)), []string(nil))
		s.equal("made", l.made, 1)
		s.equal("closed", l.closed, 0)
		s.reload(func(c *config.Network) { c.DryRun = true })
		s.equal("configured in a dry run", l.runs+l.webhooks, 0)
		s.prober.set(dead, "192.0.2.2")
		s.round()
		s.equal("dry", lines(l.take()), []string(nil))
		s.reload(func(c *config.Network) { c.DryRun = false })
		s.equal("configured again", l.runs+l.webhooks, 3)
		l.take()
		s.prober.set(dead, "192.0.2.3")
		s.round()
		s.equal("no longer dry", len(l.take(newsKinds...)), 1)
		s.stop()
		s.equal("closed at the end", l.closed, 1)
	})
}

// A restart with a saved set has nothing to tell.
func TestHooksAtRestart(t *testing.T) {
	inHooks(t, map[string]string{"example.org": mx(10)}, func(s *site, l *listener) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		s.stop()
		l.take()
		s.start()
		s.equal("at once", lines(l.take(newsKinds...)), []string(nil))
		s.round()
		s.equal("when it is probed", lines(l.take(newsKinds...)), []string(nil))
	})
}

// Commands before and after rounds get one event each an interval, a reload or not, and see what came of the round.
func TestHooksOfRounds(t *testing.T) {
	inHooks(t, nil, func(s *site, l *listener) {
		s.start()
		s.round()
		l.take()
		for i := range 10 {
			s.advance(s.config.Interval / 2)
			if i == 4 {
				s.prober.set(dead, "192.0.2.1")
			}
			s.reload(same)
			s.advance(s.config.Interval / 2)
		}
		events := l.take()
		count := map[hooks.Kind]int{}
		for _, e := range events {
			count[e.Event]++
		}
		if count[hooks.Before] != 10 || count[hooks.Changed] != 1 {
			t.Errorf("got %v, want 10 before rounds and 1 change", count)
		}
		if count[hooks.Round] < 5 || count[hooks.Round] > 10 {
			t.Errorf("got %d after rounds, want about one in each", count[hooks.Round])
		}
	})
}

// A change is told of with what is closed once its zone files are written.
func TestHooksWaitForFiles(t *testing.T) {
	inFiles(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		l := &listener{site: s}
		s.config.Runs = []config.Run{{When: config.AfterChanges, Argv: []string{"reload"}}}
		s.options = func(o *Options) { o.Hooks = func(hooks.Options) Hooks { return l } }
		written := func(e hooks.Event) bool {
			select {
			case <-e.Settled:
				return true
			case <-time.After(time.Second):
				return false
			}
		}
		s.start()
		s.round()
		s.include("example.org", mx(11))
		s.advance(inTime)
		s.mode("a", selector.Unavailable)
		events := l.take(hooks.Changed, hooks.Zones)
		s.equal("events", lines(events), []string{"change; ipv4 >a,b; none>full; serial", "zones; example.org.", "change; ipv4 a,b>b,c; a available>unavailable; serial"})
		for _, e := range events {
			if !written(e) {
				t.Errorf("the files of %q were not written", e.Text)
			}
		}
		s.wantFile("when it is told", "example.org")
		s.mode("b", selector.Unavailable)
		s.reload(func(c *config.Network) { c.ZoneFiles = "" })
		for _, e := range l.take(hooks.Changed) {
			if !written(e) {
				t.Errorf("the files of %q, which nobody writes any more, are waited for", e.Text)
			}
		}
	})
}
