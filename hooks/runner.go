package hooks

import (
	"fmt"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// settle is how long commands wait for the files that go with their event. On a disk that hangs they are run all the same.
const settle = 10 * time.Second

// command is what is run at some moment.
type command struct {
	key  string // tells commands apart
	when config.When
	argv []string
}

// name is what may be shown of the command: an argument may be a secret.
func (c command) name() string { return c.argv[0] }

func commandsOf(runs []config.Run) (commands []command) {
	for _, r := range runs {
		c := command{fmt.Sprintf("%s %q", r.When, r.Argv), r.When, r.Argv}
		if !slices.ContainsFunc(commands, func(o command) bool { return o.key == c.key }) {
			commands = append(commands, c)
		}
	}
	return commands
}

// only returns the queue without what waits for other commands.
func (q queue) only(commands []command) queue {
	return slices.DeleteFunc(q, func(e entry) bool {
		return !slices.ContainsFunc(commands, func(c command) bool { return c.key == e.command.key })
	})
}

// without returns the entries of other commands.
func (q queue) without(commands []command) queue {
	return slices.DeleteFunc(slices.Clone(q), func(e entry) bool {
		return slices.ContainsFunc(commands, func(c command) bool { return c.key == e.command.key })
	})
}

// runAll runs what waits, one at a time, until nothing does.
func (h *Hooks) runAll() {
	for {
		h.mu.Lock()
		e, ok := h.runs.pop()
		h.running = ok
		h.mu.Unlock()
		if !ok {
			return
		}
		h.settled(e.message)
		if h.ctx.Err() != nil {
			h.observe(drop(Run, e.command.name(), e.message, errClosed))
			continue
		}
		began := time.Now()
		stderr, err := h.run(e.command.argv, e.message.body)
		h.observe(Report{
			Kind: Run, Target: e.command.name(), Event: e.message.kind, ID: e.message.id,
			Err: err, Lost: err != nil, Stderr: stderr, Took: time.Since(began),
		})
	}
}

// settled waits until the files of an event are written, but not for ever.
func (h *Hooks) settled(m message) {
	if m.settled == nil {
		return
	}
	wait := time.NewTimer(settle)
	defer wait.Stop()
	select {
	case <-m.settled:
	case <-wait.C:
	case <-h.closing:
	}
}
