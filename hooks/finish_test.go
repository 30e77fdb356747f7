package hooks

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// Finish lets commands come to their ends, however long after Close's patience that is.
func TestFinishCommands(t *testing.T) {
	r := newRuns(t, Options{grace: time.Nanosecond})
	open := r.block()
	r.Configure([]config.Run{r.run(config.AfterChanges, "one")}, nil)
	r.Enqueue(change("1"))
	finished := make(chan struct{})
	go func() { defer close(finished); r.Finish(t.Context()) }()
	until(t, "it takes no event any more", func() bool { return r.ending() })
	r.Enqueue(change("2"))
	open()
	<-finished
	if diff := cmp.Diff([]string{"gate 0", "one 1"}, r.ran()); diff != "" {
		t.Errorf("ran (-want +got):\n%s", diff)
	}
	r.Close()
}

// When the context ends, what runs is stopped and what waits is dropped.
func TestFinishCutShort(t *testing.T) {
	path, dir := script(t, "echo $$ >$D/child; touch $D/ready; exec sleep 1000")
	l := newLog()
	h := New(Options{Observe: l.hear})
	h.Configure(after(path), nil)
	h.Enqueue(change("1"))
	appears(t, dir, "ready")
	h.Enqueue(change("2"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.Finish(ctx)
	if !gone(t, dir, "child")() {
		t.Error("it runs on")
	}
	got := l.take()
	if len(got) != 2 || got[0].Err == nil || got[0].Dropped || !got[1].Dropped {
		t.Errorf("got %+v, want one that was stopped, and one dropped", got)
	}
}

// A webhook gets one try an event, which it is given the time for; one that is under way already is another.
func TestFinishWebhooks(t *testing.T) {
	for _, tt := range []struct {
		name   string
		manner manner
		want   tally
	}{
		{"that takes them", taking, tally{Taken: 3}},
		{"that fails", failing, tally{Lost: 3}},
		{"that hangs", hanging, tally{Lost: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPosts(t, tt.manner)
				for i := range 3 {
					p.Enqueue(change(fmt.Sprint(i)))
				}
				began := time.Now()
				p.Finish(t.Context())
				if most := 4 * patience; time.Since(began) > most {
					t.Errorf("it took %v, want at most %v", time.Since(began), most)
				}
				got := count(p.log.take())
				if got.Failed > 1 {
					t.Errorf("got %d tries that others followed, want at most one", got.Failed)
				}
				got.Failed = 0
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("reports (-want +got):\n%s", diff)
				}
			})
		})
	}
}
