package network

import (
	"fmt"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Applied is the answer to an operator's change: the decision that followed it has been published. Of a preview it is what
// the change would come to.
type Applied struct {
	Preview bool // nothing was changed
	// Later says that the decision is the next round's, since the network is offline: Families are what it comes to if
	// probes find what they found last.
	Later bool
	// Saved is false when the state could not be written: the change is obeyed, but a restart would forget it until the
	// disk allows it to be saved, which happens by itself. NotSaved says why. Of a preview neither is set.
	Saved    bool
	NotSaved string

	Edges                     []EdgeMode // those that the name or pattern matched, by name
	Families                  []Outcome  // of each family that is served
	Serial                    uint32     // afterwards; of a preview it has not risen
	FreezeBefore, FreezeAfter *Freeze    // nil is not frozen
}

// EdgeMode is the change of one edge's mode.
type EdgeMode struct {
	Edge          string
	Configured    bool
	Before, After Mode
}

// Outcome is what a change came to in one family. The names are those of what is published: on rung fallback addresses.
type Outcome struct {
	Family                Family
	Before, After         []string
	RungBefore, RungAfter selector.Rung
	Left, Entered         []Move
	Warnings              []string
}

// outcomes takes a decision and says what it changed in each family.
func (n *Network) outcomes(decide func()) (out []Outcome) {
	var before [families]picture
	for f := range before {
		before[f] = n.picture(Family(f))
	}
	decide()
	for f := range before {
		if served(n.config, Family(f)) {
			out = append(out, n.outcome(Family(f), before[f]))
		}
	}
	return out
}

func (n *Network) outcome(f Family, before picture) Outcome {
	r := n.mem.rotations[f]
	o := Outcome{
		Family: f, Before: before.names, After: slices.Clone(r.names), RungBefore: before.rung, RungAfter: r.rung,
		Warnings: slices.Clone(r.decision.Warnings),
	}
	if n.mem.freeze != nil {
		o.Warnings = append(o.Warnings, n.mem.freeze.String())
	}
	for _, name := range before.names {
		if !slices.Contains(r.names, name) {
			_, text := n.left(f, name, before.rung)
			o.Left = append(o.Left, Move{name, text})
		}
	}
	for _, name := range r.names {
		if !slices.Contains(before.names, name) {
			_, text := n.entered(f, name)
			o.Entered = append(o.Entered, Move{name, text})
		}
	}
	switch {
	case !r.decided:
		o.Warnings = append(o.Warnings, "nothing is decided yet: the edges are still to be probed")
	case r.standing:
		o.Warnings = append(o.Warnings, "the saved set stands until its edges have been probed")
	}
	if held := r.decision.Held; held > 0 && r.decided && !r.standing {
		o.Warnings = append(o.Warnings, fmt.Sprintf("the budget of changes holds %d of them back", held))
	}
	return o
}
