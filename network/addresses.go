package network

import (
	"net/netip"

	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Two edges with one address are a fault of the one later in the lists. For pinned addresses the lists are checked when
// they are read; what names resolve to is seen only here. An edge owns the addresses it is probed and served at.

// readdress takes up what the resolver said. A family that it has nothing for loses its member, unless the answer was an
// error: then the last good address stays. So it does until the address of the other family has passed, and where no
// other edge has an address in the family: a resolver that is wrong about all names must not make A or AAAA empty.
func (n *Network) readdress(e *edge, r prober.Resolution) {
	if r.Err != nil {
		return
	}
	for f, a := range [families]struct {
		addr           netip.Addr
		several, stale bool
	}{{r.V4, r.Several4, r.Stale4}, {r.V6, r.Several6, r.Stale6}} {
		switch {
		case a.stale || !served(n.config, Family(f)):
		case !a.addr.IsValid():
			if n.passesBeside(e, Family(f)) && !n.last(e, Family(f)) && !n.held(e, Family(f)) {
				n.strip(e, Family(f))
			}
		default:
			n.settle(e, Family(f), a.addr, a.several)
		}
	}
}

// passesBeside says whether an edge without a word of it in a family passes in another one, and so needs it no more.
func (n *Network) passesBeside(e *edge, f Family) bool {
	for other, m := range e.members {
		if Family(other) != f && m != nil && m.served.IsValid() {
			return true
		}
	}
	return false
}

// last says whether no other configured edge has an address in a family.
func (n *Network) last(e *edge, f Family) bool {
	for _, other := range n.mem.order {
		if m := other.members[f]; other != e && m != nil && m.address().IsValid() {
			return false
		}
	}
	return true
}

// settle gives an edge the address its name resolved to, unless it is that of an edge before it in the lists, or of one
// that is unavailable: under another name the address would come back. In a frozen network it takes no address from an edge
// that is published, unless for one that is unavailable.
func (n *Network) settle(e *edge, f Family, a netip.Addr, several bool) {
	if m := e.members[f]; n.held(e, f) && m.probe != a && !m.served.IsValid() {
		return // it is answered at the address it is probed at, for want of one that passed
	}
	if owner := n.mem.edges[n.mem.owners[a]]; owner != nil && owner != e && owner.configured {
		if owner.pins != nil || owner.order < e.order || n.mem.modes[owner.name].Mode == selector.Unavailable {
			n.yield(e, f, a, owner)
			return
		}
		if n.held(owner, f) && n.mem.modes[e.name].Mode != selector.Unavailable {
			return
		}
		n.yield(owner, f, a, e)
	}
	m := e.member(f, n.config.History)
	if m.probe != a {
		left := m.probe
		m.probe = a
		n.mem.disown(e, left)
		if several {
			n.tell(Warning{e.name + " has several " + f.String() + " addresses: the lowest, " + a.String() + ", is probed and served"})
		}
	}
	n.mem.owners[a] = e.name
}

// yield leaves an address to the edge that it belongs to. The other one goes on with an address it has beside, if it has
// one; it is told of once.
func (n *Network) yield(e *edge, f Family, a netip.Addr, owner *edge) {
	if e.disputed[f] != a {
		e.disputed[f] = a
		n.tell(Warning{e.name + " resolves to " + a.String() + ", which is the address of " + owner.name + ": it is not used for " + e.name})
	}
	m := e.members[f]
	switch {
	case m == nil || m.probe != a && m.served != a:
	case m.address() == a && (m.probe == a || !m.probe.IsValid()):
		n.strip(e, f)
		// It may have passed there for a while: a resolver that gives every name one working address must not take the
		// working edges' own away.
		if owner := n.mem.edges[n.mem.owners[m.former]]; m.former.IsValid() && m.former != a && (owner == nil || owner == e || !owner.configured) {
			m.probe, m.served = m.former, m.former
			n.mem.owners[m.former] = e.name
		}
	case m.probe == a:
		m.probe = m.served
	default: // it has moved on, and has not passed there yet
		m.served = netip.Addr{}
		n.dirty = true
		n.decideWithin(gather)
	}
}

// strip takes an edge's addresses of a family; the history stays, should they come back.
func (n *Network) strip(e *edge, f Family) {
	m := e.members[f]
	if m == nil || !m.address().IsValid() {
		return
	}
	probe, served := m.probe, m.served
	m.probe, m.served = netip.Addr{}, netip.Addr{}
	n.mem.disown(e, probe)
	n.mem.disown(e, served)
	n.dirty = true
	n.decideWithin(gather)
}

// disown ends an edge's claim to an address that it is neither probed nor served at any more.
func (m *Memory) disown(e *edge, a netip.Addr) {
	for _, member := range e.members {
		if member != nil && (member.probe == a || member.served == a) {
			return
		}
	}
	if m.owners[a] == e.name {
		delete(m.owners, a)
	}
}

// allot makes owners anew from the configured edges: of two with one address it belongs to the pinned one, else to the
// one before.
func (m *Memory) allot() {
	clear(m.owners)
	for _, e := range m.order {
		for _, member := range e.members {
			if member == nil {
				continue
			}
			for _, a := range [...]netip.Addr{member.probe, member.served} {
				other := m.edges[m.owners[a]]
				if a.IsValid() && (other == nil || other.pins == nil && (e.pins != nil || e.order < other.order)) {
					m.owners[a] = e.name
				}
			}
		}
	}
}
