package network

import (
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// save has the memory written and remembers the write, for who must wait for it. It returns nil without a state.
func (n *Network) save() *state.Pending {
	n.dirty = false
	if n.interim != nil {
		return n.saveInterim()
	}
	if n.mem.store == nil {
		return nil
	}
	n.pending = n.mem.store.Save(n.mem.document(n.config))
	return n.pending
}

// decided says whether a saved set stands or the first decision is made in every family. On rung none it is: the answer is
// SERVFAIL by decision, not for want of one.
func (n *Network) decided() bool {
	for f, r := range n.mem.rotations {
		if served(n.config, Family(f)) && !r.decided {
			return false
		}
	}
	return true
}

// describe makes the Status.
func (n *Network) describe(now time.Time) *Status {
	m := n.mem
	s := &Status{
		Network: n.config.Name, At: now, Ready: n.decided(), DryRun: n.config.DryRun,
		Serial: m.serial, Wanted: n.config.EdgeCount, Modes: maps.Clone(m.modes), Freeze: m.freeze,
		Started: n.started, LastRound: m.lastRound, RoundTook: m.roundTook, ModesLost: m.modesLost,
	}
	if m.store != nil {
		s.StateErrors = m.store.Errors()
		if err := m.store.Err(); err != nil {
			s.StateError = err.Error()
		}
	}
	for _, e := range m.order {
		if e.members == ([families]*member{}) {
			s.Unresolved = append(s.Unresolved, e.name)
		}
	}
	for _, zone := range slices.Sorted(maps.Keys(m.canaries)) {
		s.Canaries = append(s.Canaries, n.describeCanary(zone, now))
	}
	for f := range m.rotations {
		if served(n.config, Family(f)) {
			s.Families = append(s.Families, n.describeFamily(Family(f), now))
		}
	}
	return s
}

func (n *Network) describeFamily(f Family, now time.Time) FamilyStatus {
	r := n.mem.rotations[f]
	s := FamilyStatus{
		Family: f, Coverage: r.published.Coverage, Rung: r.rung, RungText: n.rungText(f), Standing: r.standing,
		Live: r.names, Addrs: r.published.Addrs, Since: r.since,
		Warnings: slices.Clone(r.decision.Warnings), MinLive: r.decision.MinLive, Held: r.decision.Held, Recent: len(r.substitutions),
		Edges: make([]EdgeStatus, 0, len(n.mem.order)),
	}
	if c := &n.mem.contacts[f]; c.told {
		s.Warnings = append(s.Warnings, c.String())
	}
	for _, e := range n.mem.order {
		member := e.members[f]
		if member == nil {
			continue
		}
		edge := n.describeMember(e, member, now)
		edge.Live = r.isLive(e.name)
		edge.Verdict = r.verdict(edge)
		s.Edges = append(s.Edges, edge)
	}
	return s
}

// verdict is what decided on an edge. Before the first decision, and while a saved set stands, what the rules would come to
// so far is not what is answered, and must not be told as if it were.
func (r *rotation) verdict(e EdgeStatus) selector.Verdict {
	v, ok := find(r.decision.Verdicts, e.Name)
	if !ok {
		v = selector.Verdict{Name: e.Name, Mode: e.Mode, Grade: e.Grade, Average: e.Average}
	}
	absolute := v.Rule == selector.RuleUnavailable || v.Rule == selector.RuleRemoved
	if absolute || r.decided && (!r.standing || r.decision.Frozen) {
		return v
	}
	v.Live, v.Other, v.Rule = e.Live, "", selector.RuleUndecided
	if e.Live {
		v.Rule = selector.RuleSaved
	}
	return v
}

// isLive says whether an edge is published.
func (r *rotation) isLive(name string) bool {
	_, found := slices.BinarySearch(r.names, name)
	return found
}

// describeMember is what an edge shows of itself in one family, decisions apart.
func (n *Network) describeMember(e *edge, member *member, now time.Time) EdgeStatus {
	mean, _ := member.hist.WindowMean(now, n.rules)
	edge := EdgeStatus{
		Name: e.name, Addr: member.address(), Probed: member.probe,
		Mode:  n.mem.modes[e.name].Mode,
		Grade: member.grade, Average: member.average, WindowMean: mean, Samples: member.hist.Len(),
		Outcome: member.last.Outcome, CertNotAfter: member.last.CertNotAfter,
	}
	if last, ok := member.hist.Last(); ok {
		edge.LastAt, edge.LastTook, edge.LastFailed = last.At, last.Took, last.Failed
	}
	if member.last.Err != nil {
		edge.Error = member.last.Err.Error()
	}
	return edge
}

func (n *Network) describeCanary(zone string, now time.Time) CanaryStatus {
	c := n.mem.canaries[zone]
	s := CanaryStatus{
		Zone: zone, Family: c.family, Active: c.verdict.Canary, Displaced: c.verdict.Displaced, Reason: c.verdict.Reason,
		Edge: n.describeMember(c.edge, c.edge.members[c.family], now),
	}
	s.Edge.Live = s.Active
	s.Edge.Verdict = selector.Verdict{Name: c.edge.name, Mode: s.Edge.Mode, Grade: s.Edge.Grade, Average: s.Edge.Average}
	return s
}
