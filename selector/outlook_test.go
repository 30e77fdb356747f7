package selector

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// What an Outlook says is a promise: an edge that becomes what it needs enters, in the place of whom it said.
func TestNeedIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := drawSettings(t), drawInput(t)
		// Both a set that the last decision left, as is usual, and one that something just happened to.
		settled := rapid.Bool().Draw(t, "settled")
		if settled {
			d := Select(in, s)
			in.LastLive = d.Live
			for range d.Substituted {
				in.Substitutions = append(in.Substitutions, in.Now)
			}
		}
		o := NewOutlook(in, s)
		d := Select(in, s)
		for i, c := range in.Candidates {
			n, v := o.Need(c.Name), verdictOf(d, c.Name)
			if v.Live && v.WasLive && n != (Need{}) {
				t.Fatalf("%s is live and stays: got need %+v", c.Name, n)
			}
			would := c
			if would.Mode == Unavailable {
				would.Mode = Available
			}
			if !n.Enters {
				would.Grade, would.Average = history.PassThreshold, 0
				if v := after(in, s, i, would); !v.Live && v.Rule == RuleBudgetWaits {
					t.Fatalf("%s as good as can be waits for the budget: got no need", c.Name)
				} else if v.Live && !v.WasLive {
					t.Fatalf("%s enters as good as can be: got no need", c.Name)
				}
				continue
			}
			check := func(grade history.Grade, average time.Duration) {
				t.Helper()
				would.Grade, would.Average = grade, average
				in, s := in, s
				switch {
				case n.Budget && n.At.IsZero():
					s.MaxChanges = 0
				case n.Budget:
					in.Now = n.At
				}
				v := after(in, s, i, would)
				// While others are on the move too, a better grade may pair it with another edge, and so with the budget.
				settled := settled && d.Held == 0
				if same := grade == n.Grade; !v.Live && (same || settled || v.Rule != RuleBudgetWaits && !v.WasLive) {
					t.Fatalf("%s with %s, %s: got %q, want it to enter as promised by %+v", c.Name, grade, average, v, n)
				} else if (same || settled) && v.Other != n.Displaces && !v.WasLive {
					t.Fatalf("%s with %s: displaces %q, want %q as promised", c.Name, grade, v.Other, n.Displaces)
				}
			}
			average := c.Average
			if n.Under > 0 {
				average = n.Under - 1
			}
			check(n.Grade, average)
			for g := n.Grade + 1; g <= history.PassThreshold; g++ {
				check(g, average)
			}
			if n.OrUnder > 0 {
				check(c.Grade, n.OrUnder-1)
			}
		}
	})
}

// The grade that is named is the lowest: with its own and those between the edge stays out.
func TestNeedIsTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := drawSettings(t), drawInput(t)
		o := NewOutlook(in, s)
		for i, c := range in.Candidates {
			n := o.Need(c.Name)
			if !n.Enters || n.Under > 0 || n.Grade == c.Grade || c.Mode == Unavailable {
				continue
			}
			for g := c.Grade; g < n.Grade; g++ {
				would := c
				would.Grade = g
				if v := after(in, s, i, would); (v.Live || v.Rule == RuleBudgetWaits) && (g == c.Grade || g.Passing()) {
					t.Fatalf("%s with %s: got %q, want it out until it is %s", c.Name, g, v, n.Grade)
				}
			}
		}
	})
}

// after decides with one candidate changed and says what becomes of it.
func after(in Input, s Settings, i int, c Candidate) Verdict {
	in.Candidates = slices.Clone(in.Candidates)
	in.Candidates[i] = c
	return verdictOf(Select(in, s), c.Name)
}

func verdictOf(d Decision, name string) Verdict {
	for _, v := range d.Verdicts {
		if v.Name == name {
			return v
		}
	}
	return Verdict{}
}

func TestNeed(t *testing.T) {
	const ms = time.Millisecond
	pool := []Candidate{
		{Name: "a", Grade: history.PassThreshold, Average: 100 * ms},
		{Name: "b", Grade: history.PassWindow, Average: 800 * ms},
		{Name: "c", Grade: history.PassAverage, Average: 200 * ms},
		{Name: "d", Grade: history.Fail, Average: 5 * time.Second},
		{Name: "e", Grade: history.PassThreshold, Average: 50 * ms, Mode: Unavailable},
		{Name: "f", Grade: history.Unknown},
	}
	tests := []struct {
		name   string
		change func(in *Input, s *Settings)
		edge   string
		want   Need
	}{
		{"live", nil, "a", Need{}},
		{"no candidate", nil, "z", Need{}},
		{"a better grade than the worst of the live edges", nil, "c",
			Need{Enters: true, Grade: history.PassThreshold, Displaces: "b"}},
		{"one that fails", nil, "d", Need{Enters: true, Grade: history.PassThreshold, Displaces: "b"}},
		{"one never probed", nil, "f", Need{Enters: true, Grade: history.PassThreshold, Displaces: "b"}},
		{"an unavailable one that is better", nil, "e", Need{Enters: true, Grade: history.PassThreshold, Displaces: "b"}},
		{"a place is free", func(in *Input, s *Settings) { in.LastLive, s.EdgeCount = []string{"a", "b", "c"}, 4 }, "d",
			Need{Enters: true, Grade: history.Pass}},
		{"nothing would do", func(in *Input, s *Settings) { s.Keep = Keep(history.Pass) }, "c", Need{}},
		{"forced, and fails", func(in *Input, s *Settings) { in.Candidates[3].Mode = Force }, "d",
			Need{Enters: true, Grade: history.Pass, Displaces: "b"}},
		{"as good a grade, and faster", func(in *Input, s *Settings) {
			s.Keep = Keep(history.PassThreshold)
			in.Candidates[2].Grade, in.Candidates[2].Average = history.PassWindow, 900*ms
		}, "c", Need{Enters: true, Grade: history.PassThreshold, OrUnder: 800 * ms, Displaces: "b"}},
		{"the budget is used up", func(in *Input, s *Settings) {
			s.MaxChanges, s.MaxChangesPer = 1, 10*time.Minute
			in.Substitutions = []time.Time{in.Now.Add(-time.Minute)}
		}, "c", Need{Enters: true, Grade: history.PassThreshold, Displaces: "b", Budget: true, At: now.Add(9 * time.Minute)}},
		{"waits for the budget", func(in *Input, s *Settings) {
			s.MaxChanges, s.MaxChangesPer = 1, 10*time.Minute
			in.Candidates[2].Grade = history.PassThreshold
			in.Substitutions = []time.Time{in.Now.Add(-time.Minute), in.Now.Add(-2 * time.Minute), in.Now.Add(-time.Hour)}
		}, "c", Need{Enters: true, Grade: history.PassThreshold, Displaces: "b", Budget: true, At: now.Add(9 * time.Minute)}},
		{"frozen: as if it were not", func(in *Input, s *Settings) { in.Frozen = true }, "c",
			Need{Enters: true, Grade: history.PassThreshold, Displaces: "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Candidates: slices.Clone(pool), LastLive: []string{"a", "b"}, Now: now}
			s := Settings{EdgeCount: 2}
			if tt.change != nil {
				tt.change(&in, &s)
			}
			if diff := cmp.Diff(tt.want, NewOutlook(in, s).Need(tt.edge)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// All edges of the largest network are explained in tens of milliseconds.
func BenchmarkOutlook(b *testing.B) {
	in := Input{Now: now}
	for i := range 10_000 {
		in.Candidates = append(in.Candidates, Candidate{
			Name: fmt.Sprintf("edge%05d.example.net", i), Grade: history.Grade(i % 6), Average: time.Duration(i*7919%1000) * time.Millisecond,
			Mode: []Mode{Available, Available, Available, Unavailable}[i%4],
		})
	}
	s := Settings{EdgeCount: 32, MaxChanges: 10, MaxChangesPer: 10 * time.Minute}
	in.LastLive = Select(in, s).Live
	in.Substitutions = slices.Repeat([]time.Time{now}, 10)
	b.ReportAllocs()
	for b.Loop() {
		o := NewOutlook(in, s)
		for i := range in.Candidates {
			o.Need(in.Candidates[i].Name)
		}
	}
}
