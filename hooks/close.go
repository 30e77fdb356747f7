package hooks

import (
	"errors"
	"time"
)

// grace is how long Close lets go on what is under way and what waits.
const grace = 2 * time.Second

var (
	errFull   = errors.New("dropped: too many events wait")
	errClosed = errors.New("dropped: the server stops")
	errGone   = errors.New("dropped: it is no longer configured")
)

// Close ends the Hooks within a few seconds. For two of them, what waits is still told: commands run on, and webhooks get
// one try an event. Then a command that runs is asked to end with SIGTERM and killed after another second. What was not
// told by then is observed as dropped. When Close returns, nothing of the Hooks runs. Closing again does nothing.
func (h *Hooks) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
	h.mu.Unlock()
	over := time.AfterFunc(h.grace, h.cancel)
	defer over.Stop()
	h.workers.Wait()
	h.cancel()
}

// drop reports an event that was not told.
func drop(kind, target string, m message, err error) Report {
	return Report{Kind: kind, Target: target, Event: m.kind, ID: m.id, Err: err, Lost: true, Dropped: true}
}
