package notify

import (
	"fmt"
	"time"
)

// try is one message to the secondary.
type try struct {
	entry  *entry
	serial func(string) uint32 // that of the entry when the try began
	start  time.Time
	probe  bool // the secondary was silent: this is the only one flying
}

// work sends one message after the other until none is left, or none is wanted of this worker, on a line of its own.
func (q *queue) work() {
	l := q.open(q.address)
	defer l.close()
	for {
		t, ok := q.begin()
		if !ok {
			return
		}
		answered, err := l.exchange(q.ctx, message(t.entry.zone, t.serial))
		if q.ctx.Err() != nil {
			return
		}
		for _, event := range q.end(t, answered, err) {
			q.observe(event)
		}
	}
}

// begin takes the next try. Without one the worker must end, and counts no longer.
//
// When a secondary becomes silent, all workers but the last to come here end: that one probes.
func (q *queue) begin() (try, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.ready) == 0 || q.workers > q.limit() {
		q.workers--
		return try{}, false
	}
	e := q.dequeue()
	return try{entry: e, serial: e.serial, start: time.Now(), probe: q.silent()}, true
}

// end settles a try and returns what is to be observed.
func (q *queue) end(t try, answered bool, err error) []Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	var behind []Event
	if answered {
		q.answered(now)
	} else {
		q.unanswered++
		if t.probe {
			behind = q.failBehind(t, now, err)
		}
	}
	e := t.entry
	switch {
	case err != nil:
		q.tell()
		err = fmt.Errorf("notifying %s of %q: %w", q.address, e.zone, err)
		return append([]Event{q.fail(e, now, answered, err)}, behind...)
	case e.again:
		e.fresh(now)
		q.enqueue(e)
	default:
		delete(q.entries, e.zone)
	}
	return []Event{{Address: q.address, Zone: e.zone}}
}
