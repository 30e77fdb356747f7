package try

import (
	"context"
	"net/netip"
	"sync"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// once probes no address a second time: while a slow edge ends its turn, the next turn of others may come.
type once struct {
	network.Prober

	mu   sync.Mutex
	seen map[netip.Addr]bool
}

// Probe implements network.Prober. What it answers the second time is no sample.
func (o *once) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	o.mu.Lock()
	again := o.seen[addr]
	if o.seen == nil {
		o.seen = map[netip.Addr]bool{}
	}
	o.seen[addr] = true
	o.mu.Unlock()
	if again {
		return prober.Result{Addr: addr, Cancelled: true}
	}
	return o.Prober.Probe(ctx, addr)
}

// listener keeps what a network tells: the probes, and what its operator should mend.
type listener struct {
	mu       sync.Mutex
	probes   map[probed]network.Probed
	warnings []string
}

type probed struct {
	edge   string
	family network.Family
}

func newListener() *listener { return &listener{probes: map[probed]network.Probed{}} }

// Observe implements network.Observer.
func (l *listener) Observe(_ string, e network.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := e.(type) {
	case network.Probed:
		l.probes[probed{e.Edge, e.Family}] = e
	case network.Warning:
		l.warnings = append(l.warnings, e.Text)
	}
}
