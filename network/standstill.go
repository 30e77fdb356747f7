package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// While an operator has frozen a network nothing about its answers moves by itself: not the live sets, not the published
// addresses, not the canaries, and nothing because of the time. Probes, grades and histories go on, and so does what
// operators do: modes, and edits of the edge lists, includes and canaries. An edge that leaves so is not replaced, until
// none would be left.

// Freeze is an operator's word that nothing is to change but by an operator. It is never changed once it is made.
type Freeze struct {
	Comment string
	Author  string // who the system says it was
	Claimed string // who they say they are, when that differs (SUDO_USER)
	At      time.Time
	Expires time.Time // zero: never
}

// FreezeChange asks for a freeze, or for its end.
type FreezeChange struct {
	Frozen  bool
	Comment string // required to freeze
	Author  string
	Claimed string
	For     time.Duration // 0: until it is ended; only to freeze
}

// SetFreeze freezes the network or thaws it, and returns when that is durable and decided; see SetMode for what cannot be
// saved, and for the errors. A freeze of a network that is frozen replaces the one before.
func (n *Network) SetFreeze(ctx context.Context, c FreezeChange) (Applied, error) {
	if err := c.check(); err != nil {
		return Applied{}, err
	}
	applied, err := n.apply(ctx, false, func(a *Applied) error {
		now := n.now()
		a.FreezeBefore = n.mem.freeze
		if c.Frozen {
			a.FreezeAfter = &Freeze{Comment: c.Comment, Author: c.Author, Claimed: c.Claimed, At: now}
			if c.For > 0 {
				a.FreezeAfter.Expires = now.Add(c.For)
			}
		}
		if a.FreezeBefore != nil || a.FreezeAfter != nil {
			n.freeze(now, FreezeChanged{
				Before: a.FreezeBefore, After: a.FreezeAfter, Comment: c.Comment, Author: c.Author, Claimed: c.Claimed,
			})
		}
		n.dirty = true
		a.Families = n.outcomes(n.decide)
		return nil
	})
	if err != nil {
		return Applied{}, fmt.Errorf("%s: %w", c, err)
	}
	return applied, nil
}

// String says what is being done, for errors.
func (c FreezeChange) String() string {
	if c.Frozen {
		return "freezing"
	}
	return "unfreezing"
}

// check finds what is wrong with the change; see ModeChange.check.
func (c *FreezeChange) check() error {
	var faults []error
	if err := checkComment(&c.Comment); err != nil {
		faults = append(faults, fmt.Errorf("%s: %w", c, err))
	}
	switch {
	case c.For < 0:
		faults = append(faults, fmt.Errorf("%s: %w time: %s is not a time to come", c, ErrInvalid, c.For))
	case c.For > 0 && !c.Frozen:
		faults = append(faults, fmt.Errorf("%s: %w time: only a freeze has an end", c, ErrInvalid))
	}
	if len(faults) == 0 && c.Frozen && c.Comment == "" {
		return fmt.Errorf("%s: %w, so that the next on call knows why", c, ErrNoComment)
	}
	return errors.Join(faults...)
}

// freeze makes the freeze of the network what a change says, and tells of it. A decision is to follow.
func (n *Network) freeze(now time.Time, c FreezeChanged) {
	n.mem.freeze = c.After
	n.dirty = true
	n.tell(c)
	n.record(now, c)
	if c.After == nil {
		n.catchUp()
	}
}

// catchUp has the edges of a network that was frozen served at the addresses that they have passed at meanwhile.
func (n *Network) catchUp() {
	for _, e := range n.mem.order {
		for f, m := range e.members {
			if m != nil && m.last.Outcome == prober.OK && m.last.Addr == m.probe && m.probe.IsValid() {
				n.passed(e, Family(f), m.probe)
			}
		}
	}
}

// held says whether an edge is published in a family of a frozen network at an address that must therefore stay. One that
// is pinned moves by an edit of a list only, which is an operator's.
func (n *Network) held(e *edge, f Family) bool {
	r := n.mem.rotations[f]
	return n.mem.freeze != nil && e.pins == nil && r.published.Coverage == Live && r.isLive(e.name)
}

// expired says whether the freeze has run out; see Mode for the clock.
func (f *Freeze) expired(now time.Time) bool {
	return f != nil && !f.Expires.IsZero() && !now.Before(f.Expires)
}

// String is the freeze in a line, such as "frozen by root (alice) until 2026-03-01T04:00:00Z: upstream is moving".
func (f *Freeze) String() string {
	return "frozen by " + who(f.Author, f.Claimed, f.Expires) + ": " + f.Comment
}

// Reason says who froze or thawed the network, or that the freeze ran out.
func (e FreezeChanged) Reason() string {
	switch {
	case e.Expired:
		return "the freeze ran out"
	case e.After == nil:
		return "unfrozen by " + who(e.Author, e.Claimed, time.Time{})
	}
	return "frozen by " + who(e.Author, e.Claimed, e.After.Expires)
}

// change is what is kept of it.
func (e FreezeChanged) change() state.Change {
	words := func(f *Freeze) []string {
		if f == nil {
			return []string{"unfrozen"}
		}
		return []string{"frozen"}
	}
	return state.Change{
		Kind: "freeze", Before: words(e.Before), After: words(e.After),
		Author: e.Author, Claimed: e.Claimed, Comment: e.Comment, Reason: e.Reason(),
	}
}

func (f *Freeze) saved() *state.Freeze {
	if f == nil {
		return nil
	}
	return &state.Freeze{Comment: f.Comment, Author: f.Author, Claimed: f.Claimed, At: f.At, Expires: f.Expires}
}

func loadFreeze(s *state.Freeze) *Freeze {
	if s == nil {
		return nil
	}
	return &Freeze{Comment: inLine(s.Comment), Author: inLine(s.Author), Claimed: inLine(s.Claimed), At: s.At, Expires: s.Expires}
}
