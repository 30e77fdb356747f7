package network

import (
	"fmt"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Modes that change at once, by a pattern or because their time is over, are told of and recorded together: there may be
// thousands, and what they drove out of the record would be the change of the set that they led to.

// Reason says who changed a mode, or that it ran out.
func (e ModeChanged) Reason() string {
	if e.After.At.IsZero() {
		return "the mode " + e.Before.Mode.String() + " ran out"
	}
	return "set by " + who(e.After.Author, e.After.Claimed, e.After.Expires)
}

// who is the author of an operator's word and, unless zero, its end: "root (alice) until 2026-03-01T04:00:00Z".
func who(author, claimed string, expires time.Time) string {
	if claimed != "" {
		author += " (" + claimed + ")"
	}
	if !expires.IsZero() {
		author += " until " + expires.UTC().Format(time.RFC3339)
	}
	return author
}

// Texts are a line each about the edges that had the same mode before, such as "mode of edge1.example.net is unavailable, was
// available: set by root", or "mode of 40 edges (edge10.example.net, ...) is ...".
func (e ModesChanged) Texts() (lines []string) {
	for _, g := range e.groups() {
		edges := g.names[0]
		if len(g.names) > 1 {
			edges = fmt.Sprintf("%d edges (%s)", len(g.names), few(g.names))
		}
		lines = append(lines, fmt.Sprintf("mode of %s is %s, was %s: %s", edges, g.After.Mode, g.Before.Mode, g.Reason()))
	}
	return lines
}

// Comment is the operator's, empty for modes that ran out.
func (e ModesChanged) Comment() string { return e.Changes[0].After.Comment }

// records are what is kept of it.
func (e ModesChanged) records() (changes []state.Change) {
	for _, g := range e.groups() {
		c := state.Change{
			Kind: "mode", Edge: g.Edge, Before: []string{g.Before.Mode.String()}, After: []string{g.After.Mode.String()},
			Author: g.After.Author, Claimed: g.After.Claimed, Comment: g.After.Comment, Reason: g.Reason(),
		}
		if len(g.names) > 1 {
			c.Edge, c.Edges = e.Edges, g.names
			c.Reason += fmt.Sprintf(": %d edges: %s", len(g.names), few(g.names))
		}
		changes = append(changes, c)
	}
	return changes
}

// modeGroup are the edges that had the same mode before, and have the same one now. The change is that of the first.
type modeGroup struct {
	ModeChanged
	names []string
}

func (e ModesChanged) groups() (groups []modeGroup) {
	place := map[selector.Mode]int{}
	for _, c := range e.Changes {
		i, ok := place[c.Before.Mode]
		if !ok {
			i = len(groups)
			place[c.Before.Mode] = i
			groups = append(groups, modeGroup{ModeChanged: c})
		}
		groups[i].names = append(groups[i].names, c.Edge)
	}
	return groups
}
