package control

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/canary"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// EdgesOf returns the edges of a network by family, then by name. Last, without a family, come the configured edges that
// have no address in one that is served, or none yet, and the names that have a mode and are in no list.
func EdgesOf(n *network.Network) Edges { return edgesOf(n, func(Edge) bool { return true }) }

// edgesOf returns those of EdgesOf that fit.
func edgesOf(n *network.Network, fits func(Edge) bool) Edges {
	d := Edges{Network: n.Config().Name, Families: []Family{}, Edges: []Edge{}}
	s := n.Status()
	if s == nil {
		return d
	}
	d.At, d.Families = moment(s.At), describeFamilies(n, s)
	for e := range everyEdge(s) {
		if fits(e) {
			d.Edges = append(d.Edges, e)
		}
	}
	return d
}

// everyEdge goes through the edges in the order of EdgesOf.
func everyEdge(s *network.Status) iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		shown := map[string]bool{}
		for _, f := range s.Families {
			for _, e := range f.Edges {
				shown[e.Name] = true
				if !yield(describeEdge(f.Family, e, s.Modes)) {
					return
				}
			}
		}
		for _, c := range s.Canaries {
			shown[c.Edge.Name] = true
		}
		for _, name := range s.Unresolved {
			shown[name] = true
			if !yield(absent(name, s.Modes[name], true)) {
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Modes)) {
			if !shown[name] && !yield(absent(name, s.Modes[name], false)) {
				return
			}
		}
	}
}

// absent is an edge that stands in no rotation.
func absent(name string, m network.Mode, configured bool) Edge {
	d := Edge{
		Edge: name, Configured: configured, Mode: describeMode(m), Grade: history.Unknown.String(), Rule: selector.RuleNone.String(),
		Reason: "out: not configured; the mode stands for its name",
	}
	if configured {
		d.Reason = "out: no address is known in the families that are served"
	}
	return d
}

func describeEdge(f network.Family, e network.EdgeStatus, modes map[string]network.Mode) Edge {
	if e.Samples == 0 && !e.Addr.IsValid() && !e.Probed.IsValid() {
		return absent(e.Name, modes[e.Name], e.Verdict.Rule != selector.RuleRemoved)
	}
	d := Edge{
		Edge: e.Name, Configured: true, Family: f.String(), Address: address(e.Addr), Live: e.Live, Grade: e.Grade.String(),
		Mode: describeMode(modes[e.Name]),

		LastAt: moment(e.LastAt), LastSeconds: e.LastTook.Seconds(), LastFailed: e.LastFailed, Error: e.Error,
		WindowSeconds: e.WindowMean.Seconds(), AverageSeconds: e.Average.Seconds(), Samples: e.Samples,
		Certificate: moment(e.CertNotAfter),

		Rule: e.Verdict.Rule.String(), Reason: e.Verdict.String(), Other: e.Verdict.Other,
	}
	if e.Probed != e.Addr {
		d.Probed = address(e.Probed)
	}
	if d.Address == "" && e.Verdict.Rule == selector.RuleNone {
		d.Reason = "out: no address is known"
	}
	if e.Outcome != 0 {
		d.Outcome = e.Outcome.String()
	}
	return d
}

// CanariesOf returns the canaries of a network by zone.
func CanariesOf(n *network.Network) Canaries {
	c := n.Config()
	d := Canaries{Network: c.Name, Killer: c.CanaryKiller, Canaries: []Canary{}}
	s := n.Status()
	if s == nil {
		return d
	}
	graded := make([]canary.Canary, 0, len(s.Canaries))
	for _, of := range s.Canaries {
		graded = append(graded, canary.Canary{Grade: of.Edge.Grade})
		edge := describeEdge(of.Family, of.Edge, s.Modes)
		edge.Rule, edge.Reason, edge.Other = selector.RuleNone.String(), of.Reason, ""
		shown := Canary{Zone: of.Zone, Active: of.Active, Reason: of.Reason, Edge: edge}
		if of.Active && !alone(s, of.Family) {
			shown.Displaced = of.Displaced
		}
		d.Canaries = append(d.Canaries, shown)
	}
	d.Failing, d.Killed = canary.Killed(graded, c.CanaryKiller)
	return d
}

// alone says whether one edge is live in a family. A canary joins it then, and takes nobody's place.
func alone(s *network.Status, f network.Family) bool {
	for _, family := range s.Families {
		if family.Family == f {
			return len(family.Live) == 1
		}
	}
	return false
}

// ChangesOf returns the last changes of networks since a moment, the newest first and at most limit of them. Those of one
// network stay in the order in which they were made, though the clock may have been set in between.
func ChangesOf(limit int, since time.Time, networks ...*network.Network) []Change {
	merged := []Change{}
	for _, n := range networks {
		var own []Change
		for _, c := range n.Changes(limit) {
			if !c.At.Before(since) {
				own = append(own, Change{
					Network: n.Config().Name, At: moment(c.At), Kind: c.Kind, Family: c.Family, Edge: c.Edge, Zone: c.Zone,
					Before: list(c.Before), After: list(c.After), Rung: c.Rung, Serial: c.Serial, Reason: c.Reason,
					Author: c.Author, Claimed: c.Claimed, Comment: c.Comment,
				})
			}
		}
		merged = mergeChanges(merged, own)
	}
	return merged[:min(limit, len(merged))]
}

// mergeChanges merges two lists, the newest first.
func mergeChanges(a, b []Change) []Change {
	merged := make([]Change, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].At.Before(b[0].At) {
			a, b = b, a
		}
		merged, a = append(merged, a[0]), a[1:]
	}
	return append(append(merged, a...), b...)
}

// SeriesOf returns histories as they are written, by family, then by edge.
func SeriesOf(all []network.Series) []Series {
	series := make([]Series, 0, len(all))
	for _, s := range all {
		d := Series{Edge: s.Edge, Family: s.Family.String(), Address: address(s.Addr), Samples: make([]Sample, 0, len(s.Samples))}
		for _, sample := range s.Samples {
			d.Samples = append(d.Samples, Sample{At: moment(sample.At), Seconds: sample.Took.Seconds(), Failed: sample.Failed})
		}
		series = append(series, d)
	}
	slices.SortStableFunc(series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Edge, b.Edge))
	})
	return series
}
