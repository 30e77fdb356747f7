package network

import (
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// heed takes down, for the hooks, what operators said since the round before, which nobody has been told of, and returns the
// edges that they set a mode of, sorted. A server that ran since has told it all, and leaves no round before.
func (n *Network) heed() (ordered []string) {
	last := n.single.before.At
	if last.IsZero() {
		return nil
	}
	for _, c := range slices.Backward(n.mem.changes.last(maxChanges)) {
		if c.Author == "" || !c.At.After(last) {
			continue // what no operator did, the round before has told of
		}
		switch c.Kind {
		case "mode":
			n.note(n.said(c))
			ordered = append(ordered, edgesOf(c)...)
		case "freeze":
			n.note(frozenBy(c))
		}
	}
	slices.Sort(ordered)
	return slices.Compact(ordered)
}

// said are modes as they were told of when they were set.
func (n *Network) said(c state.Change) ModesChanged {
	told := ModesChanged{Edges: c.Edge}
	for _, edge := range edgesOf(c) {
		e := ModeChanged{
			Edge: edge, Before: Mode{Mode: modeOf(c.Before)},
			After: Mode{Mode: modeOf(c.After), Comment: c.Comment, Author: c.Author, Claimed: c.Claimed, At: c.At},
		}
		if m, stands := n.mem.modes[edge]; stands && m.At.Equal(c.At) {
			e.After.Expires = m.Expires
		}
		told.Changes = append(told.Changes, e)
	}
	return told
}

// frozenBy is a freeze or its end.
func frozenBy(c state.Change) FreezeChanged {
	e := FreezeChanged{Comment: c.Comment, Author: c.Author, Claimed: c.Claimed}
	f := &Freeze{Comment: c.Comment, Author: c.Author, Claimed: c.Claimed, At: c.At}
	if slices.Equal(c.After, []string{"frozen"}) {
		e.After = f
	} else {
		e.Before = f
	}
	return e
}
