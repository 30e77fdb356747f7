package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// watched is a status --watch whose clock the test holds.
type watched struct {
	*fake
	ticks  chan time.Time
	output *io.PipeReader
	ended  chan int
	cancel context.CancelFunc

	mu  sync.Mutex
	now time.Time
}

func watch(t *testing.T, answers map[string]any, args ...string) *watched {
	t.Helper()
	w := &watched{fake: newFake(t, answers), ticks: make(chan time.Time), ended: make(chan int, 1), now: now}
	out, in := io.Pipe()
	w.output = out
	root := newRootAt(clock{
		now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
		tick: func(d time.Duration) (<-chan time.Time, func()) {
			if d != 5*time.Second {
				t.Errorf("got an interval of %v, want 5s", d)
			}
			return w.ticks, func() {}
		},
	})
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	root.SetContext(ctx)
	root.SetOut(in)
	root.SetErr(in)
	go func() {
		w.ended <- run(root, append([]string{"status"}, args...))
		in.Close()
	}()
	t.Cleanup(func() {
		w.cancel()
		io.Copy(io.Discard, out) // until it has ended
	})
	return w
}

// pass lets time pass until the next look.
func (w *watched) pass(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	w.ticks <- time.Time{}
}

// next reads what is shown next.
func (w *watched) next(t *testing.T) string {
	t.Helper()
	buf := make([]byte, 1<<16) // a pipe hands over one write at a time
	n, err := w.output.Read(buf)
	if err != nil {
		t.Fatalf("got %v, want more output", err)
	}
	return string(buf[:n])
}

// Away from a terminal the status is printed again each time, and a server that is away for a moment is said to be.
func TestWatch(t *testing.T) {
	w := watch(t, calm(), "--watch", "5s")
	if got := w.next(t); !strings.HasPrefix(got, "web: serial 1773280000, 4 zones, last round 12s ago (took 58.2s)") || strings.Contains(got, "\x1b") {
		t.Errorf("got at first:\n%s", got)
	}
	w.pass(5 * time.Second)
	if got := w.next(t); !strings.HasPrefix(got, "\nweb: serial 1773280000, 4 zones, last round 17s ago") {
		t.Errorf("got five seconds later:\n%s", got)
	}
	w.set("/v1/networks", refusal{http.StatusServiceUnavailable, control.CodeNotRunning, "the server reloads"})
	w.pass(5 * time.Second)
	if got := w.next(t); got != "\nNO ANSWER at 02:10:14 UTC: the server reloads\n" {
		t.Errorf("got while the server is away:\n%s", got)
	}
	w.set("/v1/networks", calm()["/v1/networks"])
	w.pass(5 * time.Second)
	if got := w.next(t); !strings.Contains(got, "last round 27s ago") {
		t.Errorf("got when the server is back:\n%s", got)
	}
	w.cancel()
	if code := <-w.ended; code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
}

// Whoever starts to watch while the server starts needs not start again.
func TestWatchBeforeServer(t *testing.T) {
	w := watch(t, map[string]any{"/v1/networks": hangUp{}}, "--watch=5s")
	if got := w.next(t); !strings.HasPrefix(got, "NO ANSWER at 02:10:04 UTC: ") {
		t.Errorf("got at first: %q", got)
	}
	for path, answer := range calm() {
		w.set(path, answer)
	}
	w.pass(5 * time.Second)
	if got := w.next(t); !strings.HasPrefix(got, "\nweb: ") {
		t.Errorf("got then: %q", got)
	}
}

// What the server will not show ends the watch at once, for waiting does not help.
func TestWatchRefused(t *testing.T) {
	w := watch(t, map[string]any{"/v1/networks": refusal{http.StatusNotFound, control.CodeUnknownNetwork, `there is no network "wbe"`}}, "--watch=5s", "-A", "wbe")
	if got := w.next(t); got != "edgemanage: there is no network \"wbe\"\n" {
		t.Errorf("got %q", got)
	}
	if code := <-w.ended; code != 1 {
		t.Errorf("got exit code %d, want 1", code)
	}
}

// Ctrl-C is how a watch ends, and no failure.
func TestWatchInterrupted(t *testing.T) {
	w := watch(t, calm(), "--watch=5s")
	w.next(t)
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-w.ended:
		if code != 0 {
			t.Errorf("got exit code %d, want 0", code)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on after Ctrl-C")
	}
}
