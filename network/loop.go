package network

import (
	"context"
	"slices"
	"strings"
	"time"
)

const (
	// gather is how long samples are gathered before a decision; urgent how long when a live edge failed, so that what
	// fails together leaves together.
	gather = time.Second
	urgent = 50 * time.Millisecond
	// listensBy is how long the first round waits for the servers at most. Whoever runs networks otherwise may never say that
	// they listen, and a dead edge must not stay for that.
	listensBy = 5 * time.Second
)

// command is a change asked for from outside; it runs in the network's goroutine.
type command func()

// run is the network's goroutine: everything that changes it happens here, one thing at a time.
func (n *Network) run(ctx context.Context) {
	defer close(n.stopped)
	rereads, rewrites := make(chan reread), make(chan rewritten)
	n.mem.aside = append(await(n.mem.aside, 0), n.watchers(ctx, rereads, rewrites)...)
	defer func() {
		n.helpers.Wait()
		n.mem.aside = await(n.mem.aside, leaveAfter)
	}()
	if !n.recollected(ctx) {
		return
	}
	n.remind()
	n.mem.aside = append(n.mem.aside, n.writers(ctx)...)
	n.contactAtStart()
	listens, patience := n.listening, time.NewTimer(listensBy)
	defer patience.Stop()
	if listens == nil {
		n.beginProbing()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-listens:
			listens = nil
			n.beginProbing()
		case <-patience.C:
			listens = nil
			n.beginProbing()
		case r := <-n.resolved:
			n.gotAddresses(r)
		case r := <-n.probed:
			n.gotResult(r)
		case r := <-rereads:
			n.gotInputs(r)
		case r := <-rewrites:
			n.gotIncludes(r)
		case c := <-n.commands:
			c()
		}
		if n.probing {
			n.herald()
			n.seekContact()
			n.dispatch()
		}
		if now := time.Now(); n.expire() || !n.decideAt.IsZero() && !now.Before(n.decideAt) {
			n.decide()
		}
		timer.Reset(time.Until(n.wake()))
	}
}

// decideWithin sees to it that a decision is taken at the latest after d, though not before edges that are asked anew after
// a time without contact could answer.
func (n *Network) decideWithin(d time.Duration) {
	at := time.Now().Add(d)
	if at.Before(n.calm) {
		at = n.calm
	}
	if n.decideAt.IsZero() || at.Before(n.decideAt) {
		n.decideAt = at
	}
}

// wake is when there is something to do although nothing arrives.
func (n *Network) wake() time.Time {
	at := time.Now().Add(time.Minute)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	sooner(n.decideAt)
	if n.probing {
		if len(n.vigils) > 0 {
			sooner(n.vigils[0].at)
		}
		for _, c := range n.mem.contacts {
			if c.waits() {
				sooner(c.ask)
			}
		}
	}
	if n.heralds && n.probing {
		sooner(n.mem.heraldAt)
	}
	if len(n.schedule) > 0 && n.running < n.workers && n.probing {
		sooner(n.schedule[0].due)
	}
	now := n.now()
	ends := func(expires time.Time) {
		if !expires.IsZero() {
			// By n.now, which expire goes by too: another clock would find it due when expire does not.
			sooner(time.Now().Add(expires.Sub(now)))
		}
	}
	for _, m := range n.mem.modes {
		ends(m.Expires)
	}
	if f := n.mem.freeze; f != nil {
		ends(f.Expires)
	}
	return at
}

// expire ends modes, and a freeze, that have run out and reports whether there were any.
func (n *Network) expire() (any bool) {
	now := n.now()
	var over []ModeChanged
	for name, m := range n.mem.modes {
		if m.expired(now) {
			over = append(over, ModeChanged{Edge: name, Before: m})
		}
	}
	if len(over) > 0 {
		slices.SortFunc(over, func(a, b ModeChanged) int { return strings.Compare(a.Edge, b.Edge) })
		for _, c := range over {
			delete(n.mem.modes, c.Edge)
		}
		n.tell(ModesChanged{Changes: over})
		n.record(now, ModesChanged{Changes: over})
		n.dirty, any = true, true // else the next start would find them, and obey them until they ran out again
	}
	if f := n.mem.freeze; f.expired(now) {
		n.freeze(now, FreezeChanged{Before: f, Expired: true})
		any = true
	}
	return any
}

// gotInputs takes up files that moved. A fault is told of once, since a file is read again only when it moves again.
func (n *Network) gotInputs(r reread) {
	for _, f := range r.faults {
		n.tell(ReloadFailed(f))
	}
	if r.inputs == nil {
		return
	}
	n.take(r.inputs)
	n.decide()
}
