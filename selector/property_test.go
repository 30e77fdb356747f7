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

func drawSettings(t *rapid.T) Settings {
	s := Settings{
		EdgeCount:     rapid.IntRange(1, 6).Draw(t, "edge_count"),
		MaxChanges:    rapid.IntRange(0, 4).Draw(t, "max_changes"),
		MaxChangesPer: 10 * time.Minute,
		Strict:        rapid.Bool().Draw(t, "strict"),
		Keep: rapid.SampledFrom([]Keep{
			Better, Keep(history.Pass), Keep(history.PassAverage), Keep(history.PassWindow), Keep(history.PassThreshold),
		}).Draw(t, "keep"),
	}
	s.MinLive = rapid.IntRange(0, s.EdgeCount).Draw(t, "min_live")
	return s
}

// drawPool draws candidates out of a dozen names; few averages make for ties.
func drawPool(t *rapid.T) []Candidate {
	var out []Candidate
	for i := range 12 {
		if rapid.IntRange(0, 4).Draw(t, "listed") == 0 {
			continue
		}
		out = append(out, Candidate{
			Name:    fmt.Sprintf("edge%d", i),
			Grade:   history.Grade(rapid.IntRange(0, int(history.PassThreshold)).Draw(t, "grade")),
			Average: time.Duration(rapid.IntRange(1, 5).Draw(t, "average")) * 100 * time.Millisecond,
			Mode: rapid.SampledFrom([]Mode{
				Available, Available, Available, Available, Available, Available, Force, BlindForce, Unavailable,
			}).Draw(t, "mode"),
		})
	}
	return out
}

func drawNames(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("edge%d", rapid.IntRange(0, 13).Draw(t, "name"))
	}), 0, 8).Draw(t, "last live")
}

func drawInput(t *rapid.T) Input {
	in := Input{Candidates: drawPool(t), LastLive: drawNames(t), Now: now}
	for range rapid.IntRange(0, 5).Draw(t, "recent") {
		in.Substitutions = append(in.Substitutions, now.Add(-time.Duration(rapid.IntRange(0, 20).Draw(t, "ago"))*time.Minute))
	}
	return in
}

func TestEveryDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := drawSettings(t), drawInput(t)
		d := Select(in, s)
		checkLiveSet(t, in, s, d)
		checkVerdicts(t, in, d)
	})
}

func checkLiveSet(t *rapid.T, in Input, s Settings, d Decision) {
	candidates := make(map[string]Candidate)
	passes := false
	for _, c := range in.Candidates {
		candidates[c.Name] = c
		passes = passes || c.Mode != Unavailable && c.Grade.Passing()
	}
	for _, name := range d.Live {
		if c, ok := candidates[name]; !ok || c.Mode == Unavailable {
			t.Fatalf("got %s live, which is removed or unavailable", name)
		}
	}
	if passes && len(d.Live) == 0 {
		t.Fatal("got no live edge though one passes")
	}
	if len(d.Live) > max(s.EdgeCount, d.Forced) {
		t.Fatalf("got %d live, want at most %d, or %d forced", len(d.Live), s.EdgeCount, d.Forced)
	}
	if !slices.IsSorted(d.Live) || len(slices.Compact(slices.Clone(d.Live))) != len(d.Live) {
		t.Fatalf("got live %v, want it sorted and without duplicates", d.Live)
	}
	if empty := d.Rung <= Fallback; empty != (len(d.Live) == 0) {
		t.Fatalf("got rung %s with live %v", d.Rung, d.Live)
	}
}

// Every candidate and every last live edge has one verdict, which agrees with the
// live set.
func checkVerdicts(t *rapid.T, in Input, d Decision) {
	want := slices.Clone(in.LastLive)
	for _, c := range in.Candidates {
		want = append(want, c.Name)
	}
	slices.Sort(want)
	want = slices.Compact(want)

	var got, live []string
	for _, v := range d.Verdicts {
		got = append(got, v.Name)
		if v.Live {
			live = append(live, v.Name)
		}
		if v.WasLive != slices.Contains(in.LastLive, v.Name) {
			t.Fatalf("got %s was live %t, last live %v", v.Name, v.WasLive, in.LastLive)
		}
		if v.Rule == RuleNone || v.String() == "" {
			t.Fatalf("got rule %s, text %q for %s", v.Rule, v, v.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" && len(want) > 0 {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(live, d.Live); diff != "" {
		t.Fatal(diff)
	}
}

// "Care is taken that DNS changes are not made where they are not needed": the
// set decided is decided again while nothing else changes.
func TestUnchangedPoolKeepsSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := drawSettings(t), drawInput(t)
		first := Select(in, s)
		in.LastLive = first.Live
		for range first.Substituted {
			in.Substitutions = append(in.Substitutions, in.Now)
		}
		again := Select(in, s)
		if diff := cmp.Diff(first.Live, again.Live); diff != "" {
			t.Fatal(diff)
		}
		if again.Substituted != 0 {
			t.Fatalf("got %d substitutions, want none", again.Substituted)
		}
	})
}

func TestOrderOfInputsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := drawSettings(t), drawInput(t)
		shuffled := Input{
			Candidates:    rapid.Permutation(in.Candidates).Draw(t, "candidates"),
			LastLive:      rapid.Permutation(append(in.LastLive, in.LastLive...)).Draw(t, "names, each twice"),
			Substitutions: rapid.Permutation(in.Substitutions).Draw(t, "substitutions"),
			Now:           in.Now,
		}
		if diff := cmp.Diff(Select(in, s), Select(shuffled, s)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestInputIsLeftAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, in := drawSettings(t), drawInput(t)
		before := Input{Candidates: slices.Clone(in.Candidates), LastLive: slices.Clone(in.LastLive)}
		Select(in, s)
		if diff := cmp.Diff(before.Candidates, in.Candidates, cmp.Comparer(func(a, b Candidate) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(before.LastLive, in.LastLive); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Over any number of rounds, an optional substitution is made only while there
// is room: at that moment the window holds no more than the limit.
func TestBudgetHoldsInEveryWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		s.MaxChanges = max(s.MaxChanges, 1)
		in := Input{Now: now}
		for range rapid.IntRange(1, 20).Draw(t, "rounds") {
			in.Now = in.Now.Add(time.Duration(rapid.IntRange(0, 240).Draw(t, "seconds")) * time.Second)
			in.Candidates = drawPool(t)
			d := Select(in, s)

			for range d.Substituted {
				in.Substitutions = append(in.Substitutions, in.Now)
			}
			in.LastLive = d.Live
			within := 0
			for _, at := range in.Substitutions {
				if at.After(in.Now.Add(-s.MaxChangesPer)) {
					within++
				}
			}
			if made := optional(d, s.Strict); made > 0 && within > s.MaxChanges {
				t.Fatalf("got %d substitutions of %d within %s, %d of them now and not exempt",
					within, s.MaxChanges, s.MaxChangesPer, made)
			}
		}
	})
}

// optional counts the substitutions of a decision that were not exempt, from the
// verdicts of the leaving edges.
func optional(d Decision, strict bool) (n int) {
	rule := make(map[string]Rule)
	for _, v := range d.Verdicts {
		rule[v.Name] = v.Rule
	}
	for _, v := range d.Verdicts {
		if !v.WasLive || v.Live || v.Other == "" {
			continue
		}
		gone := v.Rule == RuleRemoved || v.Rule == RuleUnavailable
		fails := v.Grade == history.Fail && !strict
		if !gone && !fails && rule[v.Other] != RuleForced {
			n++
		}
	}
	return n
}
