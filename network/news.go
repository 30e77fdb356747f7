package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
)

// news is what has been told since the last publication and goes to the hooks with the next. It belongs to the network's
// goroutine.
type news struct {
	sets     []SetChanged
	rungs    []RungChanged
	canaries []CanaryChanged
	modes    []ModeChanged
	freeze   *FreezeChanged
	zones    []string // with a new serial of their own
	serial   bool     // what all zones share changed
}

// note takes an event down. Those that it takes are told only from the network's goroutine, the others are not looked at.
func (n *Network) note(e Event) {
	switch e := e.(type) {
	case SetChanged:
		n.news.sets = append(n.news.sets, e)
	case RungChanged:
		n.news.rungs = append(n.news.rungs, e)
	case CanariesChanged:
		for _, c := range e.Changes {
			if c.Was || c.Active {
				n.news.canaries = append(n.news.canaries, c)
			}
		}
	case ModesChanged:
		n.news.modes = append(n.news.modes, e.Changes...)
	case FreezeChanged:
		n.news.freeze = &e
	}
}

// kind is that of the one event that tells all of it; "" when there is nothing to tell.
func (w *news) kind() hooks.Kind {
	switch {
	case len(w.sets) > 0 || len(w.canaries) > 0:
		return hooks.Changed
	case len(w.rungs) > 0:
		return hooks.Rung
	case len(w.modes) > 0:
		return hooks.Modes
	case w.freeze != nil:
		return hooks.Freeze
	case len(w.zones) > 0 || w.serial:
		return hooks.Zones
	}
	return ""
}

// of says whether a family is concerned.
func (w *news) of(f Family) bool {
	return slices.ContainsFunc(w.sets, func(c SetChanged) bool { return c.Family == f }) ||
		slices.ContainsFunc(w.rungs, func(c RungChanged) bool { return c.Family == f })
}

// fill writes what changed into an event that shows how things are now.
func (w *news) fill(e *hooks.Event, s *Snapshot) {
	for _, c := range w.sets {
		if f := rotationIn(e, c.Family); f != nil {
			f.Before, f.Left, f.Entered = c.Before, moves(c.Left), moves(c.Entered)
		}
	}
	for _, c := range w.rungs {
		if f := rotationIn(e, c.Family); f != nil {
			f.RungBefore = c.Before.String()
		}
	}
	for _, c := range w.canaries {
		e.Canaries = append(e.Canaries, hooks.Canary{Zone: c.Zone, Address: c.Addr.String(), Active: c.Active, Displaced: c.Displaced, Reason: c.Text})
	}
	for _, c := range w.modes {
		e.Modes = append(e.Modes, hooks.Mode{
			Edge: c.Edge, Before: c.Before.Mode.String(), After: c.After.Mode.String(), Comment: c.After.Comment,
			Author: c.After.Author, Claimed: c.After.Claimed, Expires: c.After.Expires, Reason: c.Reason(),
		})
	}
	e.Freeze = freezing(w.freeze)
	e.Zones = make(map[string]uint32, len(w.zones))
	for _, zone := range w.zones {
		e.Zones[zone] = s.ZoneSerial(zone)
	}
	e.Text = w.text()
}

// rotationIn returns the part of an event that is about a family.
func rotationIn(e *hooks.Event, f Family) *hooks.Family {
	for i := range e.Families {
		if e.Families[i].Family == f.String() {
			return &e.Families[i]
		}
	}
	return nil
}

func freezing(c *FreezeChanged) *hooks.Freezing {
	switch {
	case c == nil:
		return nil
	case c.After == nil:
		return &hooks.Freezing{Comment: c.Comment, Author: c.Author, Claimed: c.Claimed, Reason: c.Reason()}
	}
	return &hooks.Freezing{
		Frozen: true, Comment: c.After.Comment, Author: c.After.Author, Claimed: c.After.Claimed, Expires: c.After.Expires, Reason: c.Reason(),
	}
}

func moves(of []Move) (moves []hooks.Move) {
	for _, m := range of {
		moves = append(moves, hooks.Move{Edge: m.Edge, Reason: m.Text})
	}
	return moves
}

// text tells all of it in a line.
func (w *news) text() string {
	var parts []string
	say := func(format string, a ...any) { parts = append(parts, fmt.Sprintf(format, a...)) }
	for _, c := range w.sets {
		say("%s: %s", c.Family, c.Text)
	}
	for _, c := range w.rungs {
		say("%s: rung %s, was %s: %s", c.Family, c.After, c.Before, c.Text)
	}
	if c := w.freeze; c != nil {
		say("%s", c.Reason())
		if comment := freezing(c).Comment; comment != "" {
			say("comment %q", comment)
		}
	}
	for i, c := range w.modes {
		if i == spelt {
			say("%d more modes", len(w.modes)-i)
			break
		}
		say("mode of %s is %s, was %s: %s", c.Edge, c.After.Mode, c.Before.Mode, c.Reason())
		if c.After.Comment != "" {
			say("comment %q", c.After.Comment)
		}
	}
	for i, c := range w.canaries {
		if i == spelt {
			say("%d more canaries", len(w.canaries)-i)
			break
		}
		in := "out"
		if c.Active {
			in = "in"
		}
		say("canary %s of %s is %s: %s", c.Addr, c.Zone, in, c.Text)
	}
	switch {
	case len(w.sets) > 0 || len(w.canaries) > 0:
	case w.serial:
		say("all zones have new content")
	case len(w.zones) > 0:
		say("%d zones have new content", len(w.zones))
	}
	return strings.Join(parts, "; ")
}
