package selector

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// best returns, for the places still free, the first in the given order of those
// edges in from that have no rule yet and are fit. It keeps a short sorted list
// instead of sorting thousands of edges.
func (l *ladder) best(from iter.Seq[int], fit func(*Verdict) bool, order func(a, b *Verdict) int) []int {
	free := l.EdgeCount - len(l.found)
	if free <= 0 {
		return nil
	}
	var top []int
	for i := range from {
		v := &l.edges[i]
		if v.Rule != RuleNone || !fit(v) {
			continue
		}
		if len(top) == free {
			if order(v, &l.edges[top[free-1]]) > 0 {
				continue
			}
			top = top[:free-1]
		}
		at, _ := slices.BinarySearchFunc(top, v, func(j int, v *Verdict) int { return order(&l.edges[j], v) })
		top = slices.Insert(top, at, i)
	}
	return top
}

// everyone is all edges, lastLive those of the last live set.
func (l *ladder) everyone() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range l.edges {
			if !yield(i) {
				return
			}
		}
	}
}

func (l *ladder) lastLive() iter.Seq[int] { return slices.Values(l.last) }

// byAverage puts the faster edge first.
func byAverage(a, b *Verdict) int {
	if c := cmp.Compare(a.Average, b.Average); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// byGrade puts the better grade first, then the faster edge.
func byGrade(a, b *Verdict) int {
	if a.Grade != b.Grade {
		return cmp.Compare(b.Grade, a.Grade)
	}
	return byAverage(a, b)
}

// byGradeLiveFirst is byGrade, the live edges of each grade before the others.
func byGradeLiveFirst(a, b *Verdict) int {
	if a.Grade == b.Grade && a.WasLive != b.WasLive {
		if a.WasLive {
			return -1
		}
		return 1
	}
	return byGrade(a, b)
}
