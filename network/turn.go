package network

import (
	"context"
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// A turn of an edge is one round of it: its name is resolved if need be, then each of its addresses is probed. While a
// turn runs the edge is not in the schedule. The goroutines of a turn know nothing of the network; they send what they
// found to run.

// resolution is what the resolver said about an edge. Without an answer yet (late, and no error) the turn goes on with
// the addresses known.
type resolution struct {
	edge     *edge
	answered bool
	prober.Resolution
}

// probeResult is the end of one probe of an edge.
type probeResult struct {
	edge   *edge
	family Family
	prober.Result
}

// busy says whether a turn runs.
func (e *edge) busy() bool { return e.waiting || e.pending > 0 }

// dispatch begins the turns that are due, as far as there are workers.
func (n *Network) dispatch() {
	now := time.Now()
	for len(n.schedule) > 0 && n.running < n.workers && !n.schedule[0].due.After(now) {
		e := n.schedule.take()
		e.took = 0
		switch {
		case e.pins != nil:
			n.probe(e)
		case e.looking:
			// The resolver has not answered since the turn before; it hurts only this edge, and only if it moved.
			n.probe(e)
		default:
			n.resolve(e)
		}
	}
}

// resolve asks for an edge's addresses. A resolver that is slow delays the probe only by patience where addresses are
// known from before.
func (n *Network) resolve(e *edge) {
	e.waiting, e.looking = true, true
	n.running++
	patience := n.config.Timeout
	if e.known() {
		patience = min(time.Second, n.config.Timeout/4)
	}
	ctx, timeout, name := n.ctx, n.config.Timeout, e.name
	n.helpers.Go(func() {
		answer := make(chan prober.Resolution, 1)
		n.helpers.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			answer <- n.resolver.Resolve(ctx, name)
		})
		wait := time.NewTimer(patience)
		defer wait.Stop()
		select {
		case r := <-answer:
			send(ctx, n.resolved, resolution{e, true, r})
			return
		case <-wait.C:
			send(ctx, n.resolved, resolution{edge: e})
		}
		send(ctx, n.resolved, resolution{e, true, <-answer})
	})
}

// known says whether the edge has an address to go on with.
func (e *edge) known() bool {
	for _, m := range e.members {
		if m != nil && m.probe.IsValid() {
			return true
		}
	}
	return false
}

// gotAddresses goes on with a turn that waited for the resolver.
func (n *Network) gotAddresses(r resolution) {
	e := r.edge
	if r.answered {
		e.looking = false
		if e.pins == nil && e.configured {
			n.readdress(e, r.Resolution)
		}
		e.took = r.Took
	}
	if !e.waiting {
		return // an answer that came late; it counts from the next turn on
	}
	e.waiting = false
	n.running--
	if !e.configured {
		n.endTurn(e)
		return
	}
	if !e.known() {
		n.unresolved(e, r.Err)
		return
	}
	n.probe(e)
}

// unresolved is the sample of an edge that has no address: it goes to the first family served, as nothing says which
// one is meant.
func (n *Network) unresolved(e *edge, err error) {
	f := IPv4
	if !served(n.config, f) {
		f = IPv6
	}
	e.member(f, n.config.History)
	n.sample(e, f, prober.Result{At: time.Now(), Outcome: prober.DNS, Err: err})
	n.endTurn(e)
}

// readdress takes up what the resolver said. A family that it has nothing for loses its member, unless the answer was an
// error: then the last good address stays.
func (n *Network) readdress(e *edge, r prober.Resolution) {
	if r.Err != nil {
		return
	}
	for f, a := range [families]struct {
		addr           netip.Addr
		several, stale bool
	}{{r.V4, r.Several4, r.Stale4}, {r.V6, r.Several6, r.Stale6}} {
		switch {
		case a.stale || !served(n.config, Family(f)):
			continue
		case !a.addr.IsValid():
			n.strip(e, Family(f))
			continue
		}
		if owner, taken := n.mem.owners[a.addr]; taken && owner != e.name && n.precedes(owner, e) {
			n.warnOnce(e, a.addr, owner)
			if m := e.members[f]; m != nil && m.probe == a.addr {
				n.strip(e, Family(f))
			}
			continue
		}
		m := e.member(Family(f), n.config.History)
		if m.probe != a.addr {
			n.disown(e, m.probe)
			m.probe = a.addr
			if a.several {
				n.tell(Warning{e.name + " has several " + Family(f).String() + " addresses: the lowest, " + a.addr.String() + ", is probed and served"})
			}
		}
		n.mem.owners[a.addr] = e.name
	}
}

// precedes says whether the named edge is configured and stands before e in the lists.
func (n *Network) precedes(name string, e *edge) bool {
	other := n.mem.edges[name]
	return other != nil && other.configured && (other.pins != nil || other.order < e.order)
}

// strip takes an edge's addresses of a family; the history stays, should they come back.
func (n *Network) strip(e *edge, f Family) {
	if m := e.members[f]; m != nil {
		n.disown(e, m.probe)
		n.disown(e, m.served)
		m.probe, m.served = netip.Addr{}, netip.Addr{}
		n.dirty = true
	}
}

func (n *Network) disown(e *edge, a netip.Addr) {
	if n.mem.owners[a] == e.name {
		delete(n.mem.owners, a)
	}
}

// warnOnce tells that a name resolved to an address that is another edge's. The fault is the later edge's: it keeps the
// address it had.
func (n *Network) warnOnce(e *edge, a netip.Addr, owner string) {
	if e.disputed != a {
		e.disputed = a
		n.tell(Warning{e.name + " resolves to " + a.String() + ", which is the address of " + owner + ": it is not used for " + e.name})
	}
}

// probe starts the probes of an edge's addresses.
func (n *Network) probe(e *edge) {
	ctx := n.ctx
	for f, m := range e.members {
		if m == nil || !m.probe.IsValid() {
			continue
		}
		addr := m.probe
		e.pending++
		n.running++
		n.helpers.Go(func() {
			send(ctx, n.probed, probeResult{e, Family(f), n.prober.Probe(ctx, addr)})
		})
	}
	if e.pending == 0 {
		n.endTurn(e)
	}
}

// send hands a message to run, unless the network is stopping.
func send[T any](ctx context.Context, to chan<- T, message T) {
	select {
	case to <- message:
	case <-ctx.Done():
	}
}

// gotResult takes the result of a probe up.
func (n *Network) gotResult(r probeResult) {
	e := r.edge
	e.pending--
	n.running--
	// The list may have changed while the probe ran: what it found is about an address nobody asks for any more.
	if m := e.members[r.family]; e.configured && m != nil && m.probe == r.Addr && !r.Cancelled {
		n.sample(e, r.family, r.Result)
	}
	if e.pending == 0 {
		n.endTurn(e)
	}
}

// sample adds a result to the history of an edge in one family. Trouble of our own is counted and told but is no sample:
// it must not withdraw anybody's edge.
func (n *Network) sample(e *edge, f Family, r prober.Result) {
	m := e.members[f]
	m.last = r
	n.tell(Probed{Edge: e.name, Family: f, Resolved: e.took, Result: r})
	if r.Outcome == prober.Local {
		n.decideWithin(gather)
		return
	}
	at, ok := n.now(), r.Outcome == prober.OK
	m.hist.Add(history.Sample{At: at, Took: r.Took, Failed: !ok}, n.rules)
	m.fresh, m.probed = true, true
	if ok && m.served != r.Addr {
		n.disown(e, m.served)
		m.served = r.Addr
		n.mem.owners[r.Addr] = e.name
		n.dirty = true
		n.decideWithin(urgent)
	}
	if n.mem.store != nil {
		n.mem.store.AddSamples([]state.Sample{{Edge: e.name, IPv6: f == IPv6, At: at, Took: r.Took, Outcome: r.Outcome.String()}})
	}
	rotation := n.mem.rotations[f]
	if !rotation.decided || !ok && rotation.isLive(e.name) {
		n.decideWithin(urgent)
	}
	n.decideWithin(gather)
}

// endTurn puts the edge back into the schedule. While its history has an unfinished run its next turn comes early, so
// that fall and rise cost a fraction of the interval each.
func (n *Network) endTurn(e *edge) {
	n.roundTurn(e)
	if !e.configured {
		return
	}
	if !e.tried {
		e.tried = true
		n.untried--
		n.decideWithin(urgent)
	}
	now := time.Now()
	e.due = nextTurn(e.name, now, n.config.Interval)
	if early := now.Add(n.config.Interval / 6); early.Before(e.due) && e.unfinished() {
		e.due = early
	}
	n.schedule.add(e)
}

func (e *edge) unfinished() bool {
	for _, m := range e.members {
		if m != nil && m.hist.Unfinished() {
			return true
		}
	}
	return false
}
