package network

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/canary"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// zoneCanary is the canary of a zone. It is probed as any edge, under its address as its name, and never a candidate.
type zoneCanary struct {
	entry   canary.Entry
	family  Family
	edge    *edge
	verdict canary.Verdict // Displaced stays while the canary is out: it is where the canary goes back to
	awaited bool           // it is new in the file and has not been probed: a freeze does not hold it
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

// enrolCanaries takes up the canaries of a file. Those that cannot be used are told of; the others work. An edge that
// became a canary is taken out of gone.
func (n *Network) enrolCanaries(in *Inputs, gone map[string]*edge) {
	mem := n.mem
	before := mem.canaries
	mem.canaries, mem.saved = map[string]*zoneCanary{}, nil
	entries := in.Canaries
	if in.canariesLost && entries == nil {
		entries = entriesOf(before)
	}
	pinned := map[netip.Addr]string{}
	for a, name := range mem.owners {
		if mem.edges[name].pins != nil {
			pinned[a] = name
		}
	}
	for _, fault := range canary.Conflicts(entries, pinned) {
		n.tellOnce(Warning{fmt.Sprintf("canaries %q: %v", n.config.Canaries, fault)})
	}
	for _, entry := range entries {
		n.touch(entry.Zone)
		f := familyOf(entry.Addr)
		if pinned[entry.Addr] != "" {
			continue
		}
		if !served(n.config, f) {
			n.tellOnce(Warning{fmt.Sprintf("canaries %q: line %d: %s is %s, which families leaves out", n.config.Canaries, entry.Line, entry.Addr, f)})
			continue
		}
		mem.canaries[entry.Zone] = n.enrolCanary(entry, f, before[entry.Zone], gone)
		if !n.knows(entry.Zone) {
			n.tellOnce(Warning{fmt.Sprintf("canaries %q: line %d: %s is no zone of this network", n.config.Canaries, entry.Line, entry.Zone)})
		}
	}
	var out []CanaryChanged
	for _, zone := range slices.Sorted(maps.Keys(before)) {
		b := before[zone]
		n.touch(zone)
		if mem.canaries[zone] == nil && b.verdict.Canary && n.knows(zone) {
			out = append(out, CanaryChanged{Zone: zone, Addr: b.entry.Addr, Was: true, Displaced: b.verdict.Displaced, Text: "no longer configured"})
		}
	}
	if len(out) > 0 {
		n.tell(CanariesChanged{out})
		n.record(n.now(), CanariesChanged{out})
	}
}

// enrolCanary has a canary probed. It goes on where the zone's canary was before, in this process or the one before it.
func (n *Network) enrolCanary(entry canary.Entry, f Family, before *zoneCanary, gone map[string]*edge) *zoneCanary {
	mem, name := n.mem, entry.Addr.String()
	if e := mem.edges[name]; e != nil && !e.configured && !e.due.IsZero() && !mem.keeps(e, n.now()) {
		delete(mem.edges, name)
	}
	e := mem.edge(name)
	known := !e.due.IsZero() && e.configured
	news := e.configure(config.Edge{Name: name, Addrs: []netip.Addr{entry.Addr}}, 0, func(o Family) bool { return o == f }, n.config.History)
	e.canary = true
	delete(gone, name)
	n.enrol(e, known && !news)
	c := &zoneCanary{entry: entry, family: f, edge: e, awaited: true}
	switch {
	case before != nil && before.entry.Addr == entry.Addr:
		c.verdict, c.awaited = before.verdict, before.awaited
	case before != nil:
		c.verdict.Displaced = before.verdict.Displaced
	default:
		c.awaited = mem.enrolled[entry.Zone] != entry.Addr
		c.verdict.Displaced = mem.displaced[entry.Zone]
		c.verdict.Canary = strings.HasSuffix(mem.records[entry.Zone].print, c.print())
	}
	delete(mem.displaced, entry.Zone)
	return c
}

// entriesOf are the entries that canaries were made of.
func entriesOf(canaries map[string]*zoneCanary) (entries []canary.Entry) {
	for _, zone := range slices.Sorted(maps.Keys(canaries)) {
		entries = append(entries, canaries[zone].entry)
	}
	return entries
}

// decideCanaries says of each canary whether it is in. It follows the decision on the live sets.
func (n *Network) decideCanaries() (events []Event) {
	mem := n.mem
	if len(mem.canaries) == 0 {
		return nil
	}
	now := n.now()
	zones := slices.Sorted(maps.Keys(mem.canaries))
	all := make([]canary.Canary, 0, len(zones))
	for _, zone := range zones {
		c := mem.canaries[zone]
		m := c.edge.members[c.family]
		m.regrade(now, n.rules)
		all = append(all, canary.Canary{Grade: m.grade})
	}
	failing, killed := canary.Killed(all, n.config.CanaryKiller)
	if held := mem.freeze != nil || mem.unread != nil; killed != mem.killed && !held {
		mem.killed = killed
		text := fmt.Sprintf("%d canaries fail: the others are in use again", failing)
		if killed {
			text = fmt.Sprintf("%d canaries fail, canary_killer is %d: none is used", failing, n.config.CanaryKiller)
		}
		events = append(events, Warning{text})
	}
	var changes []CanaryChanged
	for _, zone := range zones {
		c := mem.canaries[zone]
		before := c.verdict
		c.verdict = n.judge(zone, c, killed)
		c.awaited = c.awaited && !c.edge.members[c.family].probed
		if before.Canary == c.verdict.Canary && before.Displaced == c.verdict.Displaced {
			continue
		}
		mem.saved = nil
		n.dirty = true
		if n.knows(zone) {
			changes = append(changes, CanaryChanged{Zone: zone, Addr: c.entry.Addr, Was: before.Canary, Active: c.verdict.Canary, Displaced: c.verdict.Displaced, Text: c.verdict.Reason})
		}
	}
	if len(changes) > 0 {
		events = append(events, CanariesChanged{changes})
	}
	return events
}

// judge is the verdict on one canary as things are.
func (n *Network) judge(zone string, c *zoneCanary, killed bool) (v canary.Verdict) {
	mem := n.mem
	r := mem.rotations[c.family]
	live := r.names
	if r.published.Coverage != Live || r.rung == selector.Fallback {
		live = nil
	}
	owner := mem.edges[mem.owners[c.entry.Addr]]
	switch {
	case mem.modes[c.edge.name].Mode == selector.Unavailable:
		v = canary.Verdict{Live: live, Reason: "unavailable"}
	case mem.freeze != nil && !c.awaited && (owner == nil || mem.modes[owner.name].Mode != selector.Unavailable):
		v = frozenCanary(zone, c, live)
	case mem.unread != nil && (owner == nil || !owner.configured || owner.canary):
		v = frozenCanary(zone, c, live)
		v.Reason = "as before the start: its history is still to be read"
	case owner != nil && owner.configured && !owner.canary:
		// A name that has come to lead there makes it an edge of every zone.
		v = canary.Verdict{Live: live, Reason: "its address is that of edge " + owner.name}
		n.tellOnce(Warning{fmt.Sprintf("canaries %q: canary %s of %s is what edge %s resolves to: it is not used", n.config.Canaries, c.entry.Addr, zone, owner.name)})
	default:
		grade := c.edge.members[c.family].grade
		v = canary.Apply(zone, live, canary.Canary{Zone: zone, Name: c.edge.name, Addr: c.entry.Addr, Grade: grade, Displaced: c.verdict.Displaced}, killed)
	}
	if v.Displaced == "" {
		v.Displaced = c.verdict.Displaced
	}
	return v
}

// frozenCanary keeps a canary in, as far as an edge is live beside it, or out.
func frozenCanary(zone string, c *zoneCanary, live []string) canary.Verdict {
	if !c.verdict.Canary {
		return canary.Verdict{Live: live, Reason: "frozen while it was out"}
	}
	v := canary.Apply(zone, live, canary.Canary{Zone: zone, Grade: history.PassThreshold, Displaced: c.verdict.Displaced}, false)
	switch {
	case v.Displaced != "":
		v.Reason = "frozen in place of " + v.Displaced
	case v.Canary:
		v.Reason = "frozen beside the only live edge"
	}
	return v
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
