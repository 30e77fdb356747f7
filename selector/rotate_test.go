package selector

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

const hour = time.Hour

// rotating plays decisions, each with what the one before left.
type rotating struct {
	Settings
	in Input
}

func (r *rotating) decide(pool []Candidate, now time.Time) Decision {
	r.in.Candidates, r.in.Now = pool, now
	d := Select(r.in, r.Settings)
	r.in.LastLive, r.in.Rotation = d.Live, d.Rotation
	for range d.Substituted {
		r.in.Substitutions = append(r.in.Substitutions, now)
	}
	return d
}

// TestTimedRotation plays a round a minute, and tells of each change when it happens and what the set is then.
func TestTimedRotation(t *testing.T) {
	type at struct {
		minute int
		pool   string
	}
	tests := []struct {
		name     string
		settings Settings
		pools    []at
		minutes  int
		want     []string
	}{
		{"one of four, in a cycle", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pt 30, d pt 40"}}, 75,
			// Those longest out go first: in the second cycle, as in the first.
			[]string{"0 a", "10 b", "20 c", "30 d", "40 a", "50 b", "60 c", "70 d"}},
		{"two of five: the one longest live leaves", Settings{EdgeCount: 2, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pt 30, d pt 40, e pt 50"}}, 65,
			[]string{"0 a b", "10 a c", "20 c d", "30 d e", "40 b e", "50 a b", "60 a c"}},
		{"off", Settings{EdgeCount: 1}, []at{{0, "a pt 10, b pt 20"}}, 120, []string{"0 a"}},
		{"a change for another reason restarts the clock", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pt 30"}, {6, "a fail 9000, b pt 20, c pt 30"}}, 27,
			[]string{"0 a", "6 b", "16 c", "26 b"}},
		{"never for a worse grade", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pw 20, c fail 9000"}}, 60, []string{"0 a"}},
		{"for a better one at once", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pw 10, b pass 20"}, {5, "a pw 10, b pt 20"}}, 14, []string{"0 a", "5 b"}},
		{"the best grade goes before one not used yet", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pw 1"}}, 35, []string{"0 a", "10 b", "20 a", "30 b"}},
		{"only what is of no better grade leaves", Settings{EdgeCount: 2, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pass 20, c pass 30"}}, 25, []string{"0 a b", "10 a c", "20 a b"}},
		{"never a forced edge", Settings{EdgeCount: 2, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10 force, b pt 20, c pt 30"}}, 25, []string{"0 a b", "10 a c", "20 a b"}},
		{"never with nothing but forced edges", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10 force, b pt 20"}}, 25, []string{"0 a"}},
		{"never an unavailable edge", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20 unavailable, c pt 30"}}, 25, []string{"0 a", "10 c", "20 a"}},
		{"never while the set is held", Settings{EdgeCount: 2, MinLive: 2, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pt 30"}, {5, "a fail 9000, b fail 9000, c pt 30"}}, 30, []string{"0 a b", "5 a c"}},
		{"within the budget", Settings{EdgeCount: 1, MaxChanges: 2, MaxChangesPer: hour, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pt 30"}}, 85, []string{"0 a", "10 b", "20 c", "70 a", "80 b"}},
		{"what the rules would undo is not begun", Settings{EdgeCount: 1, Keep: Keep(history.PassThreshold), RotateEvery: 10 * time.Minute},
			[]at{{0, "a pass 10, b pass 20"}}, 25, []string{"0 a"}},
		{"of an edge that is gone nothing is remembered", Settings{EdgeCount: 1, RotateEvery: 10 * time.Minute},
			[]at{{0, "a pt 10, b pt 20, c pt 30"}, {15, "b pt 20, c pt 30"}, {16, "a pt 40, b pt 20, c pt 30"}}, 45,
			[]string{"0 a", "10 b", "20 c", "30 a", "40 b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rotating{Settings: tt.settings}
			var got []string
			var candidates []Candidate
			for minute := range tt.minutes {
				if len(tt.pools) > 0 && tt.pools[0].minute == minute {
					candidates, tt.pools = pool(t, tt.pools[0].pool), tt.pools[1:]
				}
				before := r.in.LastLive
				d := r.decide(candidates, now.Add(time.Duration(minute)*time.Minute))
				if !slices.Equal(before, d.Live) {
					got = append(got, fmt.Sprint(minute, " ", strings.Join(d.Live, " ")))
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTimedRotationSays(t *testing.T) {
	r := rotating{Settings: Settings{EdgeCount: 1, RotateEvery: hour}}
	candidates := pool(t, "a pt 10, b pt 20")
	r.decide(candidates, now)
	d := r.decide(candidates, now.Add(hour))
	var got []string
	for _, v := range d.Verdicts {
		got = append(got, v.Rule.String()+": "+v.String())
	}
	want := []string{
		"rotated_out: out: rotated out, pass_threshold, average 0.010s, b takes its place",
		"rotated_in: live: rotated in, pass_threshold, average 0.020s, in place of a",
	}
	if diff := cmp.Diff(want, got); diff != "" || d.Substituted != 1 {
		t.Errorf("%d substitutions\n%s", d.Substituted, diff)
	}
}

// TestTimedRotationStops: what is frozen stays, and the clock of a network that turns the rotation on begins then.
func TestTimedRotationStops(t *testing.T) {
	candidates := pool(t, "a pt 10, b pt 20")
	frozen := rotating{Settings: Settings{EdgeCount: 1, RotateEvery: hour}}
	frozen.decide(candidates, now)
	frozen.in.Frozen = true
	if d := frozen.decide(candidates, now.Add(3*hour)); !slices.Equal(d.Live, []string{"a"}) {
		t.Errorf("frozen: got %v", d.Live)
	}
	fresh := rotating{Settings: Settings{EdgeCount: 1, RotateEvery: hour}, in: Input{LastLive: []string{"a"}}}
	if d := fresh.decide(candidates, now); !slices.Equal(d.Live, []string{"a"}) || !d.Rotation.Since.Equal(now) {
		t.Errorf("turned on: got %v, clock %v", d.Live, d.Rotation.Since)
	}
}

// TestRotationInvariants plays random networks and compares each decision with that of a network without rotation.
func TestRotationInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSettings(t)
		s.RotateEvery = 10 * time.Minute
		r := rotating{Settings: s}
		at, last := now, time.Time{}
		for range rapid.IntRange(1, 30).Draw(t, "rounds") {
			at = at.Add(time.Duration(rapid.IntRange(1, 8).Draw(t, "minutes")) * time.Minute)
			candidates := drawPool(t)
			in := r.in
			in.Candidates, in.Now = candidates, at
			before := Rotation{in.Rotation.Since, slices.Clone(in.Rotation.Cycle), maps.Clone(in.Rotation.Live), maps.Clone(in.Rotation.Out)}
			off := s
			off.RotateEvery = 0
			plain, d := Select(in, off), r.decide(candidates, at)
			if diff := cmp.Diff(before, in.Rotation); diff != "" {
				t.Fatalf("the rotation of before was changed: %s", diff)
			}
			checkLiveSet(t, in, s, d)
			checkVerdicts(t, in, d)
			if slices.Equal(plain.Live, d.Live) {
				if !slices.Equal(d.Live, in.LastLive) {
					last = at
				}
				continue
			}
			if at.Sub(last) < s.RotateEvery {
				t.Fatalf("a timed exchange %v after a change", at.Sub(last))
			}
			last = at
			checkExchange(t, in, d)
			again := in
			again.LastLive, again.Rotation = d.Live, d.Rotation
			again.Substitutions = append(slices.Clone(in.Substitutions), at)
			if next := Select(again, s); !slices.Equal(next.Live, d.Live) {
				t.Fatalf("got %v, undone at once: %v", d.Live, next.Live)
			}
		}
	})
}

// checkExchange: one edge for another of no worse grade, neither of them forced.
func checkExchange(t *rapid.T, in Input, d Decision) {
	var out, entered []Verdict
	for _, v := range d.Verdicts {
		switch {
		case v.WasLive && !v.Live:
			out = append(out, v)
		case v.Live && !v.WasLive:
			entered = append(entered, v)
		}
	}
	if len(out) != 1 || len(entered) != 1 {
		t.Fatalf("got %d out and %d in, want one for one", len(out), len(entered))
	}
	o, e := out[0], entered[0]
	if o.Rule != RuleRotatedOut || e.Rule != RuleRotatedIn || o.Grade > e.Grade || !e.Grade.Passing() || o.Mode == BlindForce || o.Mode == Force && o.Grade.Passing() {
		t.Fatalf("got %v for %v", e, o)
	}
	for _, v := range d.Verdicts {
		if !v.Live && v.Name != o.Name && v.Mode != Unavailable && v.Rule != RuleRemoved && v.Grade > e.Grade {
			t.Fatalf("%v entered though %v is better", e, v)
		}
	}
}

// TestEachOnceACycle: where all are equal each is live once before any is again.
func TestEachOnceACycle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 10).Draw(t, "edges")
		s := Settings{EdgeCount: rapid.IntRange(1, n-1).Draw(t, "edge_count"), RotateEvery: hour}
		var candidates []Candidate
		for i := range n {
			candidates = append(candidates, Candidate{Name: fmt.Sprintf("edge%d", i), Grade: history.PassThreshold,
				Average: time.Duration(rapid.IntRange(1, 3).Draw(t, "average")) * time.Millisecond})
		}
		r := rotating{Settings: s}
		entered := r.decide(candidates, now).Live
		for i := 1; len(entered) < 3*n; i++ {
			d := r.decide(candidates, now.Add(time.Duration(i)*hour))
			for _, v := range d.Verdicts {
				if v.Rule == RuleRotatedIn {
					entered = append(entered, v.Name)
				}
			}
		}
		// The sets that a cycle begins with are part of it: from one exchange to that of the same edge lie all others.
		for i := range n {
			if slices.Contains(entered[i+1:i+n], entered[i]) && i >= s.EdgeCount {
				t.Fatalf("%s twice within a cycle: %v", entered[i], entered)
			}
		}
		seen := map[string]bool{}
		for _, name := range entered[:n] {
			seen[name] = true
		}
		if len(seen) != n {
			t.Fatalf("the first cycle has %d of %d: %v", len(seen), n, entered[:n])
		}
	})
}

func TestNextTurn(t *testing.T) {
	r := rotating{Settings: Settings{EdgeCount: 1, RotateEvery: hour}}
	candidates := pool(t, "a pt 10, b pt 20, c pt 30")
	if got := NextTurn(Input{Candidates: candidates, Now: now}, r.Settings); got != (Turn{}) {
		t.Errorf("before the first decision: got %+v", got)
	}
	r.decide(candidates, now)
	for i, want := range []string{"b", "c", "a", "b"} {
		at := now.Add(time.Duration(i) * hour)
		in := r.in
		in.Candidates, in.Now = candidates, at.Add(time.Minute)
		turn := NextTurn(in, r.Settings)
		if diff := cmp.Diff(Turn{At: at.Add(hour), Leaves: r.in.LastLive[0], Enters: want}, turn); diff != "" {
			t.Error(diff)
		}
		if d := r.decide(candidates, at.Add(hour)); d.Live[0] != want {
			t.Errorf("got %v, want %s as foretold", d.Live, want)
		}
	}
	r.in.Candidates, r.in.Now = pool(t, "a pt 10, b pt 20, c fail 9000"), now.Add(10*hour)
	r.in.LastLive = []string{"b"}
	if got, want := NextTurn(r.in, r.Settings), (Turn{At: now.Add(10 * hour), Leaves: "b", Enters: "a"}); got != want {
		t.Errorf("overdue: got %+v, want %+v", got, want)
	}
	r.in.Frozen = true
	if got := NextTurn(r.in, r.Settings); got != (Turn{}) {
		t.Errorf("frozen: got %+v", got)
	}
}
