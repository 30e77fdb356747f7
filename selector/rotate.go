package selector

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rotation is what timed rotation goes by. The zero value is that of a network that has not decided yet. It is not changed
// once it is part of a Decision.
type Rotation struct {
	Since time.Time            // when the live set changed last, for whatever reason
	Cycle []string             // edges that have been live in this cycle, sorted
	Live  map[string]time.Time // since when each live edge is
	Out   map[string]time.Time // since when edges are out that were live
}

// rotate exchanges one live edge when that is due, for an edge of the best grade there is. Those that have not been live in
// this cycle go before the others of that grade; when all have been, a new cycle starts. Among them the one longest out
// enters, then the fastest. The edge that is live longest leaves.
//
// It never exchanges for a worse grade, nor a forced edge, nor beyond the budget, and not in a decision that changes the set
// for another reason, which restarts the clock. Nor does it exchange what the other rules would undo.
func (d *Decision) rotate(in Input, s Settings) (newCycle bool) {
	r := in.Rotation
	due := s.RotateEvery > 0 && !r.Since.IsZero() && in.Now.Sub(r.Since) >= s.RotateEvery
	if !due || d.Rung < Short || d.Held > 0 || !sameNames(d.Live, in.LastLive) {
		return false
	}
	if n := d.Verdicts[0].Numbers; n.MaxChanges > 0 && n.Recent >= n.MaxChanges {
		return false
	}
	enters, newCycle := nextIn(d.Verdicts, r)
	if enters < 0 {
		return false
	}
	leaves := nextOut(d.Verdicts, r, &d.Verdicts[enters])
	if leaves < 0 {
		return false
	}
	out, entering := &d.Verdicts[leaves], &d.Verdicts[enters]
	live := slices.DeleteFunc(slices.Clone(d.Live), func(name string) bool { return name == out.Name })
	live = append(live, entering.Name)
	slices.Sort(live)
	again := in
	again.LastLive = live
	if a := ordinary(again, s); a.Held > 0 || !slices.Equal(a.Live, live) {
		return false
	}
	out.Live, out.Rule, out.Other = false, RuleRotatedOut, entering.Name
	entering.Live, entering.Rule, entering.Other = true, RuleRotatedIn, out.Name
	d.Live = live
	d.Substituted++
	return newCycle
}

// nextIn returns the edge whose turn it is to enter, -1 when no other passes, and whether a new cycle starts with it.
func nextIn(edges []Verdict, r Rotation) (best int, newCycle bool) {
	best = -1
	used := func(v *Verdict) bool {
		_, found := slices.BinarySearch(r.Cycle, v.Name)
		return found
	}
	before := func(a, b *Verdict) bool {
		if a.Grade != b.Grade {
			return a.Grade > b.Grade
		}
		if x, y := used(a), used(b); x != y {
			return y
		}
		if c := r.Out[a.Name].Compare(r.Out[b.Name]); c != 0 { // never live is longest out
			return c < 0
		}
		return byAverage(a, b) < 0
	}
	for i := range edges {
		v := &edges[i]
		if v.Live || v.Mode == Unavailable || v.Rule == RuleRemoved || !v.Grade.Passing() {
			continue
		}
		if best < 0 || before(v, &edges[best]) {
			best = i
		}
	}
	return best, best >= 0 && used(&edges[best])
}

// nextOut returns the edge that leaves for another, -1 when all are better than it, or forced.
func nextOut(edges []Verdict, r Rotation, entering *Verdict) int {
	first := -1
	for i := range edges {
		v := &edges[i]
		if !v.Live || v.Rule == RuleForced || v.Grade > entering.Grade {
			continue
		}
		if first < 0 || longerLive(v, &edges[first], r) < 0 {
			first = i
		}
	}
	return first
}

// longerLive puts the edge first that is live longest, then the worse grade, then the slower.
func longerLive(a, b *Verdict, r Rotation) int {
	if c := r.Live[a.Name].Compare(r.Live[b.Name]); c != 0 {
		return c
	}
	if a.Grade != b.Grade {
		return cmp.Compare(a.Grade, b.Grade)
	}
	return byAverage(b, a)
}

// after is what a rotation has become with a decision.
func (r Rotation) after(in Input, d *Decision, newCycle bool) Rotation {
	if !r.Since.IsZero() && sameNames(d.Live, in.LastLive) {
		return r
	}
	next := Rotation{Since: in.Now, Live: make(map[string]time.Time, len(d.Live)), Out: maps.Clone(r.Out)}
	if next.Out == nil {
		next.Out = map[string]time.Time{}
	}
	for _, name := range in.LastLive {
		next.Out[name] = in.Now
	}
	for _, name := range d.Live {
		delete(next.Out, name)
		if at, ok := r.Live[name]; ok {
			next.Live[name] = at
		} else {
			next.Live[name] = in.Now
		}
	}
	cycle := slices.Concat(r.Cycle, in.LastLive, d.Live)
	if newCycle {
		cycle = slices.Concat(in.LastLive, d.Live)
	}
	slices.Sort(cycle)
	gone := func(name string) bool {
		i, ok := slices.BinarySearchFunc(d.Verdicts, name, func(v Verdict, name string) int { return strings.Compare(v.Name, name) })
		return !ok || d.Verdicts[i].Rule == RuleRemoved
	}
	next.Cycle = slices.DeleteFunc(slices.Compact(cycle), gone)
	maps.DeleteFunc(next.Out, func(name string, _ time.Time) bool { return gone(name) })
	return next
}

// sameNames compares a live set with the last one, which need be neither sorted nor without duplicates.
func sameNames(live, last []string) bool {
	last = slices.Clone(last)
	slices.Sort(last)
	return slices.Equal(live, slices.Compact(last))
}

// Turn is a timed exchange to come.
type Turn struct {
	At             time.Time // not before Input.Now
	Leaves, Enters string    // empty when there is none to be made as things are
}

// NextTurn says what timed rotation would exchange next, and when, if nothing changed until then. The zero Turn is that of a
// network without, or that has not decided yet.
func NextTurn(in Input, s Settings) Turn {
	if s.RotateEvery <= 0 || in.Rotation.Since.IsZero() || in.Frozen {
		return Turn{}
	}
	if due := in.Rotation.Since.Add(s.RotateEvery); due.After(in.Now) {
		in.Now = due
	}
	turn := Turn{At: in.Now}
	d := ordinary(in, s)
	d.rotate(in, s)
	for i := range d.Verdicts {
		if v := &d.Verdicts[i]; v.Rule == RuleRotatedIn {
			turn.Enters, turn.Leaves = v.Name, v.Other
		}
	}
	return turn
}
