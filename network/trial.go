package network

import (
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// try runs what changes modes and takes decisions, and then puts everything back that those change: what it does has not
// happened. Nothing in it may publish, tell or save.
func (n *Network) try(do func()) {
	mem := n.mem
	modes, rotations, dirty := mem.modes, mem.rotations, n.dirty
	mem.modes = maps.Clone(modes)
	for f, r := range rotations {
		c := *r
		c.substitutions = slices.Clone(r.substitutions) // the others are replaced, not changed
		mem.rotations[f] = &c
	}
	type graded struct {
		*member
		grade   history.Grade
		average time.Duration
		fresh   bool
	}
	var grades []graded
	for _, e := range mem.order {
		for _, m := range e.members {
			if m != nil && m.fresh {
				grades = append(grades, graded{m, m.grade, m.average, m.fresh})
			}
		}
	}
	do()
	for _, g := range grades {
		g.member.grade, g.member.average, g.member.fresh = g.grade, g.average, g.fresh
	}
	mem.modes, mem.rotations, n.dirty = modes, rotations, dirty
}
