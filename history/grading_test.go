package history

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func rules() Rules {
	return Rules{
		GoodEnough: 700 * time.Millisecond,
		Timeout:    10 * time.Second,
		Window:     5 * time.Minute,
		Size:       2000,
		Fall:       1,
		Rise:       1,
	}
}

// fill adds samples a minute apart, the first at start, and returns the time of
// the last. A negative length is a failure.
func fill(h *History, r Rules, took ...time.Duration) time.Time {
	now := start
	for i, d := range took {
		now = start.Add(time.Duration(i) * time.Minute)
		h.Add(Sample{At: now, Took: d, Failed: d < 0}, r)
	}
	return now
}

const (
	fail = -1 * time.Millisecond
	good = 100 * time.Millisecond
	slow = 2 * time.Second
	edge = 700 * time.Millisecond // exactly goodenough
)

func TestGrade(t *testing.T) {
	tests := []struct {
		name string
		took []time.Duration
		want Grade
	}{
		{"no sample", nil, Unknown},
		{"good", []time.Duration{good}, PassThreshold},
		{"good after failures", []time.Duration{fail, fail, good}, PassThreshold},
		{"just under goodenough", []time.Duration{edge - time.Microsecond}, PassThreshold},
		{"exactly goodenough is not under it", []time.Duration{edge}, Pass},
		{"means of exactly goodenough are not under it", []time.Duration{edge, edge, edge}, Pass},
		{"failed", []time.Duration{good, good, fail}, Fail},
		{"as long as timeout has failed", []time.Duration{good, 10 * time.Second}, Fail},
		{"just under timeout has not", []time.Duration{10*time.Second - time.Microsecond}, Pass},
		{"slow, window good", []time.Duration{good, good, good, good, slow}, PassWindow},
		{"slow, window good, history bad", []time.Duration{fail, good, good, good, good, good, slow}, PassWindow},
		{"slow, window bad, history good", []time.Duration{
			good, good, good, good, good, good, good, good, good, good, good, good, slow, slow, slow, slow,
		}, PassAverage},
		{"a failure counts as timeout in the window", []time.Duration{fail, good, good, slow}, Pass},
		{"always slow", []time.Duration{slow, slow}, Pass},
		{"slow after a failure", []time.Duration{fail, slow}, Pass},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := New(2000)
			now := fill(h, rules(), tt.took...)
			if got := h.Grade(now, rules()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestGradeFallRise(t *testing.T) {
	tests := []struct {
		name       string
		fall, rise int
		took       []time.Duration
		want       Grade
		unfinished bool
	}{
		{"one failure of three", 3, 1, []time.Duration{good, fail}, PassThreshold, true},
		{"two failures of three", 3, 1, []time.Duration{good, fail, fail}, PassThreshold, true},
		{"three failures of three", 3, 1, []time.Duration{good, fail, fail, fail}, Fail, false},
		{"a success ends the run", 3, 1, []time.Duration{good, fail, fail, good, fail}, PassThreshold, true},
		{"grade before the run is by window", 2, 1, []time.Duration{good, good, good, slow, fail}, PassWindow, true},
		{"grade before the run is by history", 2, 1, []time.Duration{
			good, good, good, good, good, good, good, good, good, good, good, good, slow, slow, slow, slow, fail,
		}, PassAverage, true},
		{"an earlier finished run counts in the means", 2, 1, []time.Duration{fail, fail, good, slow, fail}, Pass, true},
		{"nothing but the run", 3, 1, []time.Duration{fail, fail}, Unknown, true},
		{"never up", 3, 1, []time.Duration{fail, fail, fail}, Fail, false},
		{"unknown grades on its first success", 3, 3, []time.Duration{good}, PassThreshold, false},
		{"unknown after failures grades on its first success", 3, 3, []time.Duration{fail, fail, good}, PassThreshold, false},
		{"one success of three", 1, 3, []time.Duration{fail, good}, Fail, true},
		{"two successes of three", 1, 3, []time.Duration{fail, good, good}, Fail, true},
		{"three successes of three", 1, 3, []time.Duration{fail, good, good, good}, PassThreshold, false},
		{"a failure starts rise anew", 1, 3, []time.Duration{fail, good, good, fail, good, good}, Fail, true},
		{"fail stays fail under fall", 2, 3, []time.Duration{fail, fail, good, fail}, Fail, false},
		{"falls again only by a whole run", 2, 2, []time.Duration{fail, fail, good, good, fail}, PassThreshold, true},
		{"fall and rise of 1", 1, 1, []time.Duration{fail, good, fail}, Fail, false},
		{"less than 1 means 1", 0, 0, []time.Duration{fail, good}, PassThreshold, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := rules()
			r.Fall, r.Rise = tt.fall, tt.rise
			h := New(2000)
			now := fill(h, r, tt.took...)
			if got := h.Grade(now, r); got != tt.want {
				t.Errorf("got grade %s, want %s", got, tt.want)
			}
			if got := h.Unfinished(); got != tt.unfinished {
				t.Errorf("got unfinished %t, want %t", got, tt.unfinished)
			}
		})
	}
}

// The failures of an unfinished run are left out of the grade alone: the averages
// that order the edges and that operators see have them.
func TestUnfinishedRunCountsInMeans(t *testing.T) {
	r := rules()
	r.Fall = 3
	h := New(10)
	now := fill(h, r, good, fail)
	want := (good + r.Timeout) / 2
	if got := h.Average(r); got != want {
		t.Errorf("got average %s, want %s", got, want)
	}
	if got, n := h.WindowMean(now, r); got != want || n != 2 {
		t.Errorf("got window mean %s of %d, want %s of 2", got, n, want)
	}
}

// A reload that changes fall or rise takes effect on the samples at hand.
func TestGradeByChangedRules(t *testing.T) {
	tests := []struct {
		name          string
		before, after Rules
		took          []time.Duration
		want          Grade
	}{
		{"fall lowered", Rules{Fall: 5}, Rules{Fall: 2}, []time.Duration{good, fail, fail}, Fail},
		{"fall raised leaves fail", Rules{Fall: 2}, Rules{Fall: 5}, []time.Duration{good, fail, fail}, Fail},
		{"rise lowered", Rules{Rise: 5}, Rules{Rise: 2}, []time.Duration{fail, good, good}, PassThreshold},
		{"goodenough lowered", Rules{}, Rules{GoodEnough: good}, []time.Duration{good}, Pass},
		{"timeout raised", Rules{}, Rules{Timeout: time.Minute}, []time.Duration{fail, good, good, slow}, Pass},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			with := func(change Rules) Rules {
				r := rules()
				r.Fall, r.Rise = change.Fall, change.Rise
				if change.GoodEnough > 0 {
					r.GoodEnough = change.GoodEnough
				}
				if change.Timeout > 0 {
					r.Timeout = change.Timeout
				}
				return r
			}
			h := New(10)
			now := fill(h, with(tt.before), tt.took...)
			if got := h.Grade(now, with(tt.after)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWindow(t *testing.T) {
	type want struct {
		Mean time.Duration
		N    int
	}
	at := func(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }
	tests := []struct {
		name    string
		samples []Sample
		now     time.Time
		want    want
	}{
		{"no sample", nil, start, want{}},
		{"the bound is in", []Sample{{At: at(0), Took: 4 * good}, {At: at(5), Took: 2 * good}}, at(5), want{3 * good, 2}},
		{"before the bound is out", []Sample{{At: at(0), Took: 4 * good}, {At: at(5), Took: 2 * good}},
			at(5).Add(tick), want{2 * good, 1}},
		{"the last sample is always in", []Sample{{At: at(0), Took: good}, {At: at(1), Took: slow}}, at(60), want{slow, 1}},
		{"a failure is timeout", []Sample{{At: at(0), Failed: true}}, at(0), want{10 * time.Second, 1}},
		// The clock was an hour fast and was set back. Samples of that hour are
		// after now; they arrived lately, and stay until evicted.
		{"clock stepped back", []Sample{
			{At: at(60), Took: 4 * good}, {At: at(61), Took: 4 * good}, {At: at(2), Took: good},
		}, at(2), want{3 * good, 3}},
		// The scan must not stop at the old sample between newer ones.
		{"old between new", []Sample{
			{At: at(60), Took: 4 * good}, {At: at(1), Took: slow}, {At: at(61), Took: 2 * good},
		}, at(61), want{3 * good, 2}},
		{"clock stepped forward", []Sample{
			{At: at(0), Took: slow}, {At: at(600), Took: good},
		}, at(600), want{good, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := New(10)
			for _, s := range tt.samples {
				h.Add(s, rules())
			}
			var got want
			got.Mean, got.N = h.WindowMean(tt.now, rules())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A clock set back must not make an old sample the last one: the grade follows
// the probe that ended last.
func TestClockSteppedBackGradesByArrival(t *testing.T) {
	h := New(10)
	h.Add(Sample{At: start.Add(time.Hour), Took: good}, rules())
	h.Add(Sample{At: start, Failed: true}, rules())
	if got := h.Grade(start, rules()); got != Fail {
		t.Errorf("got %s, want fail", got)
	}
	if last, _ := h.Last(); !last.Failed {
		t.Errorf("got %v as last sample, want the failure", last)
	}
}
