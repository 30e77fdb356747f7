package network

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

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
