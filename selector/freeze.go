package selector

import "slices"

// nothingToFreeze is the warning for a freeze that has no edge to keep live: an
// answer goes before standing still.
const nothingToFreeze = "frozen, but no edge of the set is left to keep: the ordinary rules decide"

// freeze decides on a set that an operator has frozen: nothing moves but by an
// operator's word, whatever the grades. What is unavailable or removed leaves and
// is not replaced; what is forced enters, and where that makes more than EdgeCount
// the slowest that are not forced give way, one for each that entered. It is false
// when nothing of the set is left. free is the decision as if nothing were frozen.
func freeze(in Input, s Settings, free Decision) (d Decision, ok bool) {
	l := newLadder(in, s)
	d.Forced = l.order(in)
	l.stay()
	if len(l.found) == 0 {
		return Decision{}, false
	}
	d.Frozen, d.MinLive = true, l.minLive
	d.Rung = l.countPassing()
	d.Substituted, d.Held = l.budget(in)
	l.judgeFrozen(free.Verdicts)

	d.Verdicts, d.Live = l.edges, liveNames(l.edges)
	if d.Forced > l.EdgeCount {
		d.Warnings = append(d.Warnings, tooManyForced(d.Forced, l.EdgeCount))
	}
	return d, true
}

// order pins the edges whose mode says so and returns their number. One of mode
// force that is not live enters only as the operator says it, if it passes then:
// when it came to pass later it would move by itself.
func (l *ladder) order(in Input) int {
	ordered := make(map[string]bool)
	for i := range in.Candidates {
		if c := &in.Candidates[i]; c.Ordered {
			ordered[c.Name] = true
		}
	}
	for i := range l.edges {
		v := &l.edges[i]
		pinned := v.Mode == BlindForce || v.Mode == Force && v.Grade.Passing() && (v.WasLive || ordered[v.Name])
		if v.Rule == RuleNone && pinned {
			l.take(i, RuleForced)
		}
	}
	return len(l.found)
}

// stay keeps the edges of the frozen set, but for those that give way to forced
// ones. A set that was larger than EdgeCount before does not shrink for that.
func (l *ladder) stay() {
	entered := 0
	for _, i := range l.found {
		if !l.edges[i].WasLive {
			entered++
		}
	}
	var staying []int
	for _, i := range l.last {
		if l.edges[i].Rule == RuleNone {
			staying = append(staying, i)
		}
	}
	slices.SortFunc(staying, func(a, b int) int { return byAverage(&l.edges[a], &l.edges[b]) })
	excess := max(0, len(l.found)+len(staying)-l.EdgeCount)
	giveWay := min(excess, entered, len(staying))
	l.takeAll(staying[:len(staying)-giveWay], RuleFrozen)
}

// countPassing names the rung of a frozen set by what of it passes or is forced.
func (l *ladder) countPassing() Rung {
	for _, i := range l.found {
		if v := &l.edges[i]; v.Rule == RuleForced || v.Grade.Passing() {
			l.numbers.Found++
		}
	}
	switch {
	case l.numbers.Found < l.minLive:
		return Hold
	case l.numbers.Found < l.EdgeCount:
		return Short
	}
	return Full
}

// judgeFrozen says of the edges that are out whether it is the freeze that keeps
// them out, and of those that stay whether it is the freeze that keeps them. free
// are the verdicts of the same edges, in the same order.
func (l *ladder) judgeFrozen(free []Verdict) {
	for i := range l.edges {
		v, f := &l.edges[i], &free[i]
		switch {
		case v.Rule == RuleFrozen:
			v.Due = !f.Live
		case v.Rule != RuleNone:
		case v.WasLive:
			v.Rule = RuleDisplaced
		case f.Live || f.Rule == RuleBudgetWaits:
			v.Rule, v.Due = RuleFrozenOut, f.Live
		default:
			v.Rule = f.Rule
		}
	}
}
