package selector

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestVerdictText(t *testing.T) {
	tight := Settings{EdgeCount: 3, MinLive: 2, MaxChanges: 1, MaxChangesPer: 10 * time.Minute}
	tests := []struct {
		name     string
		settings Settings
		pool     string
		last     string
		want     []string
	}{
		{"filled, crowded and not passing", Settings{EdgeCount: 1}, "a pt 153, b pass 900, c fail 10000, d unknown 0", "", []string{
			"a live: filled, pass_threshold, average 0.153s",
			"b out: not needed, pass, average 0.900s, edge_count 1 is reached",
			"c out: not passing, fail, average 10.000s",
			"d out: not passing, unknown",
		}},
		{"kept and displaced", Settings{EdgeCount: 2}, "a pass 900, b pt 100, c pt 200", "a b", []string{
			"a out: displaced, pass, average 0.900s, c takes its place",
			"b live: kept, pass_threshold, average 0.100s",
			"c live: filled, pass_threshold, average 0.200s, in place of a",
		}},
		{"unavailable, removed and forced", Settings{EdgeCount: 2}, "a pt 1 unavailable, b fail 9000 blindforce, c fail 9000 force, d pt 1 unavailable",
			"d gone", []string{
				"a out: unavailable",
				"b live: forced by mode blindforce, fail, average 9.000s, in place of d",
				"c out: not passing, fail, average 9.000s, mode force waits until it passes",
				"d out: unavailable, b takes its place",
				"gone out: no longer configured",
			}},
		{"held", want3, "a pt 100, b fail 9000", "a b", []string{
			"a live: kept, pass_threshold, average 0.100s",
			"b live: held, fail, average 9.000s, only 1 found of the 2 needed",
		}},
		{"last resort", want3, "a fail 9000", "", []string{
			"a live: last resort, fail, average 9.000s, only 0 found of the 2 needed",
		}},
		{"budget", tight, "a pass 30, b pass 20, c pt 10, x pt 1, y pt 2", "a b c", []string{
			"a out: displaced, pass, average 0.030s, x takes its place",
			"b live: stays, pass, average 0.020s, budget of 1 changes in 10m0s is used up, y waits",
			"c live: kept, pass_threshold, average 0.010s",
			"x live: filled, pass_threshold, average 0.001s, in place of a",
			"y out: waits, pass_threshold, average 0.002s, budget of 1 changes in 10m0s is used up, b stays",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Select(Input{Candidates: pool(t, tt.pool), LastLive: strings.Fields(tt.last), Now: now}, tt.settings)
			var got []string
			for _, v := range d.Verdicts {
				got = append(got, v.Name+" "+v.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got, want := (Verdict{}).String(), "out: undecided, fail, average 0.000s"; got != want {
		t.Errorf("got %q of the zero verdict, want %q", got, want)
	}
}
