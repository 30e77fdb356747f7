package canary

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

func TestApply(t *testing.T) {
	edges := []string{"edge1", "edge2", "edge3", "edge4"}
	for _, test := range []struct {
		name   string
		live   []string
		canary Canary
		killed bool
		want   Verdict
	}{
		{"pass_threshold", edges, Canary{Grade: history.PassThreshold}, false,
			Verdict{[]string{"edge1", "edge2", "edge4"}, true, "edge3", "grade pass_threshold: in place of edge3"}},
		{"pass_window", edges, Canary{Grade: history.PassWindow}, false,
			Verdict{[]string{"edge1", "edge2", "edge4"}, true, "edge3", "grade pass_window: in place of edge3"}},
		{"pass_average", edges, Canary{Grade: history.PassAverage}, false,
			Verdict{[]string{"edge1", "edge2", "edge4"}, true, "edge3", "grade pass_average: in place of edge3"}},
		{"pass", edges, Canary{Grade: history.Pass}, false,
			Verdict{[]string{"edge1", "edge2", "edge4"}, true, "edge3", "grade pass: in place of edge3"}},
		{"unknown", edges, Canary{Grade: history.Unknown}, false, Verdict{edges, false, "", "grade unknown"}},
		{"fail", edges, Canary{Grade: history.Fail}, false, Verdict{edges, false, "", "grade fail"}},
		{"killed", edges, Canary{Grade: history.PassThreshold}, true,
			Verdict{edges, false, "", "too many canaries of the network fail"}},
		{"one live edge", edges[:1], Canary{Grade: history.Pass}, false,
			Verdict{edges[:1], true, "", "grade pass: beside edge1, the only live edge"}},
		{"no live edge", nil, Canary{Grade: history.PassThreshold}, false,
			Verdict{nil, false, "", "no edge is live beside it"}},
		{"another zone", edges, Canary{Zone: "example.net.", Grade: history.Pass}, false,
			Verdict{edges, false, "", "canary of another zone"}},
		{"keeps its place", edges, Canary{Grade: history.Pass, Displaced: "edge2"}, false,
			Verdict{[]string{"edge1", "edge3", "edge4"}, true, "edge2", "grade pass: in place of edge2"}},
		{"its place is gone", edges, Canary{Grade: history.Pass, Displaced: "edge5"}, false,
			Verdict{[]string{"edge1", "edge2", "edge4"}, true, "edge3", "grade pass: in place of edge3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.canary.Zone == "" {
				test.canary.Zone = "example.org."
			}
			before := slices.Clone(test.live)
			got := Apply("example.org.", test.live, test.canary, test.killed)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !slices.Equal(before, test.live) {
				t.Errorf("the live set became %v", test.live)
			}
		})
	}
}

// TestDisplaced holds the rank fast: another one would move the canaries of running installations.
func TestDisplaced(t *testing.T) {
	if got := rank("example.org.", "edge1.example.net"); got != goldenRank {
		t.Errorf("rank: got %#x, want %#x", got, uint64(goldenRank))
	}
	live := make([]string, 8)
	for i := range live {
		live[i] = fmt.Sprintf("edge%d.example.net", i+1)
	}
	for zone, want := range goldenDisplaced {
		t.Run(zone, func(t *testing.T) {
			got := Apply(zone, live, Canary{Zone: zone, Grade: history.Pass}, false)
			if got.Displaced != want {
				t.Errorf("got %q, want %q", got.Displaced, want)
			}
		})
	}
}

func TestKilled(t *testing.T) {
	grades := func(grades ...history.Grade) (canaries []Canary) {
		for _, g := range grades {
			canaries = append(canaries, Canary{Grade: g})
		}
		return canaries
	}
	for _, test := range []struct {
		name     string
		canaries []Canary
		n        int
		failing  int
		killed   bool
	}{
		{"none", nil, 6, 0, false},
		{"off", grades(history.Fail, history.Fail), 0, 2, false},
		{"fewer", grades(history.Fail, history.Pass, history.PassThreshold), 2, 1, false},
		{"as many", grades(history.Fail, history.Pass, history.Fail), 2, 2, true},
		{"more", grades(history.Fail, history.Fail, history.Fail), 2, 3, true},
		{"unknown is not failing", grades(history.Unknown, history.Unknown, history.Fail), 2, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			failing, killed := Killed(test.canaries, test.n)
			if failing != test.failing || killed != test.killed {
				t.Errorf("got %d, %t; want %d, %t", failing, killed, test.failing, test.killed)
			}
		})
	}
}

// TestApplyProperties: whatever the set, it keeps its size, loses one edge at most and none of another zone.
func TestApplyProperties(t *testing.T) {
	names := rapid.StringMatching(`[a-z][a-z0-9]{0,5}`)
	rapid.Check(t, func(t *rapid.T) {
		live := rapid.SliceOfNDistinct(names, 0, 32, rapid.ID).Draw(t, "live")
		slices.Sort(live)
		zone := names.Draw(t, "zone") + ".example."
		c := Canary{
			Zone: zone, Name: "canary",
			Grade:     history.Grade(rapid.IntRange(0, int(history.PassThreshold)).Draw(t, "grade")),
			Displaced: rapid.SampledFrom(append([]string{"", "gone"}, live...)).Draw(t, "displaced"),
		}
		killed := rapid.Bool().Draw(t, "killed")
		v := Apply(zone, live, c, killed)

		if in := c.Grade.Passing() && !killed && len(live) > 0; v.Canary != in {
			t.Fatalf("canary in: got %t, want %t", v.Canary, in)
		}
		size := len(v.Live)
		if v.Canary && len(live) > 1 {
			size++
		}
		if size != len(live) {
			t.Fatalf("got %+v of %d edges", v, len(live))
		}
		back := slices.Clone(v.Live)
		if v.Displaced != "" {
			back = append(back, v.Displaced)
		}
		slices.Sort(back)
		if diff := cmp.Diff(live, back, cmp.Comparer(slices.Equal[[]string])); diff != "" {
			t.Fatalf("(-live +stay and displaced):\n%s", diff)
		}
		if slices.Contains(live, c.Displaced) && v.Displaced != "" && v.Displaced != c.Displaced {
			t.Fatalf("displaced: got %q, was %q", v.Displaced, c.Displaced)
		}
		if v.Reason == "" {
			t.Fatal("no reason")
		}

		other := Apply("other."+zone, live, c, killed)
		if other.Canary || !slices.Equal(other.Live, live) {
			t.Fatalf("another zone: got %+v", other)
		}

		shuffled := slices.Clone(live)
		rand.New(rand.NewPCG(1, uint64(len(live)))).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		if got := Apply(zone, shuffled, c, killed); got.Displaced != v.Displaced {
			t.Fatalf("in another order: displaced %q, not %q", got.Displaced, v.Displaced)
		}
	})
}

// TestDisplacedStays: as sets come and go the canary's place changes only when its edge leaves, if it is told which it
// had; and without that, when no edge enters.
func TestDisplacedStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edges := make([]string, 12)
		for i := range edges {
			edges[i] = fmt.Sprintf("edge%d", i)
		}
		sets := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.SampledFrom(edges), 2, 8, rapid.ID), 2, 20).Draw(t, "sets")
		c := Canary{Zone: "example.org.", Grade: history.Pass}
		for i, live := range sets {
			v := Apply(c.Zone, live, c, false)
			if slices.Contains(live, c.Displaced) && v.Displaced != c.Displaced {
				t.Fatalf("set %d: displaced %q, was %q", i, v.Displaced, c.Displaced)
			}
			c.Displaced = v.Displaced

			fresh := Canary{Zone: c.Zone, Grade: c.Grade}
			all := Apply(c.Zone, live, fresh, false)
			for _, leaves := range all.Live {
				fewer := slices.DeleteFunc(slices.Clone(live), func(edge string) bool { return edge == leaves })
				if got := Apply(c.Zone, fewer, fresh, false).Displaced; len(fewer) > 1 && got != all.Displaced {
					t.Fatalf("without %s: displaced %q, was %q", leaves, got, all.Displaced)
				}
			}
		}
	})
}

// TestDisplacedIsSpread: the canaries of many zones do not all take from the same edge.
func TestDisplacedIsSpread(t *testing.T) {
	live := []string{"edge1", "edge2", "edge3", "edge4"}
	count := map[string]int{}
	for i := range 4000 {
		zone := fmt.Sprintf("zone%d.example.", i)
		count[Apply(zone, live, Canary{Zone: zone, Grade: history.Pass}, false).Displaced]++
	}
	for _, edge := range live {
		if n := count[edge]; n < 850 || n > 1150 {
			t.Errorf("%s is displaced in %d zones of 4000", edge, n)
		}
	}
}

func BenchmarkApply(b *testing.B) {
	live := make([]string, 32)
	for i := range live {
		live[i] = fmt.Sprintf("edge%d.example.net", i)
	}
	c := Canary{Zone: "example.org.", Grade: history.Pass}
	for b.Loop() {
		Apply(c.Zone, live, c, false)
	}
}
