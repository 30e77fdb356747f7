package network

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// repeatTrouble is how often trouble of this host is told of while it lasts.
const repeatTrouble = 10 * time.Minute

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

// job is one probe that waits for a worker.
type job struct {
	edge   *edge
	family Family
	addr   netip.Addr
}

// dispatch starts the probes that wait and begins the turns that are due, as far as there are workers.
func (n *Network) dispatch() {
	now := time.Now()
	for n.running < n.workers {
		switch {
		case len(n.ready) > 0:
			n.launch(n.ready[0])
			n.ready = n.ready[1:]
		case len(n.schedule) > 0 && !n.schedule[0].due.After(now):
			n.begin(n.schedule.take())
		default:
			return
		}
	}
}

// begin begins a turn.
func (n *Network) begin(e *edge) {
	e.urged = e.hurried && e.known()
	e.took, e.again, e.early, e.hurried = 0, false, false, false
	if e.pins != nil || e.looking || e.urged {
		// A resolver that has not answered since the turn before hurts only this edge, and only if it moved.
		n.probe(e)
		return
	}
	n.resolve(e)
}

// maxPatience bounds how long a probe waits for a slow resolver when an address is known from before. With the time to
// gather samples it stays within the second that a dead edge may take to leave beyond interval and timeout.
const maxPatience = 500 * time.Millisecond

// resolve asks for an edge's addresses.
func (n *Network) resolve(e *edge) {
	e.waiting, e.looking = true, true
	n.running++
	patience := n.config.Timeout
	if e.known() {
		patience = min(maxPatience, n.config.Timeout/4)
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

// probe lines the probes of an edge's addresses up for the workers.
func (n *Network) probe(e *edge) {
	for f, m := range e.members {
		if m != nil && m.probe.IsValid() {
			e.pending++
			n.ready = append(n.ready, job{e, Family(f), m.probe})
		}
	}
	if e.pending == 0 {
		n.endTurn(e)
	}
}

// launch starts one probe.
func (n *Network) launch(j job) {
	n.running++
	n.keepVigil(j.edge, j.family)
	ctx := n.ctx
	n.helpers.Go(func() {
		send(ctx, n.probed, probeResult{j.edge, j.family, n.prober.Probe(ctx, j.addr)})
	})
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
	if m := e.members[r.family]; m != nil {
		m.launched = time.Time{}
	}
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
		e.early = e.early || m.hist.Unfinished()
		n.tellOwnTrouble(f, e, r)
		n.decideWithin(gather)
		return
	}
	at, ok := n.now(), r.Outcome == prober.OK
	m.hist.Add(history.Sample{At: at, Took: r.Took, Failed: !ok}, n.rules)
	e.early = e.early || m.hist.Unfinished()
	m.fresh, m.probed = true, true
	n.contactWith(e, f, r)
	n.keepSample(e, f, at, r.Took, ok)
	if ok && (!n.held(e, f) || r.Addr == m.address()) {
		n.passed(e, f, r.Addr)
	}
	saved := state.Sample{Edge: e.name, IPv6: f == IPv6, At: at, Took: r.Took, Outcome: r.Outcome.String()}
	switch {
	case n.single != nil:
		n.single.samples = append(n.single.samples, saved)
	case n.mem.store != nil:
		n.mem.store.AddSamples([]state.Sample{saved})
	}
	rotation := n.mem.rotations[f]
	if !rotation.decided || !ok && (e.canary || rotation.isLive(e.name)) {
		n.decideWithin(urgent)
	}
	n.decideWithin(gather)
}

// passed has an edge served at an address that it passed at.
func (n *Network) passed(e *edge, f Family, a netip.Addr) {
	m := e.members[f]
	if m.served == a {
		return
	}
	left := m.served
	m.served, m.former = a, left
	n.mem.disown(e, left)
	n.dirty = true
	n.decideWithin(urgent)
}

// tellOwnTrouble tells of trouble of this host, once in a while: it concerns all edges of a family, in every round.
func (n *Network) tellOwnTrouble(f Family, e *edge, r prober.Result) {
	if now := time.Now(); n.troubled[f].IsZero() || now.Sub(n.troubled[f]) >= repeatTrouble {
		n.troubled[f] = now
		n.tell(Warning{fmt.Sprintf("%s: probes fail for a reason of this host's own, which are no samples: %s (%s): %v", f, e.name, r.Addr, r.Err)})
	}
}

// endTurn puts the edge back into the schedule. While one of the histories it added to has an unfinished run its next
// turn comes early, so that fall and rise cost a fraction of the interval each.
func (n *Network) endTurn(e *edge) {
	n.roundTurn(e)
	if !e.configured {
		return
	}
	now := time.Now()
	if e.again {
		// It was given another address while the turn ran, which is still to be tried, or nothing was heard of it.
		e.due = now
		n.schedule.add(e)
		return
	}
	if !e.tried && !e.canary {
		e.tried = true
		n.untried--
		n.decideWithin(urgent)
	}
	e.due = nextTurn(e.name, now, n.config.Interval)
	if early := now.Add(n.config.Interval / 6); e.early && early.Before(e.due) {
		e.due = early
	}
	n.schedule.add(e)
}
