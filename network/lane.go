package network

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Files outside the state are written by goroutines that nobody waits for: a disk that hangs holds up no probe, no decision,
// no reload and no end of the process. What it holds up is left behind when its network stops; whatever writes to the same
// place next waits until that is over. So at most one goroutine hangs on each place, and nothing old overwrites what is newer.

const (
	// hangsAfter is how long one file may take before it is told that its disk hangs.
	hangsAfter = 10 * time.Second
	// leaveAfter is how long a network that stops waits for its writers. The next one waits for them in their lanes.
	leaveAfter = 250 * time.Millisecond
	// leaveLast is how long they are waited for when no network will take over: what they write now is the last.
	leaveLast = 5 * time.Second
)

// lane is the way to a file or directory outside the state, one writer wide. Use is what the network has it for.
type lane struct{ network, use, path string }

// lanes are those that are in use. They are of the process: a network may be gone from the Corefile, and be back, while a
// writer of its first life hangs.
var lanes = struct {
	mu    sync.Mutex
	taken map[lane]*traffic
}{taken: map[lane]*traffic{}}

// traffic is who is in a lane, or waits before it.
type traffic struct {
	writer chan struct{} // full while one writes
	count  int
}

// enter waits until the lane is free, and reports whether it was before the context ended. Who has entered must leave.
func (l lane) enter(ctx context.Context) (leave func(), entered bool) {
	lanes.mu.Lock()
	t := lanes.taken[l]
	if t == nil {
		t = &traffic{writer: make(chan struct{}, 1)}
		lanes.taken[l] = t
	}
	t.count++
	lanes.mu.Unlock()
	gone := func() {
		lanes.mu.Lock()
		defer lanes.mu.Unlock()
		if t.count--; t.count == 0 {
			delete(lanes.taken, l)
		}
	}
	leave = func() { <-t.writer; gone() }
	select {
	case t.writer <- struct{}{}:
		return leave, true // also when the context has ended: what there is to write is written once more
	default:
	}
	select {
	case t.writer <- struct{}{}:
		return leave, true
	case <-ctx.Done():
		gone()
		return nil, false
	}
}

// aside runs who uses a disk, mostly a writer, in a lane. It returns what is closed when the writer has ended, which it should
// do when the context does. tell makes the event that says that the disk hangs.
func (n *Network) aside(ctx context.Context, l lane, tell func(error) Event, write func(*watchdog)) <-chan struct{} {
	l.path = filepath.Clean(l.path) // the same after a reload that writes it otherwise
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w := newWatchdog(n, l, tell)
		defer w.rest()
		w.arm(fmt.Sprintf("waiting for who used %s %q before", l.use, l.path))
		leave, entered := l.enter(ctx)
		w.rest()
		if entered {
			defer leave()
			write(w)
		}
	}()
	return ended
}

// within writes in a lane and waits for it, unless the context ends first and the disk hangs. Then it is left
// behind, and nothing may be made of what it does: ended is false.
func (n *Network) within(ctx context.Context, l lane, tell func(error) Event, write func(*watchdog) []error) (errs []error, ended bool) {
	var wrote []error
	done := n.aside(ctx, l, tell, func(w *watchdog) { wrote = write(w) })
	select {
	case <-done:
		return wrote, true
	case <-ctx.Done():
	}
	if left := await([]<-chan struct{}{done}, leaveLast); len(left) > 0 {
		return []error{fmt.Errorf("writing %s %q: given up, its disk hangs", l.use, l.path)}, false
	}
	return wrote, true
}

// await waits for writers, at most for a time, and returns those that have not ended.
func await(writers []<-chan struct{}, most time.Duration) (left []<-chan struct{}) {
	wait := time.NewTimer(most)
	defer wait.Stop()
	over := false
	for _, ended := range writers {
		if !over {
			select {
			case <-ended:
				continue
			case <-wait.C:
				over = true
			}
		}
		select {
		case <-ended:
		default:
			left = append(left, ended)
		}
	}
	return left
}

func zonesHang(err error) Event { return ZoneFilesFailed{err} }
func fileHangs(err error) Event { return FileFailed{err} }

// watchdog tells, once while it lasts, that what is done to a disk has no end. It belongs to one writer.
type watchdog struct {
	network *Network
	lane    lane
	doing   atomic.Pointer[string]
	told    atomic.Bool
	timer   *time.Timer
}

func newWatchdog(n *Network, l lane, event func(error) Event) *watchdog {
	w := &watchdog{network: n, lane: l}
	w.timer = time.AfterFunc(hangsAfter, func() {
		if !w.told.Swap(true) {
			n.tell(event(fmt.Errorf("%s: no end after %s: the disk hangs", *w.doing.Load(), hangsAfter)))
		}
	})
	w.timer.Stop()
	return w
}

// watch begins to watch something that ends with the next watch, or rest.
func (w *watchdog) watch(doing string) {
	w.arm(doing)
	if w.network.hold != nil {
		w.network.hold(w.lane.use, doing)
	}
}

func (w *watchdog) arm(doing string) {
	w.doing.Store(&doing)
	w.timer.Reset(hangsAfter)
}

// rest says that nothing is done. When the disk hangs again it is told again.
func (w *watchdog) rest() {
	w.timer.Stop()
	w.told.Store(false)
}
