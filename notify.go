package edgemanage

import (
	"slices"
	"sync"

	"github.com/coredns/coredns/plugin/transfer"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// A network with `notify` tells its secondaries itself. For the others *transfer* knows whom to tell, in the server blocks
// that have it: but its Notify takes the targets in turn and up to 6 s for a dead one, so it is kept off every other path.

// notifications are the zones that *transfer* has still to notify of. There is one for the process: what waits goes on
// over a reload.
type notifications struct {
	mu      sync.Mutex
	open    bool                          // the servers listen
	pending map[string]*transfer.Transfer // by zone; a change of a zone that waits is told of with it
	running bool
}

var viaTransfer = notifications{pending: map[string]*transfer.Transfer{}}

// add queues zones, and starts the one goroutine that works them off if it does not run, once the servers listen. It ends
// when none is left.
func (n *notifications) add(t *transfer.Transfer, zones []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, zone := range zones {
		n.pending[zone] = t
	}
	n.work()
}

// begin has what is queued sent from now on.
func (n *notifications) begin() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open = true
	n.work()
}

// work starts the goroutine. The lock is held.
func (n *notifications) work() {
	if n.open && !n.running && len(n.pending) > 0 {
		n.running = true
		go n.run()
	}
}

func (n *notifications) run() {
	for {
		zone, t := n.next()
		if t == nil {
			return
		}
		if err := t.Notify(zone); err != nil {
			log.Warningf("Notifying of zone %q: %v", zone, err)
		}
	}
}

func (n *notifications) next() (string, *transfer.Transfer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for zone, t := range n.pending {
		delete(n.pending, zone)
		return zone, t
	}
	n.running = false
	return "", nil
}

// notify has *transfer* tell of zones that changed, nil for all of the network's. It blocks on nothing.
func (e *engine) notify(name string, changed []string) {
	n := e.networks[name]
	if c := n.Config(); c.Includes == "" || c.DryRun || len(c.Notify) > 0 {
		return
	}
	for _, h := range e.handlers {
		t := h.transfer.Load()
		if t == nil {
			continue
		}
		viaTransfer.add(t, h.transferable(n, changed))
	}
}

// transferable lists the zones of a network that the block gives away and that changed, nil for all.
func (e *Edgemanage) transferable(n *network.Network, changed []string) []string {
	s, table := n.Snapshot(), e.table()
	if changed == nil {
		changed = n.ZoneList()
	}
	return slices.DeleteFunc(slices.Clone(changed), func(zone string) bool {
		z := table[zone]
		return z == nil || z.network != n || !z.entire || !s.Complete(zone)
	})
}
