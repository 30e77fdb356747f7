package config

import (
	"fmt"
	"math"
	"time"
)

// leastWorkers is the default for networks so small that the formula would give less.
const leastWorkers = 100

// EffectiveWorkers is how many probes may run at a time: the number configured, or when that is 0 the greater of 100 and
// addresses × timeout / interval rounded up, with which a network whose every edge hangs is still probed once an interval.
func EffectiveWorkers(workers, addresses int, timeout, interval time.Duration) int {
	if workers > 0 {
		return workers
	}
	if interval <= 0 {
		return leastWorkers
	}
	// Seconds in floating point: the product in nanoseconds overflows with some hundred thousand addresses.
	hanging := math.Ceil(float64(addresses) * timeout.Seconds() / interval.Seconds())
	return max(leastWorkers, int(min(hanging, math.MaxInt32)))
}

// WorkersWarning is a line for the log when fewer workers are configured than the default would be for this number of
// addresses, and "" otherwise.
func WorkersWarning(workers, addresses int, timeout, interval time.Duration) string {
	need := EffectiveWorkers(0, addresses, timeout, interval)
	if workers <= 0 || workers >= need {
		return ""
	}
	return fmt.Sprintf("workers: %d is fewer than %d, the default for %d addresses with timeout %v and interval %v: edges that hang would delay the probes of the others",
		workers, need, addresses, timeout, interval)
}
