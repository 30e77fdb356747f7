package history

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSamplesAsKept(t *testing.T) {
	tests := []struct {
		name      string
		add, want Sample
	}{
		{"time to 10 ms", Sample{At: start.Add(19999 * time.Microsecond), Took: good}, Sample{At: start.Add(tick), Took: good}},
		{"length to 1 µs", Sample{At: start, Took: good + 1999}, Sample{At: start, Took: good + time.Microsecond}},
		{"a failure has no length", Sample{At: start, Took: good, Failed: true}, Sample{At: start, Failed: true}},
		{"too long is a failure", Sample{At: start, Took: 10 * time.Second}, Sample{At: start, Failed: true}},
		{"below zero", Sample{At: start, Took: -good}, Sample{At: start}},
		{"the epoch", Sample{At: time.Unix(0, 0).UTC(), Took: good}, Sample{At: time.Unix(0, 0).UTC(), Took: good}},
		{"far ahead", Sample{At: start.AddDate(500, 0, 0), Took: good}, Sample{At: start.AddDate(500, 0, 0), Took: good}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := New(10)
			h.Add(tt.add, rules())
			got, ok := h.Last()
			if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
				t.Errorf("got %t\n%s", ok, diff)
			}
		})
	}
}

func TestLongestTimeout(t *testing.T) {
	r := rules()
	r.Timeout = MaxTook
	h := New(10)
	h.Add(Sample{At: start, Took: MaxTook - time.Microsecond}, r)
	h.Add(Sample{At: start, Took: MaxTook}, r)
	want := []Sample{{At: start, Took: MaxTook - time.Microsecond}, {At: start, Failed: true}}
	if diff := cmp.Diff(want, h.Recent(2)); diff != "" {
		t.Error(diff)
	}
}

// A machine without a battery starts in 1970 and sets its clock later; the
// samples from before must neither vanish nor come to lie in the window.
func TestClockLeaps(t *testing.T) {
	h := New(10)
	h.Add(Sample{At: time.Unix(60, 0), Took: slow}, rules())
	h.Add(Sample{At: start, Took: good}, rules())
	if got, n := h.WindowMean(start, rules()); got != good || n != 1 {
		t.Errorf("got window mean %s of %d, want %s of 1", got, n, good)
	}
	if got, want := h.Average(rules()), (slow+good)/2; got != want {
		t.Errorf("got average %s, want %s", got, want)
	}
	h.Add(Sample{At: time.Unix(120, 0), Took: good}, rules())
	if got, _ := h.Last(); !got.At.Equal(time.Unix(120, 0)) {
		t.Errorf("got the last sample at %s, want it at 120 s after the epoch", got.At)
	}
}

func TestResize(t *testing.T) {
	took := func(n ...int) []time.Duration {
		out := make([]time.Duration, len(n))
		for i, n := range n {
			out[i] = time.Duration(n) * time.Millisecond
		}
		return out
	}
	tests := []struct {
		name   string
		size   int
		resize int
		after  []time.Duration // added after the resize
		want   []time.Duration
	}{
		{"same", 4, 4, nil, took(3, 4, 5, 6)},
		{"smaller keeps the newest", 4, 2, nil, took(5, 6)},
		{"smaller than what is there", 10, 3, took(7), took(5, 6, 7)},
		{"larger keeps all", 4, 6, took(7, 8, 9), took(4, 5, 6, 7, 8, 9)},
		{"below 1 is 1", 4, 0, took(7), took(7)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules()
			r.Size = 0
			h := New(tt.size)
			fill(h, r, took(1, 2, 3, 4, 5, 6)...)
			h.Resize(tt.resize)
			for _, d := range tt.after {
				h.Add(Sample{At: start, Took: d}, r)
			}
			var got []time.Duration
			var sum time.Duration
			for s := range h.All() {
				got = append(got, s.Took)
				sum += s.Took
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if got, want := h.Average(r), sum/time.Duration(h.Len()); got != want {
				t.Errorf("got average %s, want %s", got, want)
			}
		})
	}
}

func TestAddFollowsSizeOfRules(t *testing.T) {
	h := New(10)
	fill(h, rules(), good, good, good, good)
	r := rules()
	r.Size = 2
	h.Add(Sample{At: start, Took: slow}, r)
	if got := h.Len(); got != 2 {
		t.Errorf("got %d samples, want 2", got)
	}
}

func TestRecent(t *testing.T) {
	h := New(3)
	fill(h, Rules{Timeout: time.Second}, 1000, 2000, 3000, 4000)
	all := slices.Collect(h.All())
	tests := []struct {
		name string
		n    int
		want []Sample
	}{
		{"none", 0, []Sample{}},
		{"below zero", -1, []Sample{}},
		{"the newest, oldest first", 2, all[1:]},
		{"more than there are", 9, all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, h.Recent(tt.n)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, ok := New(3).Last(); ok {
		t.Error("got a last sample of an empty history")
	}
	for range h.All() {
		break // a consumer may stop early
	}
}

// Ten thousand edges with two thousand samples each must fit in 250 MB.
func TestMemory(t *testing.T) {
	h := New(2000)
	if got := h.Bytes(); got > 200 {
		t.Errorf("got %d bytes without a sample, want 200 at most", got)
	}
	for range 5000 {
		h.Add(Sample{At: start, Took: good}, rules())
	}
	if got, limit := h.Bytes(), 250_000_000/10_000; got > limit {
		t.Errorf("got %d bytes, want %d at most", got, limit)
	}
}

func TestGradeNames(t *testing.T) {
	for g := Fail; g <= PassThreshold; g++ {
		t.Run(g.String(), func(t *testing.T) {
			text, err := g.MarshalText()
			if err != nil {
				t.Fatal(err)
			}
			var back Grade
			if err := back.UnmarshalText(text); err != nil || back != g {
				t.Errorf("got %s, %v back", back, err)
			}
			if got, want := g.Passing(), len(text) >= 4 && string(text[:4]) == "pass"; got != want {
				t.Errorf("got passing %t, want %t", got, want)
			}
		})
	}
	for _, bad := range []string{"", "PASS", "passing", "grade(6)"} {
		if g, err := ParseGrade(bad); err == nil {
			t.Errorf("got %s of %q, want an error", g, bad)
		}
	}
	if _, err := Grade(9).MarshalText(); err == nil {
		t.Error("got no error encoding a grade that does not exist")
	}
}

func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		h := New(2000)
		for range 2000 {
			h.Add(Sample{At: start, Took: good}, rules())
		}
		b.ReportMetric(float64(h.Bytes()), "bytes/edge")
	}
}

func BenchmarkGrade(b *testing.B) {
	h := New(2000)
	for i := range 2000 {
		h.Add(Sample{At: start.Add(time.Duration(i) * time.Minute), Took: slow}, rules())
	}
	now := start.Add(2000 * time.Minute)
	for b.Loop() {
		h.Grade(now, rules())
	}
}
