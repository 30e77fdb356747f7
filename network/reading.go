package network

import (
	"context"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Reading the histories of thousands of edges takes seconds, and what was answered before the start needs none of them. So
// a server answers first: the saved set and the canaries stay as they were, and nobody is probed, decided on or heard, until
// everything is read. A network that stops meanwhile forgets what it has read of them, and the next one that gets its memory
// reads it all: no sample can have come in between.

// read reads the histories that are unread. It reports false when ctx ended before, and the histories are empty then.
func (n *Network) read(ctx context.Context) bool {
	m := n.mem
	if m.unread == nil {
		return true
	}
	var reads func(edge string)
	if n.reads != nil {
		reads = func(edge string) { n.reads(ctx, edge) }
	}
	if err := m.unread.EachHistory(ctx, m.histories(reads)); err != nil {
		if ctx.Err() != nil {
			m.unfill()
			return false
		}
		n.tell(Warning{err.Error()})
	}
	m.unread.Close() // it was only read
	m.unread = nil
	m.regrade(n.now())
	return true
}

// recollect reads the histories of a network that has taken up its inputs.
func (n *Network) recollect(ctx context.Context) (done bool) {
	if done = n.read(ctx); done {
		n.mem.forget(n.now())
		n.contactAtStart()
	}
	return done
}

// recollected has a network that answers already recollect, and decide on what it finds, if there is anything unread.
func (n *Network) recollected(ctx context.Context) (done bool) {
	if n.mem.unread == nil {
		return true
	}
	if done = n.recollect(ctx); done {
		n.decide()
	}
	return done
}

// histories takes samples as state.Loaded.EachHistory gives them, and has reads, unless nil, told of each history.
func (m *Memory) histories(reads func(edge string)) func(edge string, ipv6 bool) func(state.Sample) {
	r := m.rules
	return func(edge string, ipv6 bool) func(state.Sample) {
		if reads != nil {
			reads(edge)
		}
		f := IPv4
		if ipv6 {
			f = IPv6
		}
		var member *member // from its first sample on
		return func(s state.Sample) {
			if member == nil {
				member = m.edge(edge).member(f, r.Size)
				member.fresh, member.last = true, prober.Result{}
			}
			outcome, err := prober.ParseOutcome(s.Outcome)
			if err != nil {
				outcome = prober.Internal
			}
			member.hist.Add(history.Sample{At: s.At, Took: s.Took, Failed: outcome != prober.OK}, r)
			// Not as a whole: it is large, and there are tens of millions of samples.
			member.last.At, member.last.Took, member.last.Outcome = s.At, s.Took, outcome
		}
	}
}

// regrade grades all edges, also those that are not configured.
func (m *Memory) regrade(now time.Time) {
	for _, e := range m.edges {
		for _, member := range e.members {
			if member != nil {
				member.regrade(now, m.rules)
			}
		}
	}
}

// unfill empties the histories.
func (m *Memory) unfill() {
	for _, e := range m.edges {
		for _, member := range e.members {
			if member != nil {
				member.hist, member.last = history.New(m.rules.Size), prober.Result{}
				member.grade, member.average, member.fresh = history.Unknown, 0, false
			}
		}
	}
}

// stands says whether what was answered before can be answered on without the histories. It cannot when nobody of the saved
// set is left: they may show at once whom to take instead.
func (n *Network) stands() bool {
	for f, r := range n.mem.rotations {
		if served(n.config, Family(f)) && r.standing && len(n.remaining(Family(f), r.live)) == 0 &&
			(r.rung != selector.Fallback || len(n.fallback(Family(f))) == 0) {
			return false
		}
	}
	return true
}

// bide publishes what of a saved set is left, while the histories are unread. See stand.
func (n *Network) bide(f Family) {
	if n.mem.freeze != nil {
		if left := n.remaining(f, n.lastLive(f)); len(left) > 0 {
			n.show(f, left, nil)
			return
		}
	}
	n.stand(f)
}

// remaining are those of some names that may be live.
func (n *Network) remaining(f Family, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return n.eligible(name, f) == nil })
}
