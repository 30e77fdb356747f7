package control

import "time"

// Late says whether the last round of probes is too long ago: more than two intervals and a timeout. Probes are spread over
// the interval, so while all is well a round ends at most an interval and a timeout after the one before; one more interval
// is the difference between a busy moment and trouble. Before the first round it counts from since, when the network
// started; a zero since is never late. The alert rules of the monitoring kit say the same in PromQL.
func Late(lastRound, since, now time.Time, interval, timeout time.Duration) bool {
	if lastRound.Before(since) {
		lastRound = since
	}
	return !lastRound.IsZero() && now.Sub(lastRound) > 2*interval+timeout
}
