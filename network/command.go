package network

import (
	"context"
	"errors"
	"fmt"

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

// SetMode sets the mode of an edge, takes the decision that follows, and returns when both are durable. When the state
// cannot be written the mode is obeyed all the same, and Applied.Saved is false. An error means that nothing was changed.
// A context that ends while the disk is awaited does not undo the change: it counts as not saved.
func (n *Network) SetMode(ctx context.Context, c ModeChange) (Applied, error) {
	if err := c.check(); err != nil {
		return Applied{}, err
	}
	var applied Applied
	var pending *state.Pending
	err := n.do(ctx, func() {
		applied.Before, applied.After = n.setMode(c)
		n.decide()
		pending = n.pending
	})
	if err != nil {
		return Applied{}, fmt.Errorf("setting mode of %q: %w", c.Edge, err)
	}
	if pending == nil {
		return applied, nil // no state directory: there is nothing that could forget it but a restart
	}
	select {
	case <-pending.Done():
		applied.Saved = true
	case <-pending.Failed():
	case <-ctx.Done():
	}
	return applied, nil
}

// setMode puts a mode in its place and has it saved with the next decision.
func (n *Network) setMode(c ModeChange) (before, after Mode) {
	now := n.now()
	before = n.mem.modes[c.Edge]
	after = Mode{Mode: c.Mode, Comment: c.Comment, Author: c.Author, Claimed: c.Claimed, At: now}
	if c.For > 0 && c.Mode != selector.Available {
		after.Expires = now.Add(c.For)
	}
	if c.Mode == selector.Available {
		delete(n.mem.modes, c.Edge)
	} else {
		n.mem.modes[c.Edge] = after
	}
	changed := ModeChanged{Edge: c.Edge, Before: before, After: after}
	n.tell(changed)
	n.record(now, changed)
	n.dirty = true
	n.mem.modesLost = false // somebody has looked
	return before, after
}
