//go:build e2e && bench

package test

import "testing"

// goal is a figure that a part of the run is to have.
type goal struct {
	part, what, unit string
	// most is what it should not exceed, nil when it is there to compare with.
	most *float64
}

// atMost is a goal's bound.
func atMost(v float64) *float64 { return &v }

// complete looks through what one part of the run has added, from the figure with a number on. Where the part has failed
// its figures say so. A goal without a figure gets a row that says that it was not measured; of a part that has passed that
// is a fault of the program, as is a figure with a goal that is not among those there should be.
func (r *results) complete(t testing.TB, from int, passed bool, goals []goal) {
	t.Helper()
	type place struct{ part, what string }
	there, unlisted := map[place]bool{}, map[place]bool{}
	for i := from; i < len(r.Figures); i++ {
		f := &r.Figures[i]
		f.Failed = !passed
		there[place{f.Part, f.What}] = true
		if f.Goal != nil {
			unlisted[place{f.Part, f.What}] = true
		}
	}
	for _, g := range goals {
		at := place{g.part, g.what}
		delete(unlisted, at)
		if there[at] {
			continue
		}
		why := "the part of the run that measures it ended before"
		if passed {
			why = "nothing has measured it"
			t.Errorf("no figure for %s: %s", g.part, g.what)
		}
		r.missing(t, g.part, g.what, g.unit, g.most, why)
	}
	for at := range unlisted {
		t.Errorf("the figure for %s: %s has a goal that the list of goals does not have", at.part, at.what)
	}
}
