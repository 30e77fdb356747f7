// Package selector decides which edges of a network are live in one address
// family, and says for every edge why it is in or out.
//
// It is pure: no clock, no randomness, no I/O, no logging. The same input gives
// the same decision whatever the order of its slices, which is why a dry run, an
// explanation and a replay of recorded rounds can be believed.
//
// What it promises:
//   - an unavailable edge, or one no longer configured, is never live;
//   - while an edge passes, the live set is not empty;
//   - no more than EdgeCount edges are live, unless more are forced, or were live
//     when an operator froze the set;
//   - nothing moves without need: selecting again from the result, with the
//     substitutions it made on record, gives the result;
//   - a frozen set changes by an operator's word only, whatever the grades, but it
//     never becomes empty for that.
//
// Everywhere the faster edge is the one with the lower average; ties go by name,
// compared as bytes.
package selector

import (
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// Settings are what the operator configured.
type Settings struct {
	EdgeCount     int           // live edges wanted, at least 1
	MinLive       int           // edges that must be found for rung short; 0 is half of what can be had, rounded up
	Keep          Keep          // grade that keeps a live edge in the set; the zero value is Better
	MaxChanges    int           // most substitutions within MaxChangesPer; 0 is no limit
	MaxChangesPer time.Duration // reach of the budget, back from now
	Strict        bool          // replacing an edge that fails is within the budget too
	Fallback      []netip.Addr  // addresses of last resort
	RotateEvery   time.Duration // one live edge is exchanged each; 0 is never
}

// Candidate is a configured edge as it stands. Names are unique.
type Candidate struct {
	Name    string
	Addr    netip.Addr // may be zero; keeps the address of an unavailable edge out of the fallback
	Mode    Mode
	Grade   history.Grade
	Average time.Duration // mean of its history, failures counted as the timeout
	Ordered bool          // its mode was set just now; only then does force bring an edge into a frozen set
}

// Input is the state of a network in one family at the time of the decision.
type Input struct {
	Candidates    []Candidate
	LastLive      []string    // names of the live set so far
	Substitutions []time.Time // when substitutions were made; old ones do no harm
	Now           time.Time
	Rotation      Rotation // of the decision before; not used without RotateEvery
	Frozen        bool     // an operator wants no change of LastLive but an operator's
}

// Decision is a live set with the reasons for it.
type Decision struct {
	Live        []string     // names, sorted as bytes; empty on rungs fallback and none
	Fallback    []netip.Addr // on rung fallback the addresses to publish, in configured order
	Rung        Rung         // how far down the ladder the set was found, before the budget
	Verdicts    []Verdict    // of every candidate and every name of LastLive, sorted by name
	Substituted int          // substitutions made; they count in the budget from Input.Now on
	Held        int          // substitutions the budget undid
	Forced      int          // candidates pinned by their mode
	MinLive     int          // the number used, the default worked out
	Warnings    []string     // for the operator, such as more forced edges than wanted
	Rotation    Rotation     // for the next decision; zero without RotateEvery
	Frozen      bool         // the set was kept because it is frozen; a freeze that has nothing to keep decides nothing
}

// Select takes the decision.
func Select(in Input, s Settings) Decision {
	d, newCycle := ordinary(in, s), false
	switch frozen, ok := freezing(in, s, d); {
	case ok:
		d = frozen
	case in.Frozen:
		d.Warnings = append(d.Warnings, nothingToFreeze)
	default:
		newCycle = d.rotate(in, s)
	}
	if s.RotateEvery > 0 {
		d.Rotation = in.Rotation.after(in, &d, newCycle)
	}
	return d
}

// freezing is freeze where the set is frozen.
func freezing(in Input, s Settings, free Decision) (d Decision, ok bool) {
	if !in.Frozen {
		return Decision{}, false
	}
	return freeze(in, s, free)
}

// ordinary takes the decision as if nothing were frozen.
func ordinary(in Input, s Settings) Decision {
	l := newLadder(in, s)
	d := Decision{MinLive: l.minLive}

	d.Forced = l.force()
	l.keep()
	l.fill()
	d.Rung = l.climbDown()

	d.Substituted, d.Held = l.budget(in)
	l.judgeOut()

	d.Verdicts = l.edges
	d.Live = liveNames(l.edges)
	if d.Rung == None {
		if d.Fallback = fallback(s.Fallback, in.Candidates); len(d.Fallback) > 0 {
			d.Rung = Fallback
		}
	}
	if d.Forced > l.EdgeCount {
		d.Warnings = append(d.Warnings, tooManyForced(d.Forced, l.EdgeCount))
	}
	return d
}

// liveNames lists the live edges; edges are sorted by name, so are these.
func liveNames(edges []Verdict) []string {
	var names []string
	for i := range edges {
		if edges[i].Live {
			names = append(names, edges[i].Name)
		}
	}
	return names
}

// fallback returns the addresses that are not those of an unavailable edge:
// unavailable is absolute, also for an address of last resort.
func fallback(addrs []netip.Addr, candidates []Candidate) []netip.Addr {
	if len(addrs) == 0 {
		return nil
	}
	unavailable := make(map[netip.Addr]bool)
	for i := range candidates {
		if candidates[i].Mode == Unavailable {
			unavailable[candidates[i].Addr.Unmap()] = true
		}
	}
	var out []netip.Addr
	for _, a := range addrs {
		if !unavailable[a.Unmap()] {
			out = append(out, a)
		}
	}
	return out
}
