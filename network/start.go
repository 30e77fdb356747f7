package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Start takes the network up where memory left it, or from the state directory when memory is nil. The saved set is
// published when it returns; the histories are read after that, before anything else is done. The error names the lock file
// when another process holds the state; memory is then as it was.
func (n *Network) Start(memory *Memory) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cancel != nil {
		return fmt.Errorf("starting network %s: it is running", n.config.Name)
	}
	if err := n.open(memory); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.ctx, n.cancel, n.stopped = ctx, cancel, make(chan struct{})
	n.commands, n.resolved, n.probed = make(chan command), make(chan resolution), make(chan probeResult)
	n.schedule, n.ready, n.running, n.decideAt = nil, nil, 0, time.Time{}
	n.mem.once = nil
	n.probing = false
	n.takeUp()
	go n.run(ctx)
	return nil
}

// takeUp takes up the inputs and publishes where the memory left off.
func (n *Network) takeUp() {
	n.takeIn()
	n.expire() // a mode that ran out meanwhile is not obeyed for one decision more
	if n.mem.unread != nil && !n.stands() {
		n.recollect(context.Background())
	}
	n.decide()
}

// takeIn takes up the inputs.
func (n *Network) takeIn() {
	n.started = time.Now()
	n.changes.Store(n.mem.changes)
	n.mem.adopt(n.config)
	n.overtake()
	n.enlist()
	n.equip()
	n.takeIncludes()
	n.findSerials()
	n.take(n.inputs)
	for _, f := range n.inputs.Faults {
		n.tell(ReloadFailed(f))
	}
}

// Stop ends the network and returns its memory, for another network to Start with, or to Close. Probes in flight are
// cancelled; they are no samples, and those edges are due at once. It returns nil when the network does not run.
func (n *Network) Stop() *Memory {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cancel == nil {
		return nil
	}
	n.cancel()
	<-n.stopped
	n.cancel = nil
	mem := n.mem
	n.mem, n.schedule, n.ready, n.vigils = nil, nil, nil, nil
	for _, e := range mem.edges {
		if e.busy() {
			e.due = time.Now()
		}
		e.index, e.pending, e.waiting, e.looking, e.again = -1, 0, false, false, false
	}
	return mem
}

// open makes memory the network's own, loading it first where there is none, and opens the state directory.
func (n *Network) open(memory *Memory) error {
	c := n.config
	dir := ""
	if c.State != "" && !c.DryRun && (n.interim == nil || n.interim.change) {
		dir = stateDir(c)
	}
	if memory != nil && memory.dir == dir {
		n.mem = memory
		if n.mem.store != nil {
			n.mem.store.Resize(c.History)
		}
		return nil
	}
	fresh := newMemory()
	loaded := &state.Loaded{}
	var err error
	switch {
	case dir != "":
		if fresh.store, loaded, err = state.Open(dir, n.storeOptions()); err != nil {
			return fmt.Errorf("opening the state of network %s: %w", c.Name, err)
		}
		fresh.dir = dir
	case c.State != "" && memory == nil:
		if loaded, err = state.Read(stateDir(c)); err != nil {
			return fmt.Errorf("reading the state of network %s: %w", c.Name, err)
		}
	}
	n.mem = fresh
	if n.single != nil {
		n.single.found = loaded.Found
	}
	if n.interim != nil {
		n.interim.document = loaded.Document
	}
	for _, err := range loaded.Problems {
		n.tell(Warning{err.Error()})
	}
	if loaded.ModesLost {
		n.tell(Fault{"no generation of the state can be read: the modes that operators set are lost, edges made unavailable may be answered"})
	}
	if memory == nil {
		fresh.unread = loaded
		if !loaded.HasSamples() {
			loaded.Close()
			fresh.unread = nil
		}
		n.recall(fresh)
		for _, err := range fresh.restore(loaded, c, n.now()) {
			n.tell(Warning{err.Error()})
		}
		if err := n.importOnce(fresh, loaded); err != nil {
			return n.unopen(fresh, err)
		}
		for f, r := range fresh.rotations {
			if r.standing && served(c, Family(f)) && n.interim == nil {
				n.tell(Note{fmt.Sprintf("%s: the set saved %s stands until its edges have been probed: %v", Family(f), r.since.UTC().Format(time.RFC3339), r.names)})
			}
		}
		return nil
	}
	defer loaded.Close()
	if memory.dry {
		if err := n.importAgain(memory, fresh.store, loaded); err != nil {
			return n.unopen(fresh, err)
		}
	}
	// The directory is another one now. What this process knows is newer than most of what is found there.
	telling := memory.hooks // what waits in them has nothing to do with the directory
	unread := memory.unread
	aside := memory.aside // they go on, and are waited for at the end
	memory.hooks, memory.unread, memory.aside = nil, nil, nil
	memory.Close()
	store := fresh.store
	*fresh = *memory
	fresh.hooks, fresh.unread, fresh.aside = telling, unread, aside
	fresh.store, fresh.dir, fresh.kept = store, dir, map[string]string{}
	for _, w := range fresh.reconcile(loaded, c) {
		n.tell(Warning{w})
	}
	return nil
}

// unopen gives up what open has opened.
func (n *Network) unopen(fresh *Memory, err error) error {
	n.mem = nil
	return errors.Join(err, fresh.Close())
}

// recall has an empty memory know the changes that are in the state directory.
func (n *Network) recall(m *Memory) {
	if n.config.State == "" {
		return
	}
	changes, err := state.ReadChanges(stateDir(n.config), maxChanges)
	if err != nil {
		n.tell(Warning{err.Error()})
	}
	m.changes = newChangelog(changes)
}

// Held says whether another process holds the state of the network; its error names the lock file. It is for a network that
// does not run.
func (n *Network) Held() error {
	if n.config.State == "" || n.config.DryRun {
		return nil
	}
	if err := state.Held(stateDir(n.config)); err != nil {
		return fmt.Errorf("opening the state of network %s: %w", n.config.Name, err)
	}
	return nil
}

func (n *Network) storeOptions() state.Options {
	return state.Options{
		Rounds:    n.config.History,
		OnError:   func(err error) { n.tell(StateTrouble{err}) },
		OnRecover: func() { n.tell(StateRecovered{}) },
	}
}

// Outdo says before a Start what the networks of this process remember, own this one's, which may be nil. Where another one
// had a zone that comes to this network now, the serial goes on above its own: a secondary that knows the higher one would
// not take the zone otherwise. It is to be called of all networks before one of them starts.
func (n *Network) Outdo(own *Memory, all []*Memory) {
	n.outdo = 0
	for _, zone := range n.zones {
		if own.has(zone) {
			continue
		}
		for _, m := range all {
			if m.has(zone) {
				n.outdo = later(n.outdo, later(m.top, m.serial))
			}
		}
	}
}

// overtake raises the serial where Outdo found that it must.
func (n *Network) overtake() {
	mem := n.mem
	if n.outdo != 0 && !SerialLess(n.outdo, mem.serial) {
		mem.top, mem.fingerprint = later(mem.top, n.outdo), "of other zones"
	}
	mem.named, n.outdo = n.zones, 0
}

// has says whether the Corefile named a zone for the network that ran last.
func (m *Memory) has(zone string) bool {
	if m == nil {
		return false
	}
	_, found := slices.BinarySearch(m.named, zone)
	return found
}
