package notify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// window is how many messages may wait for one secondary's answer, and how many in a row without one make it silent. On
// the way there each takes one from the window, so that a window that times out is not replaced by another.
const window = 32

// queue is what one secondary is yet to be told. One goroutine, run, starts up to window workers when there is something
// to send; they end when there is not.
type queue struct {
	address netip.AddrPort
	open    func(netip.AddrPort) line
	observe func(Event)
	after   <-chan struct{} // nothing is sent before it is closed; may be nil
	ctx     context.Context
	cancel  context.CancelFunc
	changed chan struct{} // holds one; tells run to look again

	mu         sync.Mutex
	entries    map[string]*entry // every zone of the queue
	ready      []*entry          // to be sent, in this order
	waiting    retries
	workers    int // each has one message flying
	unanswered int // tries without an answer since the last answer
}

func newQueue(parent context.Context, a netip.AddrPort, open func(netip.AddrPort) line, observe func(Event)) *queue {
	q := &queue{
		address: a, open: open, observe: observe,
		changed: make(chan struct{}, 1),
		entries: make(map[string]*entry),
	}
	q.ctx, q.cancel = context.WithCancel(parent)
	return q
}

// add queues a change of the zones.
func (q *queue) add(zones []string, serial func(string) uint32) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for _, zone := range zones {
		e := q.entries[zone]
		if e == nil {
			e = &entry{zone: zone}
			q.entries[zone] = e
		}
		e.serial = serial
		switch e.place {
		case flying:
			e.again = true
			continue
		case waiting:
			q.waiting.take(e)
			q.enqueue(e)
		case nowhere:
			q.enqueue(e)
		}
		e.fresh(now)
	}
	q.tell()
}

func (q *queue) pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

// tell makes run look again.
func (q *queue) tell() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// run starts workers as there is something for them to do, until the queue is cancelled, and waits for them.
func (q *queue) run() {
	var workers sync.WaitGroup
	defer workers.Wait()
	defer q.cancel()
	if q.after != nil {
		select {
		case <-q.ctx.Done():
			return
		case <-q.after:
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		hire, pause := q.look(time.Now())
		for range hire {
			workers.Go(q.work)
		}
		timer.Reset(pause)
		select {
		case <-q.ctx.Done():
			return
		case <-q.changed:
		case <-timer.C:
		}
	}
}

// look moves what is due to the ready, and returns how many workers are wanted more, which count from now on, and how long
// nothing more will be due.
func (q *queue) look(now time.Time) (hire int, pause time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	pause = time.Hour
	for e := q.waiting.next(); e != nil; e = q.waiting.next() {
		if e.due.After(now) {
			pause = e.due.Sub(now)
			break
		}
		q.waiting.take(e)
		q.enqueue(e)
	}
	hire = max(0, min(len(q.ready), q.limit()-q.workers))
	q.workers += hire
	return hire, pause
}

// The rest is called with the lock held.

// limit is how many messages may fly now.
func (q *queue) limit() int { return max(1, window-q.unanswered) }

func (q *queue) silent() bool { return q.unanswered >= window }

// answered takes note of an answer. One that ends a silence makes everything due that failed by it.
func (q *queue) answered(now time.Time) {
	if q.silent() {
		for _, e := range slices.Clone(q.waiting) {
			if e.silent {
				q.waiting.take(e)
				e.due = now
				q.enqueue(e)
			}
		}
	}
	if q.unanswered > 0 {
		q.unanswered = 0
		q.tell()
	}
}

func (q *queue) enqueue(e *entry) {
	e.place = queued
	q.ready = append(q.ready, e)
}

// dequeue returns the entry to be sent next. What is sent to a silent secondary speaks for all that are due, so it is
// drawn: zones that the secondary ignores must not stand before those that it would answer, each time anew.
func (q *queue) dequeue() *entry {
	if q.silent() {
		drawn := rand.IntN(len(q.ready))
		q.ready[0], q.ready[drawn] = q.ready[drawn], q.ready[0]
	}
	e := q.ready[0]
	q.ready[0] = nil
	q.ready = q.ready[1:]
	e.place = flying
	return e
}

// fail puts the entry of a failed try where it waits for the next, or gives it up.
func (q *queue) fail(e *entry, now time.Time, answered bool, err error) Event {
	event := Event{Address: q.address, Zone: e.zone, Err: err}
	if e.again {
		e.fresh(now)
		q.enqueue(e)
		return event
	}
	e.silent = !answered
	if e.tries == len(delays) {
		event.GaveUp = true
		delete(q.entries, e.zone)
		return event
	}
	e.due = now.Add(delays[e.tries])
	e.tries++
	q.waiting.put(e)
	return event
}

// failBehind fails what was due when a try of a silent secondary began that had no answer either.
func (q *queue) failBehind(t try, now time.Time, err error) []Event {
	var events []Event
	q.ready = slices.DeleteFunc(q.ready, func(e *entry) bool {
		if e.due.After(t.start) {
			return false
		}
		err := fmt.Errorf("notifying %s of %q: waiting behind %q: %w", q.address, e.zone, t.entry.zone, err)
		events = append(events, q.fail(e, now, false, err))
		return true
	})
	return events
}
