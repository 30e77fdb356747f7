package network

import (
	"net/netip"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// decide grades what was probed since the last decision, asks the selector, and publishes what changed. It never waits
// for anything but the disk, and for that at most saveWait.
func (n *Network) decide() {
	now := n.now()
	if n.interim != nil {
		n.foresee(now)
		return
	}
	n.decideAt = time.Time{}
	changed, events := n.decideFamilies(now)
	if first := n.started.Add(n.config.Timeout); n.probing && n.waiting() && time.Now().Before(first) {
		n.decideAt = first // when enough pass by then, nothing need arrive for the decision to fall
	}
	n.wakeForTurns(now)
	events = append(events, n.decideCanaries()...)
	n.publish(now, changed, events)
}

// decideFamilies brings the rotations up to date. It tells nobody and publishes nothing.
func (n *Network) decideFamilies(now time.Time) (changed bool, events []Event) {
	for f := range n.mem.rotations {
		if !served(n.config, Family(f)) {
			continue
		}
		moved, told := n.decideFamily(Family(f), now)
		changed = changed || moved
		events = append(events, told...)
	}
	return changed, events
}

// waiting says whether a first decision, or the one that ends a saved set, is still to come.
func (n *Network) waiting() bool {
	for f, r := range n.mem.rotations {
		if served(n.config, Family(f)) && (!r.decided || r.standing) {
			return true
		}
	}
	return false
}

// decideFamily brings one rotation up to date. It reports whether what is answered changed.
func (n *Network) decideFamily(f Family, now time.Time) (changed bool, events []Event) {
	r, rules := n.mem.rotations[f], n.rules
	known := 0
	for _, e := range n.mem.order {
		m := e.members[f]
		if m == nil {
			continue
		}
		m.regrade(now, rules)
		if m.address().IsValid() {
			known++
		}
	}
	clampFuture(r.substitutions, now)
	if r.turns.Since.After(now) {
		r.turns.Since = now
	}
	r.substitutions = slices.DeleteFunc(r.substitutions, func(at time.Time) bool {
		return !at.After(now.Add(-n.config.MaxChangesPer))
	})

	in := n.input(f, now)
	verdicts := selector.Select(in, n.settings[f])
	before := n.picture(f)
	switch {
	case n.nobody(f, known):
		// No edge has an address here: NODATA, once it is known that none has.
		r.standing = false
		r.decided = r.decided || r.empty || n.allTried() || n.allPinned()
		r.live, r.decision = nil, selector.Decision{}
		r.rung = selector.None
		if r.decided {
			r.published, r.names = LiveSet{Coverage: Empty}, nil
		}
	case n.mem.unread != nil:
		r.decision = selector.Decision{Verdicts: verdicts.Verdicts, MinLive: verdicts.MinLive} // the rest goes by grades
		if r.standing {
			n.bide(f)
		}
	case in.Frozen && r.published.Coverage == Empty && !verdicts.Frozen:
		r.decision = selector.Decision{} // an address that turns up does not end the NODATA of a frozen network
	case verdicts.Frozen:
		r.standing = r.standing && !n.settled(f, verdicts)
		n.obey(f, verdicts, now)
	case r.standing && !n.settled(f, verdicts):
		r.decision = verdicts
		n.stand(f)
	case !r.decided && !n.firstDue(verdicts):
		r.decision = verdicts // shown, not obeyed
	default:
		r.decided, r.standing = true, false
		n.obey(f, verdicts, now)
	}
	return n.compare(f, before, now)
}

// input is what the selector decides on.
func (n *Network) input(f Family, now time.Time) selector.Input {
	r := n.mem.rotations[f]
	in := selector.Input{
		Candidates:    make([]selector.Candidate, 0, len(n.mem.order)),
		LastLive:      n.lastLive(f),
		Substitutions: r.substitutions,
		Rotation:      r.turns,
		Now:           now,
		Frozen:        n.mem.freeze != nil && r.decided,
	}
	for _, e := range n.mem.order {
		m := e.members[f]
		if m == nil || !m.address().IsValid() {
			continue
		}
		_, ordered := slices.BinarySearch(n.ordered, e.name)
		in.Candidates = append(in.Candidates, selector.Candidate{
			Name: e.name, Addr: m.address(), Mode: n.mem.modes[e.name].Mode, Grade: m.merit(), Average: m.average, Ordered: ordered,
		})
	}
	return in
}

// lastLive is the set that a decision starts from. What is frozen is what is answered, of a saved set the part that stands.
func (n *Network) lastLive(f Family) []string {
	r := n.mem.rotations[f]
	if n.mem.freeze != nil && r.decided && r.standing {
		return slices.DeleteFunc(slices.Clone(r.live), func(name string) bool { return !r.isLive(name) })
	}
	return r.live
}

// nobody says whether a family is without edges. Where no address is known in either family because no name resolves,
// there are edges all the same: an empty answer would say otherwise.
func (n *Network) nobody(f Family, known int) bool {
	if known > 0 {
		return false
	}
	for _, e := range n.mem.order {
		for other, m := range e.members {
			if Family(other) != f && m != nil && m.address().IsValid() {
				return true
			}
		}
	}
	return n.allPinned()
}

// allPinned says whether no edge's addresses have to be asked of the resolver.
func (n *Network) allPinned() bool {
	for _, e := range n.mem.order {
		if e.pins == nil {
			return false
		}
	}
	return true
}

// firstDue says whether a first decision may be taken: every edge has been probed, or the timeout is over and enough
// pass.
func (n *Network) firstDue(d selector.Decision) bool {
	if n.allTried() {
		return true
	}
	if !n.probing || time.Since(n.started) < n.config.Timeout {
		return false
	}
	return d.Rung >= selector.Short
}

// allTried says whether every configured edge has ended a turn since the start.
func (n *Network) allTried() bool { return n.untried == 0 }

// obey takes a decision over.
func (n *Network) obey(f Family, d selector.Decision, now time.Time) {
	r := n.mem.rotations[f]
	r.decision, r.rung = d, d.Rung
	for range d.Substituted {
		r.substitutions = append(r.substitutions, now)
	}
	r.live = d.Live
	n.show(f, d.Live, d.Fallback)
	n.dirty = n.dirty || !d.Rotation.Since.Equal(r.turns.Since) // the clock survives restarts
	r.turns = d.Rotation
}

// wakeForTurns sees to it that a decision falls when a timed exchange is due. One that cannot be made then is looked at
// again with each decision.
func (n *Network) wakeForTurns(now time.Time) {
	if n.config.RotateEvery == 0 {
		return
	}
	for _, r := range n.mem.rotations {
		if due := r.turns.Since.Add(n.config.RotateEvery); !r.turns.Since.IsZero() && due.After(now) {
			n.decideWithin(due.Sub(now))
		}
	}
}

// show makes the addresses of the named edges, and the fallback addresses of the family, what is published.
func (n *Network) show(f Family, names []string, fallback []netip.Addr) {
	r := n.mem.rotations[f]
	addrs := make([]netip.Addr, 0, len(names)+len(fallback))
	for _, name := range names {
		addrs = append(addrs, n.mem.edges[name].members[f].address())
	}
	r.publish(names, fallback, append(addrs, fallback...))
}

// publish makes addrs the rotation's set, made of the named edges and of fallback addresses.
func (r *rotation) publish(names []string, fallback, addrs []netip.Addr) {
	r.names = slices.Clone(names)
	for _, a := range fallback {
		r.names = append(r.names, a.String())
	}
	slices.Sort(r.names)
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Clip(slices.Compact(addrs))
	if len(addrs) == 0 {
		r.published = LiveSet{Coverage: Undecided}
		return
	}
	r.published = LiveSet{Coverage: Live, Addrs: addrs}
}

// clampFuture moves times that a step of the clock left in the future to now, lest they fill the budget until the clock
// has caught up.
func clampFuture(times []time.Time, now time.Time) {
	for i, at := range times {
		if at.After(now) {
			times[i] = now
		}
	}
}
