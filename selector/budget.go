package selector

import (
	"cmp"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// budget pairs the edges that leave with those that enter and undoes the pairs
// the operator's limit of changes has no room for. It returns how many
// substitutions are made and how many are held back.
//
// A pair is exempt when waiting would do harm or defy the operator: its leaving
// edge is gone, unavailable or (unless strict) failing, or its entering edge is
// forced. Exempt pairs happen whatever the limit, and use it up.
func (l *ladder) budget(in Input) (made, held int) {
	leaving, entering := l.moved()
	pairs := min(len(leaving), len(entering))
	exempt := func(i int) bool {
		out, in := &l.edges[leaving[i]], &l.edges[entering[i]]
		return departure(out) == lost || in.Rule == RuleForced || !l.Strict && departure(out) == failing
	}

	since := in.Now.Add(-l.MaxChangesPer)
	for _, at := range in.Substitutions {
		if at.After(since) {
			l.numbers.Recent++
		}
	}
	left := l.MaxChanges - l.numbers.Recent
	for i := range pairs {
		if exempt(i) {
			left--
		}
	}

	for i := range pairs {
		out, in := &l.edges[leaving[i]], &l.edges[entering[i]]
		out.Other, in.Other = in.Name, out.Name
		switch {
		case exempt(i) || l.MaxChanges <= 0:
			made++
		case left > 0:
			left--
			made++
		default:
			held++
			out.Live, out.Rule = true, RuleBudgetStays
			in.Live, in.Rule = false, RuleBudgetWaits
		}
	}
	return made, held
}

// moved returns the edges that leave and those that enter, each in the order in
// which they are paired.
func (l *ladder) moved() (leaving, entering []int) {
	for _, i := range l.last {
		if !l.edges[i].Live {
			leaving = append(leaving, i)
		}
	}
	for _, i := range l.found {
		if !l.edges[i].WasLive {
			entering = append(entering, i)
		}
	}
	slices.SortFunc(leaving, func(a, b int) int { return byUrgency(&l.edges[a], &l.edges[b]) })
	slices.SortFunc(entering, func(a, b int) int { return byWelcome(&l.edges[a], &l.edges[b]) })
	return leaving, entering
}

// The classes of edges that leave, the most urgent first.
const (
	lost    = iota // gone or unavailable
	failing        // of grade fail
	outdone        // there are better ones
)

func departure(v *Verdict) int {
	switch {
	case v.Rule == RuleRemoved || v.Rule == RuleUnavailable:
		return lost
	case v.Grade == history.Fail:
		return failing
	default:
		return outdone
	}
}

// byUrgency orders the leaving edges: by class, then the worst grade first, then
// the slowest.
func byUrgency(a, b *Verdict) int {
	if c := cmp.Compare(departure(a), departure(b)); c != 0 {
		return c
	}
	if departure(a) == outdone && a.Grade != b.Grade {
		return cmp.Compare(a.Grade, b.Grade)
	}
	return byAverage(b, a)
}

// byWelcome orders the entering edges: forced, then the best grade, then the
// fastest.
func byWelcome(a, b *Verdict) int {
	if forced := a.Rule == RuleForced; forced != (b.Rule == RuleForced) {
		if forced {
			return -1
		}
		return 1
	}
	return byGrade(a, b)
}
