package network

import (
	"hash/fnv"
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// keepGone is how long the history of an edge that is no longer configured is kept, so that one taken off the list by
// mistake comes back as it was.
const keepGone = 24 * time.Hour

// edge is one configured name, or one that was until lately. It belongs to the network's goroutine.
type edge struct {
	name       string
	pins       []netip.Addr // nil: the name is resolved each round
	order      int          // place in the lists; of two edges with one address the later is at fault
	configured bool
	canary     bool              // of a zone: probed like the others, but no candidate
	members    [families]*member // nil where the edge has no address in a family

	due     time.Time     // when its next turn comes, on the monotonic clock
	index   int           // place in the schedule, -1 while its turn runs
	pending int           // probes of this turn still running
	waiting bool          // the turn waits for the resolver
	looking bool          // a resolution is under way, maybe from an earlier turn
	took    time.Duration // of the last resolution

	early bool // this turn left a run unfinished: the next one comes early
	again bool // it is to be probed once more, at once, when this turn is over

	asked   time.Time // when it was last probed out of turn for what its answer says of the others
	hurried bool      // its next turn comes out of turn
	urged   bool      // and the one that runs has; it does not wait for the resolver

	disputed [families]netip.Addr // addresses that the name resolved to though they are another edge's

	tried bool // a turn has ended since the start
	round int  // the last round it was counted in
}

// member is one edge in one family: a history and the addresses.
type member struct {
	hist *history.History

	// probe is the address the next probe goes to, zero when the name never resolved. served is that of the last
	// successful probe: a new address must pass before it is answered.
	probe, served netip.Addr
	former        netip.Addr // that it was served at before, to go back to when served turns out to be another edge's

	grade   history.Grade
	average time.Duration
	fresh   bool // a sample came since the last grading
	probed  bool // a sample came since the start
	last    prober.Result

	launched time.Time // when the probe began that runs, if it matters to the answers
	doubtful bool      // it passed, and then failed without being heard of: see contact
}

// address is what would be answered for the member. An edge that never passed has nothing but the address it is probed
// at; it is answered only on rung all, where the alternative is no address.
func (m *member) address() netip.Addr {
	if m.served.IsValid() {
		return m.served
	}
	return m.probe
}

// merit is the grade that the member competes with. What passed at an address that it has no more is not known to pass.
func (m *member) merit() history.Grade {
	if !m.served.IsValid() && m.grade.Passing() {
		return history.Unknown
	}
	return m.grade
}

// regrade brings grade and average up to date; an edge that was not probed since the last decision keeps its grade, and so
// does one whose failure is in doubt.
func (m *member) regrade(now time.Time, r history.Rules) {
	if !m.fresh || m.doubtful {
		return
	}
	m.fresh = false
	m.grade = m.hist.Grade(now, r)
	m.average = m.hist.Average(r)
}

// kept says whether what is known of an edge that is not configured is kept: while its last sample is younger than
// keepGone, and while a turn of it runs, of which there must never be two.
func (e *edge) kept(now time.Time) bool {
	for _, m := range e.members {
		if m == nil {
			continue
		}
		if s, ok := m.hist.Last(); ok && now.Sub(s.At) < keepGone {
			return true
		}
	}
	return e.busy()
}

// keeps is kept for edges whose histories may still be unread.
func (m *Memory) keeps(e *edge, now time.Time) bool { return m.unread != nil || e.kept(now) }

// phase is the place of an edge in the interval: a hash of its name, so that load is even and a restart does not realign
// the probes.
func phase(name string, interval time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(name))
	return time.Duration(h.Sum64() % uint64(interval))
}

// nextTurn is the first instant after now that has the edge's phase.
func nextTurn(name string, now time.Time, interval time.Duration) time.Time {
	since := time.Duration(now.UnixNano()) % interval
	wait := phase(name, interval) - since
	if wait <= 0 {
		wait += interval
	}
	return now.Add(wait)
}

// configure makes the edge what the lists say. It reports whether there is something new to probe. A family that is not
// served, or not among the pins, loses its addresses but keeps its history.
func (e *edge) configure(c config.Edge, order int, served func(Family) bool, size int) (news bool) {
	news = !e.configured
	e.configured, e.order, e.pins = true, order, c.Addrs
	var pinned [families]netip.Addr
	for _, a := range c.Addrs {
		pinned[familyOf(a)] = a
	}
	for f := range e.members {
		switch {
		case !served(Family(f)) || c.Addrs != nil && !pinned[f].IsValid():
			if m := e.members[f]; m != nil {
				m.probe, m.served = netip.Addr{}, netip.Addr{}
			}
		case c.Addrs != nil:
			m := e.member(Family(f), size)
			news = news || m.probe != pinned[f]
			m.probe = pinned[f]
		}
	}
	return news
}

func (e *edge) member(f Family, size int) *member {
	if e.members[f] == nil {
		e.members[f] = &member{hist: history.New(size), grade: history.Unknown}
	}
	return e.members[f]
}
