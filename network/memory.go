package network

import (
	"errors"
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Memory is everything a network knows that is not configuration. A Corefile reload hands it, with the open state
// directory, from the network of the old instance to that of the new one, and back when the reload fails.
type Memory struct {
	edges     map[string]*edge // also of edges that are no longer configured, for a while
	modes     map[string]Mode
	freeze    *Freeze // nil: not frozen
	rotations [families]*rotation
	owners    map[netip.Addr]string // which edge an address belongs to
	order     []*edge               // the configured edges, by name
	contacts  [families]contact
	recalled  bool // contacts are what was found at the start, or later

	serial      uint32
	fingerprint string // of what the zones contain, for telling whether the serial must rise

	object  *prober.Object           // what bodies are compared with, and until when the one before passes too
	lists   map[string][]config.Edge // last good version of each edge list, for the state
	digests map[string]state.Digest  // and of the object's file

	previous []state.Digest // what the object was before and still passes, for the state

	labels    []string               // that the includes were checked against
	includes  map[string]*include    // by zone; the map is replaced, not changed
	canaries  map[string]*zoneCanary // by zone
	displaced map[string]string      // saved: whose place each canary has, by zone
	enrolled  map[string]netip.Addr  // saved: the canaries there were, by zone
	killed    bool                   // too many canaries fail
	zones     map[string]*ZoneState  // what is published; the map is replaced, not changed
	edition   uint64                 // tells versions of zones apart
	records   map[string]zoneRecord  // for the serials of zones that have something of their own
	saved     map[string]state.Zone  // what is saved of them; replaced, not changed; nil: to be made anew
	kept      map[string]string      // prints of the includes that the state has
	top       uint32                 // the latest serial that any zone ever had
	notified  []netip.AddrPort       // the secondaries
	passed    *Snapshot              // the last one that was passed on to secondaries
	said      map[string]bool        // warnings that are told once
	named     []string               // zones that the Corefile named for the network that ran last, sorted

	notifier Secondaries // nil without secondaries to notify, and in dry run

	hooks     Hooks     // nil while there were never commands or webhooks; in dry run it tells nobody
	heraldAt  time.Time // when commands before a round run again
	settling  *settling // events that wait for zone files
	roundOver bool      // a round has ended, of which the commands after it have not been told

	aside []<-chan struct{} // who uses disks beside the network; each is closed when it has ended

	changes *changelog // never nil

	once *state.Once // what a round alone left; a server drops it

	store     *state.Store // nil without a state directory, and in dry run
	dir       string       // the directory of store
	modesLost bool

	// unread has the samples of before that are not in the histories yet; nil when they are. Until then the histories are
	// empty, and nothing is decided by them. See recollect.
	unread *state.Loaded

	// What the network that ran last was configured to: it says which of the above a new configuration invalidates.
	rules   history.Rules
	serving [families]bool
	dry     bool

	round      int // the round under way
	left       int // configured edges that have not had a turn in it
	roundBegan time.Time
	lastRound  time.Time
	roundTook  time.Duration
}

// rotation is one family of a network.
type rotation struct {
	live          []string // the last decision's live edges, sorted
	published     LiveSet
	names         []string // names of what is published; differs from live while a saved set stands or on rung fallback
	rung          selector.Rung
	since         time.Time
	substitutions []time.Time
	turns         selector.Rotation // timed rotation; zero without
	decided       bool              // the first decision is made, or a saved set was found
	standing      bool              // the saved set in live stands until its members have been probed
	empty         bool              // it was saved without any address: NODATA can be answered before the names have resolved again
	decision      selector.Decision
	held          int
}

func newMemory() *Memory {
	m := &Memory{
		edges:  map[string]*edge{},
		modes:  map[string]Mode{},
		owners: map[netip.Addr]string{},
		lists:  map[string][]config.Edge{},

		records:   map[string]zoneRecord{},
		displaced: map[string]string{},
		enrolled:  map[string]netip.Addr{},
		zones:     map[string]*ZoneState{},
		kept:      map[string]string{},
		said:      map[string]bool{},
		settling:  &settling{},

		changes: newChangelog(nil),
	}
	for f := range m.rotations {
		m.rotations[f] = &rotation{}
	}
	return m
}

// edge returns the named edge, new if need be.
func (m *Memory) edge(name string) *edge {
	e := m.edges[name]
	if e == nil {
		e = &edge{name: name, index: -1}
		m.edges[name] = e
	}
	return e
}

// forget drops the histories of edges that have not been configured for keepGone. What is said about them (modes) stays.
func (m *Memory) forget(now time.Time) {
	for name, e := range m.edges {
		if !e.configured && !m.keeps(e, now) {
			delete(m.edges, name)
		}
	}
}

// Close gives up the state directory, after writing what is left, and then ends what tells others: commands and webhooks may
// take some seconds, after which whoever stops the process has run out of patience. It is for a memory that no network will
// take over. A writer that a disk holds up is left behind.
func (m *Memory) Close() error {
	var err error
	if m.unread != nil {
		err = m.unread.Close()
		m.unread = nil
	}
	if m.store != nil {
		err = errors.Join(err, m.store.Close())
		m.store = nil
	}
	m.aside = await(m.aside, leaveLast)
	if m.notifier != nil {
		m.notifier.Close()
		m.notifier = nil
	}
	if m.hooks != nil {
		m.hooks.Close()
		m.hooks = nil
	}
	return err
}

// adopt fits the memory to a configuration. Other rules grade the samples anew. A family that was not served before starts
// like a first decision, with every edge to be probed: what is known of it is old, and nobody was answered with it.
func (m *Memory) adopt(c *config.Network) {
	if r := rules(c); m.rules != r {
		m.rules = r
		for _, e := range m.edges {
			for _, member := range e.members {
				if member != nil {
					member.hist.Resize(c.History)
					member.fresh = true
				}
			}
		}
	}
	ran := m.serving != [families]bool{}
	for f := range m.serving {
		serves := served(c, Family(f))
		if serves && !m.serving[f] && ran {
			m.rotations[f] = &rotation{}
			for _, e := range m.edges {
				e.tried, e.due = false, time.Time{}
			}
		}
		m.serving[f] = serves
	}
	m.dry = c.DryRun
}

// rules are the grading rules of a configuration.
func rules(c *config.Network) history.Rules {
	return history.Rules{GoodEnough: c.GoodEnough, Timeout: c.Timeout, Window: c.Window, Size: c.History, Fall: c.Fall, Rise: c.Rise}
}
