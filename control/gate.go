package control

import (
	"context"
	"time"
)

// gateTime is how long a request waits at a gate: longer than stallTime, so that clients which have stopped reading keep
// nobody out.
const gateTime = 6 * time.Second

// A gate lets so many in at a time; the others wait for a moment. A nil gate lets everybody in.
type gate struct {
	room chan struct{}
	full string // what those are told who waited in vain
}

func newGate(room int, full string) *gate {
	return &gate{room: make(chan struct{}, room), full: full}
}

// enter returns what is to be called in the end, or a failure with CodeBusy when there was no room in time.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	select {
	case g.room <- struct{}{}: // also for who has gone away by now, or closed his half of the connection
		return func() { <-g.room }, nil
	default:
	}
	patience := time.NewTimer(gateTime)
	defer patience.Stop()
	select {
	case g.room <- struct{}{}:
		return func() { <-g.room }, nil
	case <-patience.C:
	case <-ctx.Done():
	}
	return nil, failf(CodeBusy, "%s: try again", g.full)
}
