// Package history keeps what one edge's probes measured in one address family
// and grades the edge from it: by the last sample, the mean of a window, the mean
// of all samples, and by runs of failures (fall) and of successes (rise).
//
// It is pure: it reads no clock, does no I/O and logs nothing, so that the
// same samples always give the same grade, in the server as in a replay. The
// journal that carries samples over a restart lives elsewhere and feeds them
// back through Add.
//
// Samples are kept in the order they arrived in, never in the order of their
// times: a wall clock that steps back must not make an old sample the last one.
//
// Memory is bounded: a sample takes 8 bytes, so 10,000 edges with 2,000 samples
// each take about 160 MB. The price is resolution: times are cut to 10 ms, lengths
// to 1 µs, and the length of a failed fetch is not kept.
//
// A History belongs to one goroutine.
package history

import (
	"iter"
	"time"
	"unsafe"
)

// Sample is the outcome of one probe.
type Sample struct {
	At     time.Time     // when the probe ended; kept to 10 ms
	Took   time.Duration // how long the fetch took; kept to 1 µs, and as 0 for a failure
	Failed bool          // it yielded no valid answer; it counts as Rules.Timeout in the means
}

// Rules are the settings that grade samples. They may change from one call to
// the next: after a reload the samples at hand are graded by the new ones.
type Rules struct {
	GoodEnough time.Duration // a fetch must be shorter than this to be good
	Timeout    time.Duration // a fetch as long as this has failed; at most MaxTook
	Window     time.Duration // reach of the window mean, back from now
	Size       int           // samples the history mean is taken over; 0 leaves the size as it is
	Fall       int           // consecutive failures that make an edge fail; less than 1 means 1
	Rise       int           // consecutive successes that end fail; less than 1 means 1
}

// History is a ring of the newest samples of one edge in one family, with the
// sums and the runs that grading needs. Make one with New.
type History struct {
	ring []packed // grows up to size; len(ring) is its capacity
	head int      // index in ring of the oldest sample
	n    int      // samples in the ring
	size int      // most samples to keep

	base int64 // the time that packed times count from, in ticks since 1970

	took   int64 // sum of the lengths of the successes in the ring, in µs
	failed int   // failures in the ring

	// The newest samples whose times do not decrease. Only while these are all
	// of the ring may a scan of the window stop at the first sample before it.
	ordered int

	run     int  // length of the newest run of failures or of successes
	runBad  bool // that run is of failures
	failing bool // fall was reached, rise not since
}

// New returns an empty history of at most size samples; less than 1 means 1.
// It takes no memory for samples until they come.
func New(size int) *History {
	return &History{size: max(size, 1)}
}

// Resize changes how many samples are kept; the newest stay.
func (h *History) Resize(size int) {
	size = max(size, 1)
	if size == h.size {
		return
	}
	for h.n > size {
		h.drop()
	}
	h.size = size
	if len(h.ring) > size {
		h.regrow(size)
	}
}

// Add appends a sample. One that took r.Timeout or longer has failed, whatever
// it says of itself. The oldest sample makes room when the history is full.
func (h *History) Add(s Sample, r Rules) {
	if r.Size > 0 {
		h.Resize(r.Size)
	}
	at := ticksOf(s.At)
	h.reach(at)
	p := pack(at-h.base, s, r.Timeout)

	if h.n > 0 && p.ticks() < h.at(h.n-1).ticks() {
		h.ordered = 0
	}
	h.ordered++

	if h.n == h.size {
		h.drop()
	}
	if h.n == len(h.ring) {
		// In large steps: what is outgrown is garbage, which thousands of histories read from a journal make all at once.
		h.regrow(min(h.size, max(8, 4*len(h.ring))))
	}
	h.ring[h.index(h.n)] = p
	h.n++
	if p.failed() {
		h.failed++
	} else {
		h.took += p.micros()
	}

	if h.runBad != p.failed() {
		h.run, h.runBad = 0, p.failed()
	}
	h.run++
	h.failing = h.fails(r)
}

// Len returns how many samples are kept.
func (h *History) Len() int { return h.n }

// Last returns the sample that arrived last, and whether there is one.
func (h *History) Last() (Sample, bool) {
	if h.n == 0 {
		return Sample{}, false
	}
	return h.at(h.n - 1).sample(h.base), true
}

// All yields the samples in the order of their arrival, oldest first.
func (h *History) All() iter.Seq[Sample] {
	return func(yield func(Sample) bool) {
		for i := range h.n {
			if !yield(h.at(i).sample(h.base)) {
				return
			}
		}
	}
}

// Recent returns the newest n samples, or all when there are fewer, oldest first.
func (h *History) Recent(n int) []Sample {
	n = max(0, min(n, h.n))
	out := make([]Sample, 0, n)
	for i := h.n - n; i < h.n; i++ {
		out = append(out, h.at(i).sample(h.base))
	}
	return out
}

// Bytes returns about how much memory the history takes.
func (h *History) Bytes() int {
	return int(unsafe.Sizeof(*h)) + cap(h.ring)*int(unsafe.Sizeof(packed(0)))
}

// at returns the i-th sample, 0 being the oldest.
func (h *History) at(i int) packed { return h.ring[h.index(i)] }

func (h *History) index(i int) int {
	i += h.head
	if i >= len(h.ring) {
		i -= len(h.ring)
	}
	return i
}

// drop forgets the oldest sample.
func (h *History) drop() {
	p := h.at(0)
	if p.failed() {
		h.failed--
	} else {
		h.took -= p.micros()
	}
	h.head = h.index(1)
	h.n--
}

// regrow moves the samples into a ring of exactly the given length, so that a
// full history has no slack.
func (h *History) regrow(length int) {
	ring := make([]packed, length)
	for i := range h.n {
		ring[i] = h.at(i)
	}
	h.ring, h.head = ring, 0
}
