package network

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
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
	Edge    string // need not be configured: a mode stands for a name
	Mode    selector.Mode
	Comment string // required unless the mode is available
	Author  string
	Claimed string
	For     time.Duration // 0: until it is changed; afterwards the edge is available again
}

// Applied is the answer to a ModeChange that was carried out: the decision that followed it has been published.
type Applied struct {
	Before, After Mode
	// Saved is false when the state could not be written: the mode is obeyed, but a restart would forget it until the
	// disk allows it to be saved.
	Saved bool
}

const maxComment = 1000 // bytes; a comment is a line for people, and stands in every listing

// check finds what is wrong with the change, and writes the edge's name as the lists do.
func (c *ModeChange) check() error {
	var faults []error
	if name, err := config.EdgeName(c.Edge); err != nil {
		faults = append(faults, fmt.Errorf("setting mode of %q: %w", c.Edge, err))
	} else {
		c.Edge = name
	}
	if c.Mode != selector.Available && strings.TrimSpace(c.Comment) == "" {
		faults = append(faults, fmt.Errorf("setting mode %s of %q: a comment is required, so that the next on call knows why", c.Mode, c.Edge))
	}
	if len(c.Comment) > maxComment {
		faults = append(faults, fmt.Errorf("setting mode of %q: the comment is %d bytes, at most %d are kept", c.Edge, len(c.Comment), maxComment))
	}
	if c.For < 0 {
		faults = append(faults, fmt.Errorf("setting mode of %q: %s is not a time to come", c.Edge, c.For))
	}
	return errors.Join(faults...)
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
	m := Mode{Mode: selector.Unavailable, Comment: s.Comment, Author: s.Author, Claimed: s.Claimed, At: s.At}
	mode, err := selector.ParseMode(s.Mode)
	if err != nil {
		return m, err
	}
	m.Mode, m.Expires = mode, s.Expires
	return m, nil
}
