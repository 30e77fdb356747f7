package history

import "time"

// Grade returns the grade the samples earn at now.
//
// A run of failures shorter than r.Fall does not count yet: the grade is the one
// of the samples before it, Unknown when there are none. Once fail, an edge
// needs r.Rise consecutive successes before it grades anything else.
func (h *History) Grade(now time.Time, r Rules) Grade {
	if h.n == 0 {
		return Unknown
	}
	if h.fails(r) {
		return Fail
	}
	pending := 0 // failures of the unfinished run
	if h.runBad {
		pending = min(h.run, h.n)
	}
	if pending == h.n {
		return Unknown
	}
	// Before an unfinished run of failures there is always a success.
	last := h.at(h.n - 1 - pending)
	all := tally{n: h.n - pending, failed: h.failed - pending, took: h.took}
	switch {
	case time.Duration(last.micros())*time.Microsecond < r.GoodEnough:
		return PassThreshold
	case h.window(now, r.Window, pending).below(r):
		return PassWindow
	case all.below(r):
		return PassAverage
	default:
		return Pass
	}
}

// Average returns the mean of all samples kept, failures counting as r.Timeout;
// 0 when there are none.
func (h *History) Average(r Rules) time.Duration {
	return tally{n: h.n, failed: h.failed, took: h.took}.mean(r)
}

// WindowMean returns the mean of the samples of the last r.Window before now, to
// the 10 ms that times are kept to, and their number. The last sample is always
// among them; samples after now (the clock was set back) are too. Failures count
// as r.Timeout, those of an unfinished run included.
func (h *History) WindowMean(now time.Time, r Rules) (mean time.Duration, samples int) {
	t := h.window(now, r.Window, 0)
	return t.mean(r), t.n
}

// Unfinished reports whether the next probe may decide between fail and another
// grade: a run of failures has not reached fall, or one of successes has not
// reached rise after fail.
func (h *History) Unfinished() bool {
	return h.run > 0 && h.runBad != h.failing
}

// fails reports whether the edge is fail, given what it was before the newest
// run. Asking again is harmless, and applies a fall or a rise that a reload changed.
func (h *History) fails(r Rules) bool {
	if h.runBad {
		return h.failing || h.run >= max(r.Fall, 1)
	}
	return h.failing && h.run < max(r.Rise, 1)
}

// window sums the samples with a time of at least now less reach, leaving out
// the newest skip samples. The newest one left always counts.
func (h *History) window(now time.Time, reach time.Duration, skip int) tally {
	var t tally
	since := ticksOf(now.Add(-reach)) - h.base
	for i := h.n - 1 - skip; i >= 0; i-- {
		p := h.at(i)
		if p.ticks() < since && t.n > 0 {
			if h.ordered >= h.n {
				break
			}
			continue
		}
		t.add(p)
	}
	return t
}

// tally is the sum of some samples, exact: floating point would make 0.7 s now
// less than, now equal to, 0.7 s.
type tally struct {
	n      int
	failed int
	took   int64 // of the successes, in µs
}

func (t *tally) add(p packed) {
	t.n++
	if p.failed() {
		t.failed++
		return
	}
	t.took += p.micros()
}

func (t tally) sum(r Rules) time.Duration {
	return time.Duration(t.took)*time.Microsecond + time.Duration(t.failed)*r.Timeout
}

func (t tally) mean(r Rules) time.Duration {
	if t.n == 0 {
		return 0
	}
	return t.sum(r) / time.Duration(t.n)
}

// below reports whether the mean is less than good enough.
func (t tally) below(r Rules) bool {
	return t.n > 0 && t.sum(r) < r.GoodEnough*time.Duration(t.n)
}
