package once

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/try"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// listener says what happens while it does: a command may take a minute.
type listener struct {
	*try.Listener
	network   string
	dry       bool
	verbose   bool
	mu        sync.Mutex
	out, errs io.Writer
	told      int // changes
	failed    int // commands
}

// Observe implements network.Observer. What could not be written comes back from the round, so it is not said here.
func (l *listener) Observe(name string, e network.Event) {
	l.Listener.Observe(name, e)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := e.(type) {
	case network.SetChanged:
		l.change("%s: %s", e.Family, e.Text)
	case network.RungChanged:
		l.change("%s: rung %s, was %s: %s", e.Family, e.After, e.Before, e.Text)
	case network.CanariesChanged:
		for _, text := range e.Texts() {
			l.change("%s", text)
		}
	case network.ModesChanged:
		for _, text := range e.Texts() {
			l.change("%s", text)
		}
	case network.FreezeChanged:
		l.change("%s", e.Reason())
	case network.ReloadFailed:
		l.trouble("%v", e.Err)
	case network.Fault:
		l.trouble("%s", e.Text)
	case network.Warning:
		l.trouble("warning: %s", e.Text)
	case network.Note:
		if l.verbose {
			l.say(l.out, "%s", e.Text)
		}
	case network.Hooked:
		l.hooked(hooks.Report(e))
	}
}

// hooked tells of the end of a command, and of a webhook that was not told.
func (l *listener) hooked(r hooks.Report) {
	wrote := ""
	if r.Stderr != "" {
		wrote = "; it wrote: " + strings.TrimSpace(r.Stderr)
	}
	switch {
	case r.Err != nil:
		if r.Kind == hooks.Run {
			l.failed++
		}
		l.trouble("%v%s", r.Err, wrote)
	case l.verbose:
		l.say(l.out, "%s %s: done%s", r.Kind, r.Target, wrote)
	}
}

func (l *listener) change(format string, args ...any) {
	l.told++
	if l.dry {
		format = "would change: " + format
	}
	l.say(l.out, format, args...)
}

func (l *listener) trouble(format string, args ...any) { l.say(l.errs, format, args...) }

// say writes one line; what others wrote is in it.
func (l *listener) say(to io.Writer, format string, args ...any) {
	fmt.Fprintf(to, "%s: %s\n", l.network, console.Safe(fmt.Sprintf(format, args...)))
}
