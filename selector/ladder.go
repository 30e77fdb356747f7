package selector

import (
	"slices"
	"strings"
)

// ladder is a decision in the making. An edge whose Rule is still zero may be
// picked; the steps give it a rule, and Live with it.
type ladder struct {
	Settings
	minLive int
	edges   []Verdict // sorted by name
	last    []int     // edges of the last live set, the removed ones too
	found   []int     // edges picked so far
	numbers *Numbers
}

func newLadder(in Input, s Settings) *ladder {
	s.EdgeCount = max(s.EdgeCount, 1)
	l := &ladder{Settings: s, numbers: new(Numbers)}
	l.edges = l.gather(in)

	usable := 0
	for i := range l.edges {
		v := &l.edges[i]
		if v.WasLive {
			l.last = append(l.last, i)
		}
		if v.Rule == RuleNone {
			usable++
		}
	}
	l.minLive = s.MinLive
	if l.minLive < 1 {
		l.minLive = max(1, (min(s.EdgeCount, usable)+1)/2)
	}
	*l.numbers = Numbers{
		EdgeCount:     s.EdgeCount,
		MinLive:       l.minLive,
		MaxChanges:    s.MaxChanges,
		MaxChangesPer: s.MaxChangesPer,
	}
	return l
}

// gather makes the verdicts, sorted by name, and rules out the edges that can
// never be live: the unavailable and the removed.
func (l *ladder) gather(in Input) []Verdict {
	gone := make(map[string]bool, len(in.LastLive)) // or live; settled below
	for _, name := range in.LastLive {
		gone[name] = true
	}
	edges := make([]Verdict, 0, len(in.Candidates)+len(gone))
	for i := range in.Candidates {
		c := &in.Candidates[i]
		v := Verdict{Name: c.Name, Mode: c.Mode, Grade: c.Grade, Average: c.Average, Numbers: l.numbers}
		if c.Mode == Unavailable {
			v.Rule = RuleUnavailable
		}
		if gone[c.Name] {
			v.WasLive = true
			delete(gone, c.Name)
		}
		edges = append(edges, v)
	}
	for name := range gone {
		edges = append(edges, Verdict{Name: name, Rule: RuleRemoved, WasLive: true, Numbers: l.numbers})
	}
	byName := func(a, b Verdict) int { return strings.Compare(a.Name, b.Name) }
	// The caller's list is usually sorted already, and sorting thousands of
	// edges is most of the cost of a decision.
	if !slices.IsSortedFunc(edges, byName) {
		slices.SortFunc(edges, byName)
	}
	return edges
}

// force pins the edges whose mode says so and returns their number.
func (l *ladder) force() int {
	for i := range l.edges {
		v := &l.edges[i]
		pinned := v.Mode == BlindForce || v.Mode == Force && v.Grade.Passing()
		if v.Rule == RuleNone && pinned {
			l.take(i, RuleForced)
		}
	}
	return len(l.found)
}

// keep retains the live edges that are good enough to stay.
func (l *ladder) keep() {
	floor := l.Keep.floor()
	kept := l.best(l.lastLive(), func(v *Verdict) bool { return v.Grade >= floor }, byAverage)
	l.takeAll(kept, RuleKept)
}

// fill takes the best of the passing rest. With keep better a live edge goes
// before the others of its grade, so that it gives way to a better grade only.
func (l *ladder) fill() {
	order := byGrade
	if l.Keep == Better {
		order = byGradeLiveFirst
	}
	for _, i := range l.best(l.everyone(), func(v *Verdict) bool { return v.Grade.Passing() }, order) {
		if l.Keep == Better && l.edges[i].WasLive {
			l.take(i, RuleKept)
		} else {
			l.take(i, RuleFilled)
		}
	}
}

// climbDown names the rung that was reached, adding edges that do not pass while
// too few do. None stands for fallback too.
func (l *ladder) climbDown() Rung {
	l.numbers.Found = len(l.found)
	if len(l.found) >= l.minLive {
		if len(l.found) >= l.EdgeCount {
			return Full
		}
		return Short
	}
	anyEdge := func(*Verdict) bool { return true }

	held := l.best(l.lastLive(), anyEdge, byAverage)
	if len(l.found)+len(held) >= l.minLive {
		l.takeAll(held, RuleHeld)
		return Hold
	}
	l.takeAll(l.best(l.everyone(), anyEdge, byGrade), RuleLastResort)
	if len(l.found) > 0 {
		return All
	}
	return None
}

func (l *ladder) take(i int, r Rule) {
	l.edges[i].Live, l.edges[i].Rule = true, r
	l.found = append(l.found, i)
}

func (l *ladder) takeAll(picked []int, r Rule) {
	for _, i := range picked {
		l.take(i, r)
	}
}

// judgeOut gives a rule to the edges that nothing picked.
func (l *ladder) judgeOut() {
	for i := range l.edges {
		v := &l.edges[i]
		switch {
		case v.Rule != RuleNone:
		case !v.Grade.Passing():
			v.Rule = RuleNotPassing
		case v.WasLive && v.Other != "":
			v.Rule = RuleDisplaced
		default:
			v.Rule = RuleCrowded
		}
	}
}
