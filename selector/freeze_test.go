package selector

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

func TestFrozen(t *testing.T) {
	tests := []struct {
		name     string
		settings Settings
		pool     string
		ordered  string
		last     string
		live     string
		rung     Rung
		rules    string
	}{
		{"nothing moves", want3, "a fail 9, b pass 8, c unknown 7, d pt 1, e pt 2", "", "a b c", "a b c", Hold,
			"a:frozen b:frozen c:frozen d:frozen_out e:frozen_out"},
		{"enough pass", want3, "a fail 9, b pass 8, c pass 7, d pt 1", "", "a b c", "a b c", Short,
			"a:frozen b:frozen c:frozen d:frozen_out"},
		{"all pass", want3, "a pt 9, b pass 8, c pass 7, d pass 9", "", "a b c", "a b c", Full,
			"a:frozen b:frozen c:frozen d:crowded"},
		{"a small set does not grow", want3, "a pt 9, b pt 1, c fail 1", "", "a", "a", Hold, "a:frozen b:frozen_out c:not_passing"},
		{"a large set does not shrink", Settings{EdgeCount: 1}, "a pt 9, b pt 1", "", "a b", "a b", Full, "a:frozen b:frozen"},
		{"unavailable leaves and is not replaced", want3, "a pt 1 unavailable, b pt 2, c pt 3, d pt 4", "a", "a b c", "b c", Short,
			"a:unavailable b:frozen c:frozen d:frozen_out"},
		{"removed leaves and is not replaced", want3, "b pt 2, c pt 3, d pt 4", "", "a b c", "b c", Short,
			"a:removed b:frozen c:frozen d:frozen_out"},
		{"unavailable while all others fail", want3, "a pt 1 unavailable, b fail 2, c fail 3, d pt 4", "a", "a b c", "b c", Hold,
			"a:unavailable b:frozen c:frozen d:frozen_out"},
		{"the last one leaves: the ordinary rules", want3, "a pt 1 unavailable, b pt 2, c pt 3, d fail 4", "a", "a", "b c", Short,
			"a:unavailable b:filled c:filled d:not_passing"},
		{"the last one leaves and none passes", want3, "a pt 1 unavailable, b fail 2", "a", "a", "b", All, "a:unavailable b:last_resort"},
		{"nothing at all is left", want3, "a pt 1 unavailable", "a", "a", "", None, "a:unavailable"},
		{"available again does not enter", want3, "a pt 1, b pt 2, c pt 3", "a", "b c", "b c", Short, "a:frozen_out b:frozen c:frozen"},

		{"blindforce enters", want3, "a fail 9 blindforce, b pt 1, c pt 2", "", "b c", "a b c", Full, "a:forced b:frozen c:frozen"},
		{"the slowest gives way", want3, "a pt 1 blindforce, b pt 5, c pt 9, d fail 7", "", "b c d", "a b d", Short,
			"a:forced b:frozen c:displaced d:frozen"},
		{"only what is not forced gives way", want3, "a pt 1 blindforce, b pt 5, c pt 9 blindforce, d pt 7 force", "", "b c d", "a c d", Full,
			"a:forced b:displaced c:forced d:forced"},
		{"more forced than wanted", Settings{EdgeCount: 1}, "a pt 1 blindforce, b pt 5 blindforce", "", "b", "a b", Full, "a:forced b:forced"},
		{"force enters when it is said", want3, "a pass 9 force, b pt 1, c pt 2", "a", "b c", "a b c", Full, "a:forced b:frozen c:frozen"},
		{"force does not enter when it passes later", want3, "a pass 9 force, b pt 1, c pt 2", "", "b c", "b c", Short,
			"a:frozen_out b:frozen c:frozen"},
		{"force that fails does not enter", want3, "a fail 9 force, b pt 1, c pt 2", "a", "b c", "b c", Short,
			"a:not_passing b:frozen c:frozen"},
		{"force that fails stays", want3, "a fail 9 force, b pt 1, c pt 2", "", "a b c", "a b c", Short, "a:frozen b:frozen c:frozen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Candidates: pool(t, tt.pool), LastLive: strings.Fields(tt.last), Now: now, Frozen: true}
			for i := range in.Candidates {
				in.Candidates[i].Ordered = slices.Contains(strings.Fields(tt.ordered), in.Candidates[i].Name)
			}
			d := Select(in, tt.settings)
			if got := strings.Join(d.Live, " "); got != tt.live {
				t.Errorf("got live %q, want %q", got, tt.live)
			}
			if d.Rung != tt.rung {
				t.Errorf("got rung %s, want %s", d.Rung, tt.rung)
			}
			if got := rules(d); got != tt.rules {
				t.Errorf("got rules %q, want %q", got, tt.rules)
			}
			warned := slices.Contains(d.Warnings, nothingToFreeze)
			if left := strings.Contains(tt.rules, ":f") && !strings.Contains(tt.rules, ":filled"); warned == left || d.Frozen != left {
				t.Errorf("got frozen %t, warnings %q", d.Frozen, d.Warnings)
			}
		})
	}
}

func TestFrozenInWords(t *testing.T) {
	d := Select(Input{
		Candidates: pool(t, "a fail 9000, b pt 100, c pt 50, d pass 900 force"), LastLive: []string{"a", "b"}, Now: now, Frozen: true,
	}, Settings{EdgeCount: 2})
	var got []string
	for _, v := range d.Verdicts {
		got = append(got, v.Name+" "+v.String())
	}
	want := []string{
		"a live: frozen, fail, average 9.000s, would leave",
		"b live: frozen, pass_threshold, average 0.100s",
		"c out: not needed, pass_threshold, average 0.050s, edge_count 2 is reached",
		"d out: frozen, pass, average 0.900s, would enter",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// drawFrozen draws a set that stands in a frozen network: a decision was taken on it.
func drawFrozen(t *rapid.T, s Settings) Input {
	in := drawInput(t)
	in.Frozen = true
	for i := range in.Candidates {
		in.Candidates[i].Ordered = rapid.Bool().Draw(t, "ordered")
	}
	in.LastLive = Select(in, s).Live
	for i := range in.Candidates {
		in.Candidates[i].Ordered = false
	}
	return in
}

// regrade gives every candidate other grades and averages.
func regrade(t *rapid.T, in *Input) {
	in.Now = in.Now.Add(time.Hour)
	for i := range in.Candidates {
		c := &in.Candidates[i]
		c.Grade = history.Grade(rapid.IntRange(0, int(history.PassThreshold)).Draw(t, "new grade"))
		c.Average = time.Duration(rapid.IntRange(1, 5).Draw(t, "new average")) * 100 * time.Millisecond
	}
}

// While no operator says anything a frozen set stays what it is, whatever the probes say.
func TestFrozenSetStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		in := drawFrozen(t, s)
		regrade(t, &in)
		d := Select(in, s)
		checkVerdicts(t, in, d)
		if len(in.LastLive) == 0 {
			return // there was nothing to freeze: every candidate is unavailable
		}
		if diff := cmp.Diff(in.LastLive, d.Live); diff != "" {
			t.Fatal(diff)
		}
		if d.Substituted != 0 || d.Held != 0 || !d.Frozen {
			t.Fatalf("got %d substitutions, %d held, frozen %t", d.Substituted, d.Held, d.Frozen)
		}
	})
}

// Whatever operators do meanwhile, an unavailable edge leaves a frozen set and the set does not become empty while an edge
// may be used; nothing enters but by force.
func TestFrozenSetObeysOperators(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		in := drawFrozen(t, s)
		in.Candidates = drawPool(t)
		for i := range in.Candidates {
			in.Candidates[i].Ordered = rapid.Bool().Draw(t, "ordered")
		}
		d := Select(in, s)
		checkVerdicts(t, in, d)
		modes, usable := make(map[string]Mode), 0
		for _, c := range in.Candidates {
			modes[c.Name] = c.Mode
			if c.Mode != Unavailable {
				usable++
			}
		}
		for _, name := range d.Live {
			mode, listed := modes[name]
			if !listed || mode == Unavailable {
				t.Fatalf("got %s live, which is removed or unavailable", name)
			}
			if d.Frozen && !slices.Contains(in.LastLive, name) && mode != Force && mode != BlindForce {
				t.Fatalf("got %s live, which was not and is not forced", name)
			}
		}
		if usable > 0 && len(d.Live) == 0 {
			t.Fatal("got no live edge though one may be used")
		}
		if most := max(s.EdgeCount, d.Forced, len(in.LastLive)); len(d.Live) > most {
			t.Fatalf("got %d live, want at most %d", len(d.Live), most)
		}
		if (d.Rung <= Fallback) != (len(d.Live) == 0) {
			t.Fatalf("got rung %s with live %v", d.Rung, d.Live)
		}
	})
}

// A freeze leaves nothing behind: thawed, the set is decided on as if it had never been frozen.
func TestThawedSetIsDecidedAsEver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		in := drawFrozen(t, s)
		regrade(t, &in)
		frozen := Select(in, s)
		thawed, never := in, in
		thawed.Frozen, thawed.LastLive = false, frozen.Live
		never.Frozen = false
		got, want := Select(thawed, s), Select(never, s)
		if len(in.LastLive) == 0 {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		for i, v := range frozen.Verdicts {
			if would := v.Live != want.Verdicts[i].Live; v.Due != would {
				t.Fatalf("got %s due %t, want %t", v, v.Due, would)
			}
		}
	})
}
