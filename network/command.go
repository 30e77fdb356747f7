package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// ErrStopped is the error of a change asked of a network that does not run, as during a reload; it may be asked again.
var ErrStopped = errors.New("the network is not running")

// do runs a command in the network's goroutine and waits for it.
func (n *Network) do(ctx context.Context, c command) error {
	n.mu.Lock()
	commands, stopped, running := n.commands, n.stopped, n.cancel != nil
	n.mu.Unlock()
	if !running {
		return ErrStopped
	}
	done := make(chan struct{})
	select {
	case commands <- func() { defer close(done); c() }:
		<-done
		return nil
	case <-stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SetMode sets the mode of an edge, or of all edges that match a pattern in one decision, and returns when the modes and
// the decision are durable. When the state cannot be written the modes are obeyed all the same, and Applied.Saved is false.
//
// An error means that nothing was changed. It wraps ErrNoComment, ErrNoMatch, ErrNoCandidate (a family would have no edge
// left that is not unavailable; Force overrides), ErrStopped, the context's error, or ErrInvalid. A context that ends while
// the disk is awaited does not undo the change: it counts as not saved.
//
// A preview changes nothing. It says what the change would come to at this moment, and warns where Force would be needed.
func (n *Network) SetMode(ctx context.Context, c ModeChange) (Applied, error) {
	if err := c.check(); err != nil {
		return Applied{}, err
	}
	applied, err := n.apply(ctx, c.Preview, func(a *Applied) error { return n.setMode(c, a) })
	if err != nil {
		return Applied{}, fmt.Errorf("setting mode of %q: %w", c.Edge, err)
	}
	return applied, nil
}

// apply carries an operator's change out in the network's goroutine, and waits for the disk. The error is that of change,
// or that there was nobody to carry it out.
func (n *Network) apply(ctx context.Context, preview bool, change func(*Applied) error) (Applied, error) {
	applied := Applied{Preview: preview, Later: n.interim != nil}
	var pending *state.Pending
	var refused error
	err := n.do(ctx, func() {
		if n.looking() && !preview {
			refused = errLooking
			return
		}
		if n.expire() { // what runs out at this moment is not for the change to answer for
			n.decide()
		}
		refused = change(&applied)
		applied.Serial, pending = n.mem.serial, n.pending
	})
	if err == nil {
		err = refused
	}
	if err != nil || preview {
		return applied, err
	}
	if applied.Saved, applied.NotSaved = n.durable(ctx, pending); !applied.Saved {
		// Whoever looks now sees the trouble with the disk, not only with the next decision.
		_ = n.do(ctx, func() { n.status.Store(n.describe(n.now())) })
	}
	return applied, nil
}

// durable waits until a write is on the disk, and else says why it is not.
func (n *Network) durable(ctx context.Context, pending *state.Pending) (saved bool, why string) {
	switch {
	case n.config.DryRun:
		return false, "dry run: nothing is written"
	case pending == nil:
		return false, "there is no state directory: a restart will forget it"
	}
	select {
	case <-pending.Done():
		return true, ""
	case <-pending.Failed():
		return false, pending.Err().Error()
	case <-ctx.Done():
		return false, fmt.Sprintf("the disk has not answered yet: %v", ctx.Err())
	}
}

// setMode carries a change of modes out, or shows what it would come to.
func (n *Network) setMode(c ModeChange, a *Applied) error {
	now := n.now()
	names, err := n.match(c.Edge, c.Mode)
	if err != nil {
		return err
	}
	a.FreezeBefore, a.FreezeAfter = n.mem.freeze, n.mem.freeze
	var empty []Family
	if c.Mode == selector.Unavailable {
		empty = n.bereft(names)
	}
	if c.Preview {
		n.try(func() {
			a.Edges = n.setModes(names, c, now)
			a.Families = n.outcomes(func() { n.ordering(names, func() { n.decideFamilies(now) }) })
		})
		for i := range a.Families {
			if o := &a.Families[i]; !c.Force && slices.Contains(empty, o.Family) {
				o.Warnings = append(o.Warnings, "no candidate would be left: it is not done without force")
			}
		}
		return nil
	}
	if len(empty) > 0 && !c.Force {
		var of []string
		for _, f := range empty {
			of = append(of, f.String())
		}
		return fmt.Errorf("%w in %s: it is not done without force", ErrNoCandidate, strings.Join(of, " and "))
	}
	a.Edges = n.setModes(names, c, now)
	n.announce(a.Edges, c.Edge, now)
	a.Families = n.outcomes(func() { n.ordering(names, n.decide) })
	return nil
}

// ordering takes a decision that knows which edges an operator speaks of.
func (n *Network) ordering(names []string, decide func()) {
	n.ordered = names
	decide()
	n.ordered = nil
}
