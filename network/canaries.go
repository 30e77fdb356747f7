package network

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/canary"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// zoneCanary is the canary of a zone. It is probed as any edge, under its address as its name, and never a candidate.
type zoneCanary struct {
	entry   canary.Entry
	family  Family
	edge    *edge
	verdict canary.Verdict
}

// CanaryStatus is what is shown of a canary.
type CanaryStatus struct {
	Zone      string
	Family    Family
	Active    bool
	Displaced string // the edge whose place it has
	Reason    string
	Edge      EdgeStatus
}

// enrolCanaries takes up the canaries of a file. Those that cannot be used are told of; the others work.
func (n *Network) enrolCanaries(entries []canary.Entry, gone map[string]*edge) {
	mem := n.mem
	before := mem.canaries
	mem.canaries = map[string]*zoneCanary{}
	taken := map[netip.Addr]string{}
	for a, name := range mem.owners {
		taken[a] = name
	}
	for _, fault := range canary.Conflicts(entries, taken) {
		n.tellOnce(Warning{fmt.Sprintf("canaries %q: %v", n.config.Canaries, fault)})
	}
	for _, entry := range entries {
		f := familyOf(entry.Addr)
		name := entry.Addr.String()
		switch e := mem.edges[name]; {
		case taken[entry.Addr] != "", e != nil && e.configured && !e.canary:
			continue
		case !served(n.config, f):
			n.tellOnce(Warning{fmt.Sprintf("canaries %q: line %d: %s is %s, which families leaves out", n.config.Canaries, entry.Line, name, f)})
			continue
		}
		e := mem.edge(name)
		known := !e.due.IsZero() && e.configured
		news := e.configure(config.Edge{Name: name, Addrs: []netip.Addr{entry.Addr}}, 0, func(o Family) bool { return o == f }, n.config.History)
		e.canary = true
		delete(gone, name)
		n.enrol(e, known && !news)
		c := &zoneCanary{entry: entry, family: f, edge: e}
		if b := before[entry.Zone]; b != nil && b.entry.Addr == entry.Addr {
			c.verdict = b.verdict
		} else if b == nil {
			c.verdict.Displaced = mem.displaced[entry.Zone]
		}
		mem.canaries[entry.Zone] = c
		if !n.knows(entry.Zone) {
			n.tellOnce(Warning{fmt.Sprintf("canaries %q: line %d: %s is no zone of this network", n.config.Canaries, entry.Line, entry.Zone)})
		}
	}
}

// decideCanaries says of each canary whether it is in. It follows the decision on the live sets.
func (n *Network) decideCanaries() (events []Event) {
	mem := n.mem
	now := n.now()
	all := make([]canary.Canary, 0, len(mem.canaries))
	for _, c := range mem.canaries {
		m := c.edge.members[c.family]
		m.regrade(now, n.rules)
		all = append(all, canary.Canary{Grade: m.grade})
	}
	failing, killed := canary.Killed(all, n.config.CanaryKiller)
	if killed != mem.killed {
		mem.killed = killed
		text := fmt.Sprintf("%d canaries fail: the others are in use again", failing)
		if killed {
			text = fmt.Sprintf("%d canaries fail, canary_killer is %d: none is used", failing, n.config.CanaryKiller)
		}
		events = append(events, Warning{text})
	}
	for zone, c := range mem.canaries {
		before := c.verdict
		r := mem.rotations[c.family]
		live := r.names
		if r.published.Coverage != Live || r.rung == selector.Fallback {
			live = nil
		}
		m := c.edge.members[c.family]
		cn := canary.Canary{Zone: zone, Name: c.edge.name, Addr: c.entry.Addr, Grade: m.grade, Displaced: before.Displaced}
		if mode := mem.modes[c.edge.name].Mode; mode == selector.Unavailable {
			c.verdict = canary.Verdict{Live: live, Reason: "unavailable"}
		} else {
			c.verdict = canary.Apply(zone, live, cn, killed)
		}
		if c.verdict.Displaced == "" {
			c.verdict.Displaced = before.Displaced // where it goes back to
		}
		if n.knows(zone) && (before.Canary != c.verdict.Canary || before.Displaced != c.verdict.Displaced) {
			events = append(events, CanaryChanged{Zone: zone, Addr: c.entry.Addr, Active: c.verdict.Canary, Displaced: c.verdict.Displaced, Text: c.verdict.Reason})
			n.dirty = true
		}
	}
	return events
}

// canaryAddrs are the addresses of a zone with its canary, where that is in.
func (n *Network) canaryAddrs(zone string) (addrs [families][]netip.Addr) {
	c := n.mem.canaries[zone]
	if c == nil || !c.verdict.Canary {
		return addrs
	}
	set := []netip.Addr{c.entry.Addr}
	for _, name := range c.verdict.Live {
		if m := n.mem.edges[name].members[c.family]; m != nil {
			set = append(set, m.address())
		}
	}
	slices.SortFunc(set, netip.Addr.Compare)
	addrs[c.family] = slices.Clip(slices.Compact(set))
	return addrs
}

// tellOnce tells what would otherwise be told again whenever any of the files is read.
func (n *Network) tellOnce(w Warning) {
	if !n.mem.said[w.Text] {
		n.mem.said[w.Text] = true
		n.tell(w)
	}
}
