package history

import "time"

// packed is a sample in 8 bytes: above, 36 bits of 10 ms ticks since epoch;
// below, 28 bits of microseconds, all ones for a failure. Times outside
// 2020-01-01 to 2041-10-11 are kept as the nearest of the two.
type packed uint64

const (
	tookBits = 28
	tick     = 10 * time.Millisecond

	failedMark = 1<<tookBits - 1
	maxTicks   = 1<<(64-tookBits) - 1

	// MaxTook is the longest fetch that can be kept (about 268 s), thus the
	// longest timeout that makes sense.
	MaxTook = (failedMark - 1) * time.Microsecond
)

// epoch is 2020-01-01 UTC, in ticks since 1970.
const epoch = 1577836800 * int64(time.Second/tick)

func pack(s Sample, timeout time.Duration) packed {
	low := uint64(failedMark)
	if !s.Failed && s.Took < timeout {
		// Cutting keeps every comparison with a whole number of µs exact.
		low = uint64(min(max(s.Took, 0), MaxTook) / time.Microsecond)
	}
	return packed(uint64(ticksOf(s.At))<<tookBits | low)
}

// ticksOf returns t in ticks since epoch, within what packed can hold.
func ticksOf(t time.Time) int64 {
	// Seconds and the rest apart: UnixNano is undefined far from 1970.
	ticks := t.Unix()*int64(time.Second/tick) + int64(t.Nanosecond())/int64(tick) - epoch
	return min(max(ticks, 0), maxTicks)
}

func (p packed) ticks() int64  { return int64(p >> tookBits) }
func (p packed) failed() bool  { return p&failedMark == failedMark }
func (p packed) micros() int64 { return int64(p & failedMark) }

func (p packed) sample() Sample {
	s := Sample{At: time.UnixMilli((p.ticks() + epoch) * tick.Milliseconds()).UTC(), Failed: p.failed()}
	if !s.Failed {
		s.Took = time.Duration(p.micros()) * time.Microsecond
	}
	return s
}
