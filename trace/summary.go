package trace

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Summary is what the rounds of a trace come to as a whole: how often the answer moved, and how good it was meanwhile.
// What a round decided lasts until the next one, so the last one takes no time.
type Summary struct {
	Name    string
	Rounds  int
	From    time.Time     // of the first round
	Covered time.Duration // from the first round to the last; less where a clock was set back

	EdgeCount     int
	Rotations     int           // rounds that changed what is answered, the first one not counted
	Substitutions int           // edges that took another one's place
	Held          int           // times that the budget of changes held a substitution back which it had not before
	Calm          time.Duration // the longest time without a rotation

	Below   time.Duration // fewer edges were live than edge_count
	Failing time.Duration // a live edge's last probe had failed
	Rungs   []RungTime    // from the best rung down, those that were stood on
	Edges   []EdgeTime    // those that were ever live, the longest first, then by name
}

// RungTime is how long a rung was stood on.
type RungTime struct {
	Rung selector.Rung
	Time time.Duration
}

// EdgeTime is how long an edge was live, and for how much of that its last probe had failed. On rung fallback the addresses
// of last resort are among the edges.
type EdgeTime struct {
	Edge          string
	Live, Failing time.Duration
}

// Summarize decides the rounds of a trace, as Run does, and sums them up. It keeps no round, so that long traces fit.
func Summarize(t Trace) Summary {
	s := summing{
		Summary: Summary{Name: t.Name, Rounds: len(t.Rounds), EdgeCount: t.Settings.Selection.EdgeCount},
		failed:  map[string]bool{}, edges: map[string]*EdgeTime{},
	}
	r := newRun(t.Settings)
	for i, round := range t.Rounds {
		d, live := r.round(round)
		for name, f := range round.Fetch {
			s.failed[name] = f.Failed || f.Took >= t.Settings.Grading.Timeout
		}
		var lasts time.Duration
		if i+1 < len(t.Rounds) {
			lasts = max(0, t.Rounds[i+1].At.Sub(round.At))
		}
		if i == 0 {
			s.From, s.live = round.At, live
		}
		s.count(d, live)
		s.spend(lasts, d)
	}
	return s.finish()
}

// summing is a summary in the making.
type summing struct {
	Summary
	failed map[string]bool // whose last probe failed
	live   []string        // what is answered
	held   int
	calm   time.Duration // since the last rotation
	rungs  [selector.Full + 1]time.Duration
	edges  map[string]*EdgeTime
}

// count takes note of what a round changed.
func (s *summing) count(d selector.Decision, live []string) {
	if !slices.Equal(s.live, live) {
		s.Rotations++
		s.calm = 0
	}
	s.live = live
	s.Substitutions += d.Substituted
	s.Held += max(0, d.Held-s.held)
	s.held = d.Held
}

// spend takes note of the time that a decision lasts.
func (s *summing) spend(lasts time.Duration, d selector.Decision) {
	s.Covered += lasts
	s.calm += lasts
	s.Calm = max(s.Calm, s.calm)
	s.rungs[d.Rung] += lasts
	if len(d.Live) < s.EdgeCount {
		s.Below += lasts
	}
	failing := false
	for _, name := range s.live {
		e := s.edges[name]
		if e == nil {
			e = &EdgeTime{Edge: name}
			s.edges[name] = e
		}
		e.Live += lasts
		if s.failed[name] {
			e.Failing += lasts
			failing = true
		}
	}
	if failing {
		s.Failing += lasts
	}
}

func (s *summing) finish() Summary {
	for rung, spent := range slices.Backward(s.rungs[:]) {
		if spent > 0 {
			s.Rungs = append(s.Rungs, RungTime{selector.Rung(rung), spent})
		}
	}
	for _, e := range s.edges {
		s.Edges = append(s.Edges, *e)
	}
	slices.SortFunc(s.Edges, func(a, b EdgeTime) int {
		return cmp.Or(cmp.Compare(b.Live, a.Live), strings.Compare(a.Edge, b.Edge))
	})
	return s.Summary
}
