package history

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// model is History written for reading: it keeps every sample and works all
// things out from them anew.
type model struct {
	samples []Sample
	size    int
	failing bool
}

func (m *model) add(s Sample, r Rules) {
	m.samples = append(m.samples, s)
	run := 0
	for _, old := range slices.Backward(m.samples) {
		if old.Failed != s.Failed {
			break
		}
		run++
	}
	switch {
	case s.Failed && run >= r.Fall:
		m.failing = true
	case !s.Failed && run >= r.Rise:
		m.failing = false
	}
}

func (m *model) kept() []Sample { return m.samples[max(0, len(m.samples)-m.size):] }

func (m *model) grade(now time.Time, r Rules) Grade {
	all := m.kept()
	switch {
	case len(all) == 0:
		return Unknown
	case m.failing:
		return Fail
	}
	for len(all) > 0 && all[len(all)-1].Failed {
		all = all[:len(all)-1]
	}
	if len(all) == 0 {
		return Unknown
	}
	last := all[len(all)-1]
	switch {
	case last.Took < r.GoodEnough:
		return PassThreshold
	case under(windowOf(all, now, r), r):
		return PassWindow
	case under(all, r):
		return PassAverage
	}
	return Pass
}

func windowOf(samples []Sample, now time.Time, r Rules) []Sample {
	var in []Sample
	for i, s := range samples {
		if i == len(samples)-1 || !s.At.Before(now.Add(-r.Window)) {
			in = append(in, s)
		}
	}
	return in
}

func total(samples []Sample, r Rules) (sum time.Duration) {
	for _, s := range samples {
		if s.Failed {
			sum += r.Timeout
		} else {
			sum += s.Took
		}
	}
	return sum
}

func under(samples []Sample, r Rules) bool {
	return total(samples, r) < r.GoodEnough*time.Duration(len(samples))
}

func TestAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rules()
		r.Fall = rapid.IntRange(1, 4).Draw(t, "fall")
		r.Rise = rapid.IntRange(1, 4).Draw(t, "rise")
		r.Window = rapid.SampledFrom([]time.Duration{time.Minute, 5 * time.Minute, time.Hour}).Draw(t, "window")
		r.Size = rapid.IntRange(1, 40).Draw(t, "size")
		h, m := New(r.Size), &model{size: r.Size}

		now := start
		steps := rapid.IntRange(0, 120).Draw(t, "steps")
		for range steps {
			// Mostly a minute on, at times the clock is set.
			seconds := rapid.SampledFrom([]int{0, 10, 60, 60, 60, 60, 60, 60, 600, -1, -90, -7200}).Draw(t, "seconds")
			now = now.Add(time.Duration(seconds) * time.Second)
			s := Sample{At: now, Failed: rapid.IntRange(0, 3).Draw(t, "fails") == 0}
			if !s.Failed {
				s.Took = time.Duration(rapid.SampledFrom([]int{100, 500, 699, 700, 701, 900, 2000}).Draw(t, "ms")) * time.Millisecond
			}
			h.Add(s, r)
			m.add(s, r)

			if got, want := h.Grade(now, r), m.grade(now, r); got != want {
				t.Fatalf("got grade %s, want %s, of %v", got, want, m.kept())
			}
		}
		if diff := cmp.Diff(m.kept(), slices.Collect(h.All())); steps > 0 && diff != "" {
			t.Fatal(diff)
		}
		if n := len(m.kept()); n > 0 {
			if got, want := h.Average(r), total(m.kept(), r)/time.Duration(n); got != want {
				t.Fatalf("got average %s, want %s", got, want)
			}
			in := windowOf(m.kept(), now, r)
			mean, samples := h.WindowMean(now, r)
			if want := total(in, r) / time.Duration(len(in)); mean != want || samples != len(in) {
				t.Fatalf("got window mean %s of %d, want %s of %d", mean, samples, want, len(in))
			}
		}
	})
}
