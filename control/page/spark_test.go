package page

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// probes makes samples a minute apart, the last at noon; a negative number is a failure.
func probes(list ...float64) []control.Sample {
	samples := make([]control.Sample, len(list))
	for i, s := range list {
		samples[i] = control.Sample{At: noon.Add(time.Duration(i-len(list)+1) * time.Minute), Seconds: max(s, -s), Failed: s < 0}
	}
	return samples
}

func TestSpark(t *testing.T) {
	network := control.Network{GoodEnoughSeconds: 0.8, WindowSeconds: 90}
	tests := []struct {
		name    string
		samples []control.Sample
		want    *spark
	}{
		{"none", nil, nil},
		{"one", probes(0.5), &spark{
			Label: "1 probe 0 s ago, from 500 ms to 500 ms", Dots: []point{{"118", "14"}}, Last: &point{"118", "14"}, GoodEnough: "6.8",
			Window: &interval{"60", "60"},
		}},
		{"one that failed", probes(-10), &spark{
			Label: "1 probe 0 s ago, 1 failed", Failures: []point{{"118", "2"}}, GoodEnough: "6.8", Window: &interval{"60", "60"},
		}},
		{"a line", probes(0, 0.5, 1), &spark{
			Label: "3 probes in 2 min, from – to 1.00 s", Lines: []string{"2,26 60,14 118,2"}, Last: &point{"118", "2"}, GoodEnough: "6.8",
			Window: &interval{"31", "89"},
		}},
		{"a failure between", probes(0.5, 0.5, -10, 0.5), &spark{
			Label: "4 probes in 3 min, 1 failed, from 500 ms to 500 ms", Lines: []string{"2,14 40.7,14"}, Failures: []point{{"79.3", "2"}},
			Dots: []point{{"118", "14"}}, Last: &point{"118", "14"}, GoodEnough: "6.8", Window: &interval{"60", "60"},
		}},
		{"failed at last", probes(0.5, 0.5, -10), &spark{
			Label: "3 probes in 2 min, 1 failed, from 500 ms to 500 ms", Lines: []string{"2,14 60,14"}, Failures: []point{{"118", "2"}},
			Last: nil, GoodEnough: "6.8", Window: &interval{"31", "89"},
		}},
		{"one slow does not flatten the rest", probes(0.8, 9.9), &spark{
			Label: "2 probes in 1 min, from 800 ms to 9.90 s", Lines: []string{"2,18 118,2"}, Last: &point{"118", "2"}, GoodEnough: "18",
			Window: &interval{"0", "120"},
		}},
		{"all before the window", []control.Sample{{At: noon.Add(-time.Hour), Seconds: 0.5}}, &spark{
			Label: "1 probe 1 h ago, from 500 ms to 500 ms", Dots: []point{{"118", "14"}}, Last: &point{"118", "14"}, GoodEnough: "6.8",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, draw(tt.samples, network, noon)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever the samples, the drawing stays within its frame, marks every failure, and is bounded.
func TestSparkStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Float64Range(-20, 20), 1, 200).Draw(t, "samples")
		network := control.Network{
			GoodEnoughSeconds: rapid.Float64Range(0, 5).Draw(t, "goodenough"), WindowSeconds: rapid.Float64Range(0, 10_000).Draw(t, "window"),
		}
		d := draw(probes(list...), network, noon)
		inside := func(x, y string) {
			for text, limit := range map[string]float64{x: sparkWidth, y: sparkHeight} {
				if v, err := strconv.ParseFloat(text, 64); err != nil || v < 0 || v > limit {
					t.Fatalf("(%s, %s) is not in the frame", x, y)
				}
			}
		}
		drawn := len(d.Failures) + len(d.Dots)
		for _, p := range append(d.Failures, d.Dots...) {
			inside(p.X, p.Y)
		}
		for _, line := range d.Lines {
			for p := range strings.FieldsSeq(line) {
				x, y, _ := strings.Cut(p, ",")
				inside(x, y)
				drawn++
			}
		}
		inside("0", d.GoodEnough)
		if want := min(len(list), sparkMost); drawn != want {
			t.Fatalf("%d samples are drawn, want %d", drawn, want)
		}
		failed := 0
		for _, s := range list[max(0, len(list)-sparkMost):] {
			if s < 0 {
				failed++
			}
		}
		if len(d.Failures) != failed || (failed > 0) != strings.Contains(d.Label, fmt.Sprintf("%d failed", failed)) {
			t.Fatalf("%d failures are marked, and told of as %q, want %d", len(d.Failures), d.Label, failed)
		}
	})
}
