package notify

import (
	"container/heap"
	"time"
)

// delays are the pauses after the first, second and third failure of a change. There is no fourth.
var delays = [...]time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute}

// place is where an entry is.
type place int

const (
	nowhere place = iota // new
	queued               // in queue.ready
	flying               // with a worker
	waiting              // in queue.waiting, until due
)

// entry is one zone whose change a secondary has not acknowledged yet. It belongs to its queue, whose lock guards it.
type entry struct {
	zone   string
	serial func(zone string) uint32
	place  place
	index  int       // in the heap, while waiting
	due    time.Time // when the try that is next was or will be called for
	tries  int       // of this change that failed
	silent bool      // the last try had no answer
	again  bool      // the zone changed while its message was flying
}

// fresh makes the next try the first one of a new change.
func (e *entry) fresh(now time.Time) { e.tries, e.silent, e.again, e.due = 0, false, false, now }

// retries are the waiting entries, a heap by the time at which they are due.
type retries []*entry

func (r retries) Len() int           { return len(r) }
func (r retries) Less(i, j int) bool { return r[i].due.Before(r[j].due) }
func (r retries) Swap(i, j int)      { r[i], r[j] = r[j], r[i]; r[i].index, r[j].index = i, j }

// Push is heap's; call put.
func (r *retries) Push(x any) {
	e := x.(*entry)
	e.index = len(*r)
	*r = append(*r, e)
}

// Pop is heap's; call take.
func (r *retries) Pop() any {
	last := len(*r) - 1
	e := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return e
}

func (r *retries) put(e *entry) {
	e.place = waiting
	heap.Push(r, e)
}

// take removes the entry, which may be anywhere in the heap.
func (r *retries) take(e *entry) { heap.Remove(r, e.index) }

// next returns the entry that is due first, or nil.
func (r retries) next() *entry {
	if len(r) == 0 {
		return nil
	}
	return r[0]
}
