package control

import "github.com/deflect-ca/coredns-edgemanage/network"

// describeApplied returns what a change came to.
func describeApplied(n *network.Network, a network.Applied) Applied {
	d := Applied{
		Network: n.Config().Name, Preview: a.Preview, Later: a.Later, Saved: a.Saved, Why: a.NotSaved, Serial: a.Serial,
		Before: describeFreeze(a.FreezeBefore), After: describeFreeze(a.FreezeAfter),
		Families: make([]FamilyOutcome, 0, len(a.Families)),
	}
	for _, e := range a.Edges {
		d.Edges = append(d.Edges, EdgeMode{Edge: e.Edge, Configured: e.Configured, Before: describeMode(e.Before), After: describeMode(e.After)})
	}
	empty := unused(n.Status())
	for _, f := range a.Families {
		if empty[f.Family] && len(f.Before) == 0 && len(f.After) == 0 {
			continue // nothing can come of anything there
		}
		d.Families = append(d.Families, FamilyOutcome{
			Family: f.Family.String(), Before: list(f.Before), After: list(f.After),
			RungBefore: f.RungBefore.String(), RungAfter: f.RungAfter.String(),
			Left: describeMoves(f.Left), Entered: describeMoves(f.Entered), Warnings: f.Warnings,
		})
	}
	return d
}

// unused are the families that are served, for some edge may get an address in them, and have no edges.
func unused(s *network.Status) map[network.Family]bool {
	empty := map[network.Family]bool{}
	if s != nil {
		for _, f := range s.Families {
			empty[f.Family] = len(f.Edges) == 0
		}
	}
	return empty
}

func describeMoves(moves []network.Move) (described []Move) {
	for _, m := range moves {
		described = append(described, Move{Edge: m.Edge, Reason: m.Text})
	}
	return described
}
