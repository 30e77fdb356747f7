package hooks

import (
	"context"
	"errors"
	"time"
)

// grace is how long Close lets go on what is under way and what waits.
const grace = 2 * time.Second

var (
	errFull   = errors.New("dropped: too many events wait")
	errClosed = errors.New("dropped: this process ends")
	errGone   = errors.New("dropped: it is no longer configured")
)

// Close ends the Hooks within a few seconds. For two of them, what waits is still told: commands run on, and webhooks get
// one try an event. Then a command that runs is asked to end with SIGTERM and killed after another second. What was not
// told by then is observed as dropped. When Close returns, nothing of the Hooks runs. Closing again does nothing.
func (h *Hooks) Close() {
	h.shut()
	over := time.AfterFunc(h.grace, h.cancel)
	defer over.Stop()
	h.workers.Wait()
	h.cancel()
}

// Finish ends the Hooks when all that waits has been told: commands run to their ends, which the limit of each bounds, and
// webhooks get one try an event, beside one that is under way. When ctx ends before, the rest goes as it does after Close's two seconds. It is for a process
// that has nothing else to do.
func (h *Hooks) Finish(ctx context.Context) {
	h.shut()
	stop := context.AfterFunc(ctx, h.cancel)
	defer stop()
	h.workers.Wait()
	h.cancel()
}

// shut takes no event any more.
func (h *Hooks) shut() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
}

// drop reports an event that was not told.
func drop(kind, target string, m message, err error) Report {
	return Report{Kind: kind, Target: target, Event: m.kind, ID: m.id, Err: err, Lost: true, Dropped: true}
}
