package network

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/notify"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// secondaries are told of zones, and remember what was published then.
type secondaries struct {
	mu        sync.Mutex
	site      *site
	addresses []netip.AddrPort
	told      [][]string
	closed    int
	behind    string // a zone whose snapshot or state was older than what is told
}

func (n *secondaries) Configure(addresses []netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses = addresses
}

func (n *secondaries) Notify(zones []string, serial func(zone string) uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.told = append(n.told, slices.Clone(zones))
	var saved *state.Loaded
	if n.site.config.State != "" {
		saved, _ = state.Read(stateDir(n.site.config))
		defer saved.Close()
	}
	for _, zone := range zones {
		if serial(zone) == 0 {
			n.behind = zone + " has no serial"
		}
		if saved != nil && SerialLess(later(saved.Document.SetSerial, saved.Document.Zones[zone].Serial), serial(zone)) {
			n.behind = zone + " is not saved"
		}
	}
}

func (n *secondaries) Close() { n.closed++ }

// take returns what was told since the last time, as one text a Notify.
func (n *secondaries) take() (told []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, zones := range n.told {
		told = append(told, strings.Join(zones, " "))
	}
	n.told = nil
	return told
}

// inNotify is inZones with a secondary.
func inNotify(t *testing.T, includes map[string]string, test func(s *site, n *secondaries)) {
	t.Helper()
	inZones(t, includes, func(s *site) {
		n := &secondaries{site: s}
		s.config.Notify = ports("192.0.2.53:53")
		s.options = func(o *Options) {
			o.Secondaries = func(notify.Options) Secondaries { return n }
		}
		test(s, n)
	})
}

// The secondaries hear of the zones that changed, once each is complete: all of them when the set did.
func TestNotify(t *testing.T) {
	inNotify(t, map[string]string{"example.org": mx(10), "example.net": mx(20), "broken.example": bad}, func(s *site, n *secondaries) {
		s.config.State = t.TempDir()
		s.canaries("# none")
		s.start()
		s.equal("before the first decision", n.take(), []string(nil))
		s.round()
		s.equal("the first decision", n.take(), []string{"example.net. example.org."})
		steps := []struct {
			name string
			do   func()
			want []string
		}{
			{"time", s.round, nil},
			{"an edit", func() { s.include("example.org", mx(11)) }, []string{"example.org."}},
			{"a touch", func() { s.include("example.org", "; touched\n"+mx(11)) }, nil},
			{"two edits", func() { s.include("example.org", mx(12)); s.include("example.net", mx(21)) }, []string{"example.net. example.org."}},
			{"a bad edit", func() { s.include("example.net", bad) }, nil},
			{"another zone", func() { s.include("example.com", mx(30)) }, []string{"example.com."}},
			{"a zone less", func() { s.removeInclude("example.com") }, nil},
			{"mended", func() { s.include("broken.example", mx(40)) }, []string{"broken.example."}},
			{"another set", func() { s.mode("a", selector.Unavailable) }, []string{"broken.example. example.net. example.org."}},
			{"a mode that changes no set", func() { s.mode("x", selector.Unavailable) }, nil},
			{"no address", func() { s.mode("b", selector.Unavailable); s.mode("c", selector.Unavailable) },
				[]string{"broken.example. example.net. example.org."}},
			{"an edit without an address", func() { s.include("example.org", mx(13)) }, nil},
			{"addresses again", func() { s.mode("b", selector.Available) }, []string{"broken.example. example.net. example.org."}},
			{"a canary", func() { s.canaries("example.org: 192.0.2.9") }, []string{"example.org."}},
		}
		for _, step := range steps {
			step.do()
			s.advance(inTime)
			s.equal(step.name, n.take(), step.want)
		}
		s.equal("what was told too early", n.behind, "")
	})
}

// A reload keeps the queues, and tells of what it changes; a start tells of all zones, as changes before it may have been
// missed.
func TestNotifyAtReload(t *testing.T) {
	inNotify(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site, n *secondaries) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		n.take()
		all := []string{"example.net. example.org."}
		s.reload(same)
		s.round()
		s.equal("that changes nothing", n.take(), []string(nil))
		s.reload(func(*config.Network) { s.include("example.org", mx(11)) })
		s.equal("with an edit", n.take(), []string{"example.org."})
		s.reload(func(*config.Network) { s.include("example.com", mx(30)) })
		s.equal("with another zone", n.take(), []string{"example.com."})
		s.removeInclude("example.com")
		s.reload(func(c *config.Network) { c.TTL = 30 })
		s.equal("with another ttl", n.take(), all)
		s.reload(func(c *config.Network) { c.Notify = ports("192.0.2.53:53", "192.0.2.54:53") })
		s.equal("with another secondary", n.take(), all)
		s.equal("closed", n.closed, 0)
		s.equal("addresses", len(n.addresses), 2)
		s.reload(func(c *config.Network) { c.DryRun = true })
		s.equal("closed by a dry run", n.closed, 1)
		s.include("example.org", mx(12))
		s.round()
		s.equal("dry", n.take(), []string(nil))
		s.reload(func(c *config.Network) { c.DryRun = false })
		s.equal("no longer dry", n.take(), []string{"example.org."})
		s.restart()
		s.equal("restarted", n.take(), all)
	})
}

// outlet is who hears of what is published.
type outlet struct {
	mu    sync.Mutex
	told  []string
	moves int
}

func (o *outlet) published(zones []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := strings.Join(zones, " ")
	if zones == nil {
		text = "all"
	}
	o.told = append(o.told, text)
}

func (o *outlet) zonesMoved() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.moves++
}

func (o *outlet) moved() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.moves
}

func (o *outlet) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	told := o.told
	o.told = nil
	return told
}

// Who passes changes on by *transfer* hears of the same zones, also of those that only appeared, after the new snapshot.
func TestPublished(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
		var told outlet
		s.options = func(o *Options) { o.Published, o.ZonesMoved = told.published, told.zonesMoved }
		s.start()
		s.equal("moved at the start", told.moved(), 1)
		s.round()
		told.take()
		s.include("example.org", mx(11))
		s.advance(inTime)
		s.equal("an edit", told.take(), []string{"example.org."})
		s.equal("moved by it", told.moved(), 1)
		s.removeInclude("example.org")
		s.advance(inTime)
		s.equal("a removal", told.take(), []string{""})
		s.equal("moved by it", told.moved(), 2)
		s.mode("a", selector.Unavailable)
		s.equal("another set", told.take(), []string{"all"})
		s.reload(same)
		s.equal("a reload", told.take(), []string{""})
		s.equal("moved by it", told.moved(), 3)
	})
}
