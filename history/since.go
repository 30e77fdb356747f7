package history

import "time"

// Since returns the newest samples, oldest first: back to the first that is from before since, but no fewer than least
// while there are as many, and no more than most.
func (h *History) Since(since time.Time, least, most int) []Sample {
	from := ticksOf(since) - h.base
	n := 0
	for i := h.n - 1; i >= 0 && (n < least || h.at(i).ticks() >= from); i-- {
		n++
	}
	return h.Recent(min(n, most))
}
