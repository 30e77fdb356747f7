package network

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
)

// held keeps what is to be told until the files are written, however long that takes.
type held struct {
	Hooks
	events []hooks.Event
	failed atomic.Bool // a command after a change did not end well
}

// of makes the hooks whose events are held.
func (h *held) of(hooking func(hooks.Options) Hooks, o hooks.Options) Hooks {
	observe := o.Observe
	o.Observe = func(r hooks.Report) {
		if r.Kind == hooks.Run && r.Err != nil && changes(r.Event) {
			h.failed.Store(true)
		}
		observe(r)
	}
	h.Hooks = hooking(o)
	return h
}

// Enqueue implements Hooks.
func (h *held) Enqueue(e hooks.Event) {
	e.Settled = nil // it is, when it is told
	h.events = append(h.events, e)
}

// changes says whether an event is one that commands after a change get.
func changes(k hooks.Kind) bool { return k == hooks.Changed || k == hooks.Zones }

// tellOnceOver tells what was held, and returns when all of it has been. Commands after a change are run also when no set
// changed but files did, or the round before did not get them done: a name server may have what was before. It says whether
// those commands ended well.
func (n *Network) tellOnceOver(ctx context.Context, written bool) bool {
	h := &n.single.hooks
	if h.Hooks == nil {
		return true
	}
	told := slices.ContainsFunc(h.events, func(e hooks.Event) bool { return changes(e.Event) })
	if runs := when(n.config.Runs, config.AfterChanges); !told && len(runs) > 0 && (written || n.single.before.Unfinished || n.single.before.Untold) {
		e := n.picturing(hooks.Changed, n.now(), news{})
		e.Text = "zone files were written, or the commands after an earlier change did not end well; " + e.Text
		h.Hooks.Configure(runs, nil) // nothing new has happened that a webhook should tell of
		h.Hooks.Enqueue(e)
		h.Hooks.Configure(n.config.Runs, n.config.Webhooks)
	}
	for _, e := range h.events {
		h.Hooks.Enqueue(e)
	}
	h.Hooks.Finish(ctx)
	return !h.failed.Load()
}

func before(runs []config.Run) []config.Run { return when(runs, config.Before) }

// when are the commands of one moment.
func when(runs []config.Run, moment config.When) []config.Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r config.Run) bool { return r.When != moment })
}

// repetitions keeps to itself what the round before has warned of: what lasts would be mailed by cron every minute.
type repetitions struct {
	Observer
	before, heard []string
}

// mostWarnings are the warnings that are remembered.
const mostWarnings = 100

// Observe implements Observer.
func (r *repetitions) Observe(network string, e Event) {
	if w, ok := e.(Warning); ok {
		if !slices.Contains(r.heard, w.Text) {
			r.heard = append(r.heard, w.Text)
		}
		if slices.Contains(r.before, w.Text) {
			return
		}
	}
	if r.Observer != nil {
		r.Observer.Observe(network, e)
	}
}

// all are the warnings of this round.
func (r *repetitions) all() []string { return r.heard[:min(len(r.heard), mostWarnings)] }
