package network

import (
	"fmt"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Canaries move by the thousand when an edge dies whose place they had. Those that came in are told of and recorded together,
// and so are those that went out; one that is in another edge's place since is neither.

// Texts are a line about the canaries that came in, and one about those that went out.
func (e CanariesChanged) Texts() (lines []string) {
	for _, g := range e.groups() {
		if c := g.changes[0]; len(g.changes) == 1 {
			lines = append(lines, fmt.Sprintf("canary %s of %s is %s: %s", c.Addr, c.Zone, g.after, c.Text))
		} else {
			lines = append(lines, fmt.Sprintf("%d canaries are %s: %s", len(g.changes), g.after, few(g.names())))
		}
	}
	return lines
}

// records are what is kept of it.
func (e CanariesChanged) records() (changes []state.Change) {
	for _, g := range e.groups() {
		first := g.changes[0]
		c := state.Change{
			Kind: "canary", Family: familyOf(first.Addr).String(), Before: []string{g.before}, After: []string{g.after},
			Zone: first.Zone, Edge: first.Addr.String(), Reason: first.Text,
		}
		if len(g.changes) > 1 {
			c.Zone, c.Edge, c.Reason = "", "", fmt.Sprintf("%d canaries: %s", len(g.changes), few(g.names()))
			for _, other := range g.changes {
				if familyOf(other.Addr) != familyOf(first.Addr) {
					c.Family = ""
				}
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// canaryGroup are the canaries that moved the same way.
type canaryGroup struct {
	before, after string
	changes       []CanaryChanged
}

func (e CanariesChanged) groups() (groups []canaryGroup) {
	in, out := canaryGroup{before: "out", after: "in"}, canaryGroup{before: "in", after: "out"}
	for _, c := range e.Changes {
		switch {
		case c.Active && !c.Was:
			in.changes = append(in.changes, c)
		case c.Was && !c.Active:
			out.changes = append(out.changes, c)
		}
	}
	for _, g := range []canaryGroup{in, out} {
		if len(g.changes) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// names are the zones of a group, those that are spelt with why.
func (g canaryGroup) names() []string {
	names := make([]string, len(g.changes))
	for i, c := range g.changes {
		if i < spelt {
			names[i] = c.Zone + " (" + c.Text + ")"
		}
	}
	return names
}
