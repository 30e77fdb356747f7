package history

import "time"

// packed is a sample in 8 bytes: above, 36 bits of 10 ms ticks since the base of
// its history; below, 28 bits of microseconds, all ones for a failure.
type packed uint64

const (
	tookBits = 28
	tick     = 10 * time.Millisecond

	failedMark = 1<<tookBits - 1
	maxTicks   = 1<<(64-tookBits) - 1 // about 21 years

	// MaxTook is the longest fetch that can be kept (about 268 s), thus the
	// longest timeout that makes sense.
	MaxTook = (failedMark - 1) * time.Microsecond
)

func pack(ticks int64, s Sample, timeout time.Duration) packed {
	low := uint64(failedMark)
	if !s.Failed && s.Took < timeout {
		// Cutting keeps every comparison with a whole number of µs exact.
		low = uint64(min(max(s.Took, 0), MaxTook) / time.Microsecond)
	}
	return packed(uint64(ticks)<<tookBits | low)
}

// ticksOf returns t in ticks since 1970.
func ticksOf(t time.Time) int64 {
	// Seconds and the rest apart: UnixNano is undefined far from 1970.
	return t.Unix()*int64(time.Second/tick) + int64(t.Nanosecond())/int64(tick)
}

func (p packed) ticks() int64  { return int64(p >> tookBits) }
func (p packed) failed() bool  { return p&failedMark == failedMark }
func (p packed) micros() int64 { return int64(p & failedMark) }

func (p packed) sample(base int64) Sample {
	s := Sample{At: time.UnixMilli((p.ticks() + base) * tick.Milliseconds()).UTC(), Failed: p.failed()}
	if !s.Failed {
		s.Took = time.Duration(p.micros()) * time.Microsecond
	}
	return s
}

// reach moves the base, when it must, so that a time can be packed. A clock that
// starts in 1970 and is then set right takes such a leap; samples left out of
// reach by it are kept as far away as can be told.
func (h *History) reach(at int64) {
	if h.n > 0 && at >= h.base && at-h.base <= maxTicks {
		return
	}
	base := at - maxTicks/2
	for i := range h.n {
		p := &h.ring[h.index(i)]
		ticks := min(max(p.ticks()+h.base-base, 0), maxTicks)
		*p = packed(uint64(ticks)<<tookBits) | *p&failedMark
	}
	h.base = base
}
