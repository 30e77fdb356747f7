package network

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Mode is what an operator said about an edge.
type Mode struct {
	Mode    selector.Mode
	Comment string
	Author  string // who the system says it was
	Claimed string // who they say they are, when that differs (SUDO_USER)
	At      time.Time
	Expires time.Time // zero: never
}

// ModeChange asks for a mode.
type ModeChange struct {
	// Edge is a name, which need not be configured since a mode stands for a name, or a pattern (path.Match), which must
	// match something.
	Edge    string
	Mode    selector.Mode
	Comment string // required unless the mode is available, or it is a preview
	Author  string
	Claimed string
	For     time.Duration // 0: until it is changed; else the edge is available again afterwards
	Force   bool          // although no candidate would be left
	Preview bool          // only say what it would come to
}

// check finds what is wrong with the change, and writes the edge's name as the lists do. Its error wraps ErrNoComment if
// only the comment is missing, else ErrInvalid.
func (c *ModeChange) check() error {
	var faults []error
	if name, err := edgePattern(c.Edge); err != nil {
		faults = append(faults, fmt.Errorf("setting mode of %q: %w", c.Edge, err))
	} else {
		c.Edge = name
	}
	if c.Mode > selector.Unavailable {
		faults = append(faults, fmt.Errorf("setting mode of %q: %w mode %s", c.Edge, ErrInvalid, c.Mode))
	}
	if err := checkComment(&c.Comment); err != nil {
		faults = append(faults, fmt.Errorf("setting mode of %q: %w", c.Edge, err))
	}
	switch {
	case c.For < 0:
		faults = append(faults, fmt.Errorf("setting mode of %q: %w time: %s is not a time to come", c.Edge, ErrInvalid, c.For))
	case c.For > 0 && c.Mode == selector.Available:
		faults = append(faults, fmt.Errorf("setting mode of %q: %w time: available has no end, a mode that ends is followed by it", c.Edge, ErrInvalid))
	}
	if len(faults) == 0 && c.Mode != selector.Available && !c.Preview && c.Comment == "" {
		return fmt.Errorf("setting mode %s of %q: %w, so that the next on call knows why", c.Mode, c.Edge, ErrNoComment)
	}
	return errors.Join(faults...)
}

// setModes puts a mode in its place for each of the names. It tells nobody.
func (n *Network) setModes(names []string, c ModeChange, now time.Time) []EdgeMode {
	after := Mode{Mode: c.Mode, Comment: c.Comment, Author: c.Author, Claimed: c.Claimed, At: now}
	if c.For > 0 {
		after.Expires = now.Add(c.For)
	}
	edges := make([]EdgeMode, 0, len(names))
	for _, name := range names {
		e := n.mem.edges[name]
		edges = append(edges, EdgeMode{Edge: name, Configured: e != nil && e.configured, Before: n.mem.modes[name], After: after})
		if c.Mode == selector.Available {
			delete(n.mem.modes, name)
		} else {
			n.mem.modes[name] = after
		}
	}
	return edges
}

// announce tells of modes that were set by a name or pattern, records them and has them saved with the next decision. A
// pattern names edges that were available and stay it; that is nothing to tell of.
func (n *Network) announce(edges []EdgeMode, by string, now time.Time) {
	told := ModesChanged{Edges: by}
	for _, e := range edges {
		if isPattern(by) && e.Before.Mode == selector.Available && e.After.Mode == selector.Available {
			continue
		}
		told.Changes = append(told.Changes, ModeChanged{Edge: e.Edge, Before: e.Before, After: e.After})
	}
	if len(told.Changes) > 0 {
		n.tell(told)
		n.record(now, told)
	}
	n.dirty = true
	n.mem.modesLost = false // somebody has looked
}

// bereft lists the families that would be left without a candidate if the named edges were unavailable: those in which an
// edge is available now and none would be then. Before any address is known it is the network that is looked at.
func (n *Network) bereft(names []string) (empty []Family) {
	var had, left [families]int
	all, rest := 0, 0
	for _, e := range n.mem.order {
		if n.mem.modes[e.name].Mode == selector.Unavailable {
			continue
		}
		_, taken := slices.BinarySearch(names, e.name)
		all++
		if !taken {
			rest++
		}
		for f, m := range e.members {
			if m == nil || !m.address().IsValid() || !served(n.config, Family(f)) {
				continue
			}
			had[f]++
			if !taken {
				left[f]++
			}
		}
	}
	known := slices.Max(had[:]) > 0
	for f := range had {
		if served(n.config, Family(f)) && left[f] == 0 && (had[f] > 0 || !known && all > 0 && rest == 0) {
			empty = append(empty, Family(f))
		}
	}
	return empty
}

// expired says whether the mode has run out. Within a process the monotonic clock decides, so a step of the wall clock
// does not bring an edge back early.
func (m Mode) expired(now time.Time) bool { return !m.Expires.IsZero() && !now.Before(m.Expires) }

func (m Mode) saved() state.Mode {
	return state.Mode{Mode: m.Mode.String(), Comment: m.Comment, Author: m.Author, Claimed: m.Claimed, At: m.At, Expires: m.Expires}
}

// loadMode reads a saved mode. With the error comes unavailable without an end: a withdrawn edge must not come back because
// its mode cannot be read.
func loadMode(s state.Mode) (Mode, error) {
	m := Mode{Mode: selector.Unavailable, Comment: inLine(s.Comment), Author: inLine(s.Author), Claimed: inLine(s.Claimed), At: s.At}
	mode, err := selector.ParseMode(s.Mode)
	if err != nil {
		return m, err
	}
	m.Mode, m.Expires = mode, s.Expires
	return m, nil
}
