package network

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/legacy"
	"github.com/deflect-ca/coredns-edgemanage/notify"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Prober fetches the object from one address. *prober.Prober is one.
type Prober interface {
	Probe(ctx context.Context, addr netip.Addr) prober.Result
	Expect(*prober.Object)
}

// Resolver asks for the addresses of a name. *prober.Resolver is one.
type Resolver interface {
	Resolve(ctx context.Context, host string) prober.Resolution
}

// Options are what a Network needs beside its configuration.
type Options struct {
	Prober   Prober
	Resolver Resolver
	Observer Observer
	Now      func() time.Time // the wall clock; nil is time.Now

	// Zones are those that the Corefile names for the network, fully qualified.
	Zones []string
	// Published is called after a snapshot has been, from the network's goroutine or that of Start: with the zones that
	// changed, or nil when all did. ZonesMoved is called before it when the includes brought or took zones. Both may be
	// nil, and must not block.
	Published func(changed []string)
	// Claimed says whether another network has a zone; its file in a directory that both write to is left alone then.
	Claimed    func(zone string) bool
	ZonesMoved func()
	// Listening, unless nil, is closed when the servers listen. No secondary is notified before, and no edge probed: a round
	// may take all descriptors that the servers' sockets need. Probing waits some seconds at most.
	Listening <-chan struct{}
	// Secondaries makes what notifies the secondaries; nil makes a notify.Notifier.
	Secondaries func(notify.Options) Secondaries
	// Hooks makes what tells commands and webhooks; nil makes hooks.Hooks.
	Hooks func(hooks.Options) Hooks

	// reads, unless nil, is told of each history before its samples are read; tests hold the reading there.
	reads func(ctx context.Context, edge string)
	hold  func(use, doing string) // a disk that hangs, of the tests
}

// Secondaries notifies secondaries. *notify.Notifier does.
type Secondaries interface {
	Configure(addresses []netip.AddrPort)
	Notify(zones []string, serial func(zone string) uint32)
	Close()
}

// Network runs one network of edges. Its methods may be called from any goroutine; those that ask for a change fail
// while it is stopped.
type Network struct {
	config   *config.Network
	prober   Prober
	resolver Resolver
	observer Observer
	now      func() time.Time
	rules    history.Rules
	settings [families]selector.Settings
	workers  int

	zones     []string // that the Corefile names, sorted
	published func(changed []string)
	moved     func()
	claimed   func(zone string) bool
	listening <-chan struct{}
	notifying func(notify.Options) Secondaries
	hooking   func(hooks.Options) Hooks
	files     chan struct{} // wakes who writes the zone files
	listed    chan struct{} // wakes who writes the live list
	kept      chan struct{} // wakes who writes the files of legacy
	samples   samples       // for the latter

	hold func(use, doing string) // unless nil, called before a disk is used

	reads   func(ctx context.Context, edge string)
	tracing chan struct{} // taken while a trace is made

	snapshot atomic.Pointer[Snapshot]
	status   atomic.Pointer[Status]
	changes  atomic.Pointer[changelog] // the memory's; it stays when the memory goes

	mu       sync.Mutex // guards the life cycle: Start, Stop, and who may send a command
	cancel   context.CancelFunc
	stopped  chan struct{} // closed when run has returned
	commands chan command

	// What follows belongs to run, and to Start and Stop while it does not run.
	mem        *Memory
	inputs     *Inputs
	includes   map[string]*include // the last that were read; a network that starts again goes on from them
	told       map[string]bool     // what the inputs said of the directory of includes, among other things
	schedule   schedule
	ready      []job
	running    int                 // probes and resolutions under way, at most workers
	untried    int                 // configured edges that have not ended a turn since the start
	probing    bool                // the first round has begun
	started    time.Time           // when it did, and before when the network was taken up
	decideAt   time.Time           // when the samples gathered are decided on; zero: there are none
	vigils     []vigil             // of the probes that run, in the order of their beginning
	calm       time.Time           // nothing is decided before, but by an operator: edges are asked anew
	pending    *state.Pending      // the last write asked for
	zonesMoved bool                // the includes brought or took zones
	names      []string            // all zones, sorted; snapshots share it
	touched    map[string]bool     // zones that the next decision looks at
	touchedAll bool                // it looks at all of them
	found      map[string]uint32   // serials of existing files of zones of which nothing is saved
	troubled   [families]time.Time // when trouble of this host was last told of
	outdo      uint32              // a serial to go on above, see Outdo; 0 is none

	ordered  []string                   // edges whose mode an operator sets with the decision that is being taken, sorted
	dirty    bool                       // something is to be saved although no set changed
	news     news                       // for the hooks
	past     map[string][]legacy.Sample // the histories that the files of legacy begin with
	heralds  bool                       // there are commands to run before a round
	single   *single                    // nil unless this is one round alone
	interim  *interim                   // nil unless it is offline
	helpers  sync.WaitGroup
	ctx      context.Context
	resolved chan resolution
	probed   chan probeResult
}

// New returns a network that is not running. The inputs are those that ReadInputs gave for the configuration.
func New(c *config.Network, in *Inputs, o Options) (*Network, error) {
	keep, err := selector.ParseKeep(c.Keep)
	if err != nil {
		return nil, err
	}
	n := &Network{
		config: c, inputs: in, includes: in.includes, told: in.told(),
		prober: o.Prober, resolver: o.Resolver, observer: o.Observer, now: o.Now,
		rules: rules(c),
		zones: slices.Compact(slices.Sorted(slices.Values(o.Zones))), published: o.Published, moved: o.ZonesMoved,
		claimed: o.Claimed, listening: o.Listening, notifying: o.Secondaries, hooking: o.Hooks, reads: o.reads, tracing: make(chan struct{}, 1),
		files: make(chan struct{}, 1), listed: make(chan struct{}, 1), kept: make(chan struct{}, 1), hold: o.hold,
	}
	if n.notifying == nil {
		n.notifying = func(o notify.Options) Secondaries { return notify.New(o) }
	}
	if n.hooking == nil {
		n.hooking = func(o hooks.Options) Hooks { return hooks.New(o) }
	}
	if n.now == nil {
		n.now = time.Now
	}
	for f := range n.settings {
		n.settings[f] = selector.Settings{
			EdgeCount: c.EdgeCount, MinLive: c.MinLive, Keep: keep,
			MaxChanges: c.MaxChanges, MaxChangesPer: c.MaxChangesPer, Strict: c.Strict,
			RotateEvery: c.RotateEvery,
			Fallback:    slices.DeleteFunc(slices.Clone(c.Fallback), func(a netip.Addr) bool { return familyOf(a) != Family(f) }),
		}
	}
	return n, nil
}

// Config returns the configuration, which must not be changed.
func (n *Network) Config() *config.Network { return n.config }

// Snapshot returns what queries are answered from; nil before the first Start. After Stop it stays as it was.
func (n *Network) Snapshot() *Snapshot { return n.snapshot.Load() }

// Status returns what the network shows of itself; nil before the first Start.
func (n *Network) Status() *Status { return n.status.Load() }

// tell hands an event to the observer.
func (n *Network) tell(e Event) {
	n.note(e)
	if n.observer != nil {
		n.observer.Observe(n.config.Name, e)
	}
}
