package hooks

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// noting is a script that notes its name and the event in $D/ran, and waits at a gate, a named pipe, for the tests to
// let it through. It finds out whether another one runs beside it.
const noting = `mkdir $D/alone || echo twice >>$D/ran
echo "$1 $(sed 's/.*"text":"\([^"]*\)".*/\1/')" >>$D/ran
if [ "$1" = gate ]; then read x <$D/gate; fi
rmdir $D/alone`

// runs is a site of commands.
type runs struct {
	*Hooks
	*log
	t    *testing.T
	path string
	dir  string
}

func newRuns(t *testing.T, o Options) *runs {
	t.Helper()
	r := &runs{t: t, log: newLog()}
	r.path, r.dir = script(t, noting)
	if err := syscall.Mkfifo(filepath.Join(r.dir, "gate"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Observe = r.hear
	r.Hooks = New(o)
	t.Cleanup(r.Close)
	return r
}

// run is a command that notes its name.
func (r *runs) run(when config.When, name string) config.Run {
	return config.Run{When: when, Argv: []string{r.path, name}}
}

// block has a command run that waits at the gate; the function returned lets it through.
func (r *runs) block() (open func()) {
	r.t.Helper()
	r.Configure([]config.Run{r.run(config.AfterChanges, "gate")}, nil)
	r.Enqueue(change("0"))
	appears(r.t, r.dir, "ran")
	until(r.t, "it runs", func() bool { return strings.Contains(read(r.t, r.dir, "ran"), "gate 0") })
	return func() {
		r.t.Helper()
		gate, err := syscall.Open(filepath.Join(r.dir, "gate"), syscall.O_WRONLY, 0)
		if err != nil {
			r.t.Fatal(err)
		}
		syscall.Write(gate, []byte("\n"))
		syscall.Close(gate)
	}
}

// ran lists what ran, each with its event.
func (r *runs) ran() []string {
	r.t.Helper()
	return strings.Split(strings.TrimSpace(read(r.t, r.dir, "ran")), "\n")
}

// Commands run one at a time, every change in order, and of what only time brings the newest.
func TestCommandsInOrder(t *testing.T) {
	r := newRuns(t, Options{})
	open := r.block()
	r.Configure([]config.Run{
		r.run(config.Before, "before"), r.run(config.After, "after"),
		r.run(config.AfterChanges, "one"), r.run(config.AfterChanges, "two"), r.run(config.AfterChanges, "one"),
	}, nil)
	for i := 1; i <= 3; i++ {
		r.Enqueue(Event{Event: Before, Text: fmt.Sprint("b", i)})
		r.Enqueue(change(fmt.Sprint(i)))
		r.Enqueue(Event{Event: Round, Text: fmt.Sprint("r", i)})
	}
	r.Enqueue(Event{Event: Zones, Text: "z"})
	for _, k := range []Kind{Rung, Modes, Freeze} {
		r.Enqueue(Event{Event: k, Text: "for webhooks"})
	}
	if waiting, _ := r.Pending(); waiting != 2+4*2 {
		t.Errorf("%d wait, want 10", waiting)
	}
	open()
	r.await(t, 11)
	want := []string{"gate 0", "before b3", "one 1", "two 1", "after r3", "one 2", "two 2", "one 3", "two 3", "one z", "two z"}
	if diff := cmp.Diff(want, r.ran()); diff != "" {
		t.Errorf("ran (-want +got):\n%s", diff)
	}
}

// Of more changes than may wait the oldest are dropped, for each command by itself, and each is told of.
func TestCommandsDropped(t *testing.T) {
	r := newRuns(t, Options{})
	open := r.block()
	r.Configure([]config.Run{r.run(config.AfterChanges, "one")}, nil)
	for i := range waits + 5 {
		r.Enqueue(change(fmt.Sprint(i + 1)))
	}
	dropped := r.take()
	if len(dropped) != 5 || slices.ContainsFunc(dropped, func(r Report) bool { return !r.Dropped || !r.Lost || r.Err == nil }) {
		t.Errorf("got %+v, want 5 dropped", dropped)
	}
	r.Configure(nil, nil)
	r.Configure([]config.Run{r.run(config.AfterChanges, "one")}, nil)
	if waiting, _ := r.Pending(); waiting != 0 {
		t.Errorf("%d wait for a command that came back, want none", waiting)
	}
	r.Enqueue(change("last"))
	open()
	r.await(t, 5+waits+2) // those that waited when it was taken off are told of, too
	if diff := cmp.Diff([]string{"gate 0", "one last"}, r.ran()); diff != "" {
		t.Errorf("ran (-want +got):\n%s", diff)
	}
}

// A reload keeps what waits for the commands that stay, and lets the one come to its end that runs.
func TestCommandsAtReload(t *testing.T) {
	r := newRuns(t, Options{})
	open := r.block()
	r.Configure([]config.Run{r.run(config.AfterChanges, "one"), r.run(config.AfterChanges, "two")}, nil)
	r.Enqueue(change("1"))
	r.Configure([]config.Run{r.run(config.AfterChanges, "three"), r.run(config.AfterChanges, "two")}, nil)
	r.Enqueue(change("2"))
	open()
	r.await(t, 5) // that "one" will never get its own is said, too
	if diff := cmp.Diff([]string{"gate 0", "two 1", "three 2", "two 2"}, r.ran()); diff != "" {
		t.Errorf("ran (-want +got):\n%s", diff)
	}
}

// A command waits for the files of its change, though not for ever.
func TestCommandsSettle(t *testing.T) {
	r := newRuns(t, Options{})
	r.Configure([]config.Run{r.run(config.AfterChanges, "one")}, nil)
	written := make(chan struct{})
	e := change("1")
	e.Settled = written
	r.Enqueue(e)
	until(t, "it is taken up", func() bool { waiting, _ := r.Pending(); return waiting == 0 })
	if got := r.take(); len(got) > 0 {
		t.Errorf("got %+v before the files were written", got)
	}
	close(written)
	r.await(t, 1)

	bubble(t, func(t *testing.T) {
		h := New(Options{})
		defer h.Close()
		began := time.Now()
		h.settled(message{settled: make(chan struct{})})
		if took := time.Since(began); took != settle {
			t.Errorf("files that are never written are waited for %v, want %v", took, settle)
		}
	})
}

// When the process ends nothing of ours goes on, and what was not told is.
func TestCloseCommands(t *testing.T) {
	t.Run("that end soon", func(t *testing.T) {
		r := newRuns(t, Options{grace: time.Minute})
		open := r.block()
		r.Configure([]config.Run{r.run(config.AfterChanges, "one")}, nil)
		r.Enqueue(change("1"))
		closed := make(chan struct{})
		go func() { defer close(closed); r.Close() }()
		open()
		<-closed
		if diff := cmp.Diff([]string{"gate 0", "one 1"}, r.ran()); diff != "" {
			t.Errorf("ran (-want +got):\n%s", diff)
		}
		r.Enqueue(change("2"))
		r.Configure(nil, nil)
		r.Close()
		if got := r.take(); len(got) != 2 {
			t.Errorf("got %+v, want the two that ran", got)
		}
	})
	for _, tt := range []struct{ name, script string }{
		{"that hang", "echo $$ >$D/child; touch $D/ready; exec sleep 1000"},
		{"that hear no signal", "trap '' TERM; echo $$ >$D/child; touch $D/ready; while :; do sleep 1; done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, dir := script(t, tt.script)
			l := newLog()
			h := New(Options{Observe: l.hear, grace: time.Millisecond})
			h.Configure(after(path), nil)
			h.Enqueue(change("1"))
			appears(t, dir, "ready")
			h.Enqueue(change("2"))
			h.Close()
			if !gone(t, dir, "child")() {
				t.Error("it runs on")
			}
			got := l.take()
			if len(got) != 2 || got[0].Err == nil || got[0].Dropped || !got[1].Dropped {
				t.Errorf("got %+v, want one that was stopped, and one dropped", got)
			}
		})
	}
}
