package network

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// A prober that is cut off sees its edges fail one after another, as their turns come. Were each failure believed as it
// comes, each edge would be replaced by one whose turn has not come yet, until nothing is left of the set but what was
// probed last. So the failure of a live edge that is silent is in doubt until something comes back from another one that
// was asked no earlier: then the way is open, and it is the edge. To know at once, some others are probed out of turn.
// When none of those that passed answers, all are believed to fail, at one time: that is rung hold, which keeps the set as
// it is.
//
// An edge that refuses, or answers wrongly, has answered: it is never in doubt.

const (
	// credit is how long after a failure the answer of another edge speaks against the failed one: time enough for those who
	// are asked first. What is answered later shows only that the way is open again.
	credit = askAgain
	// witnesses is how many edges are asked at a time, every askAgain, while a failure is in doubt. It is told of when that
	// lasts longer than quiet.
	witnesses = 3
	askAgain  = time.Second
	quiet     = 2 * askAgain
	// maxDoubts is how many failures in a row are doubted while others do answer, if always too late to speak against them.
	maxDoubts = 3
)

// noContact is the word for it in the record.
const noContact = "no contact"

// contact is what the probes of a family say of the way to the edges. Times are on the monotonic clock.
type contact struct {
	heard    time.Time // when the latest probe began that was answered
	regained time.Time // when the one began that ended the last time without contact
	doubts   map[*edge]doubt
	ask      time.Time // when witnesses are asked next; only while there are doubts
	lost     bool      // nobody answers: all failures are believed for as long
	lostAt   time.Time
	told     bool // that contact is lost
}

// doubt is a failure that is not believed yet, or was believed of all edges at one time.
type doubt struct {
	began, ended time.Time     // of the silence
	stale        bool          // it began when there was no contact, and is not believed: the edge is probed anew
	first        time.Time     // when the first of the failures in a row was that are in doubt
	times        int           // how many there were before this one
	grade        history.Grade // what the edge had before
	average      time.Duration
}

// contactWith says how it stands with an edge whose result is taken up.
func (n *Network) contactWith(e *edge, f Family, r prober.Result) {
	if n.single != nil {
		return // each edge has one turn, and the decision follows when all have had it
	}
	c, m := &n.mem.contacts[f], e.members[f]
	stale, since := r.At.Before(c.regained), n.silentSince(r)
	d, doubted := c.doubts[e]
	switch {
	case silent(r) && c.lost && !e.canary: // it stays among those to be probed anew
	case r.Outcome == prober.OK && doubted && !m.hist.Grade(n.now(), n.rules).Passing():
		// What was never believed must not have it wait for rise.
		d.stale = true
		n.doubt(e, f, d)
	case !silent(r), !n.matters(e, f), !m.grade.Passing(), !stale && !since.After(c.heard):
		n.believe(e, f)
	case doubted && d.times+1 >= maxDoubts && c.heard.After(d.first):
		n.believe(e, f)
	default:
		next := doubt{since, time.Now(), stale, since, 0, m.grade, m.average}
		if doubted {
			next.first, next.times = d.first, d.times+1
		}
		n.doubt(e, f, next)
		c.ask = time.Now()
		if stale {
			n.hurry(e)
		}
	}
	// What fails as it did before, on this side of a cut maybe, does not end it.
	if r.Answered() && (!c.lost || r.Outcome == prober.OK) {
		n.hear(e, f, r.At, r.At.Add(cmp.Or(r.Phases.Connect, r.Took)))
	}
}

// matters says whether what is answered depends on an edge: others are believed, so that they do not come in instead.
func (n *Network) matters(e *edge, f Family) bool {
	r := n.mem.rotations[f]
	_, saved := slices.BinarySearch(r.live, e.name)
	return e.configured && e.members[f] != nil && (e.canary || saved || r.isLive(e.name))
}

// doubt has an edge keep the grade it had.
func (n *Network) doubt(e *edge, f Family, d doubt) {
	c, m := &n.mem.contacts[f], e.members[f]
	if c.doubts == nil {
		c.doubts = map[*edge]doubt{}
	}
	c.doubts[e] = d
	m.doubtful, m.fresh = true, true
	m.grade, m.average = d.grade, d.average
}

// silent says whether an edge fell silent, or was from the beginning. It may be down; or what lies between is.
func silent(r prober.Result) bool { return r.Outcome == prober.Timeout || r.Outcome == prober.Connect }

// silentSince is from when on others must have been asked whose answers speak against a silent edge. One that was awaited to
// the deadline may have answered at first, and what lies between failed later: half the time is far more than it takes to
// answer.
func (n *Network) silentSince(r prober.Result) time.Time {
	if r.Outcome == prober.Timeout {
		return r.At.Add(min(n.config.Timeout, r.Took) / 2) // of the last try
	}
	return r.At
}

// believe ends the doubt about an edge: its samples count as they are.
func (n *Network) believe(e *edge, f Family) {
	c := &n.mem.contacts[f]
	if _, ok := c.doubts[e]; !ok {
		return
	}
	delete(c.doubts, e)
	if m := e.members[f]; m != nil {
		m.doubtful = false
	}
	n.decideWithin(urgent)
}

// hear takes up that something came back then from an edge of which a probe began before.
func (n *Network) hear(from *edge, f Family, began, answered time.Time) {
	c := &n.mem.contacts[f]
	if !began.After(c.heard) {
		return
	}
	c.heard = began
	if c.lost && !answered.After(c.lostAt) {
		return // it is told only now, as the end of a probe that went on for long
	}
	late := func(d doubt) bool { return !d.stale && answered.After(d.ended.Add(credit)) }
	if c.lost || slices.ContainsFunc(slices.Collect(maps.Values(c.doubts)), late) {
		n.regain(from, f, began)
		return
	}
	for e, d := range c.doubts {
		if !d.stale && !began.Before(d.began) {
			n.believe(e, f)
		}
	}
}

// regain ends a time without contact. Who failed in it is probed anew before anything is made of that.
func (n *Network) regain(from *edge, f Family, began time.Time) {
	c := &n.mem.contacts[f]
	lost := c.lost
	if lost {
		n.calm = time.Now().Add(gather)
		n.decideAt = n.calm
	}
	c.lost, c.regained = false, began
	for _, e := range n.mem.edges {
		if e == from || !n.matters(e, f) {
			continue
		}
		if d, ok := c.doubts[e]; ok {
			if d.stale = true; lost {
				d.first, d.times = began, 0
			}
			n.doubt(e, f, d)
			n.hurry(e)
		}
	}
}

func (n *Network) tellContact(e ContactChanged) {
	n.tell(e)
	n.record(n.now(), e)
	n.decideWithin(urgent) // it is shown
}

// String says how contact was lost.
func (c *contact) String() string {
	since := "since the start"
	if !c.heard.IsZero() {
		since = "since " + c.heard.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("no edge has answered %s: this host may be cut off, and what is live stays until one answers", since)
}

// tellLost tells that contact is lost, once.
func (n *Network) tellLost(f Family) {
	if c := &n.mem.contacts[f]; !c.told {
		c.told = true
		n.tellContact(ContactChanged{Family: f, Lost: true, Text: c.String()})
	}
}

// lose has it that nobody answers.
func (n *Network) lose(f Family) {
	c := &n.mem.contacts[f]
	c.lost, c.lostAt = true, time.Now()
	for e := range c.doubts {
		// For a canary there is no rung that would hold it.
		e.members[f].doubtful = e.canary
	}
	n.decideWithin(urgent)
}
