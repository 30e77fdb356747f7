package network

import (
	"net/netip"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// A saved set stands until its members have been probed.

// settled says whether a saved set has stood long enough: each member that may still be live has been probed since the
// start. When none is left, as of a set saved on rung fallback, the histories may show at once whom to take instead; else
// it waits as long as a first decision.
func (n *Network) settled(f Family, d selector.Decision) bool {
	left := false
	for _, name := range n.mem.rotations[f].live {
		m := n.eligible(name, f)
		if m != nil && !m.probed {
			return false
		}
		left = left || m != nil
	}
	return left || d.Rung >= selector.Short || n.firstDue(d)
}

// eligible returns the member of a name that may be live: configured, with an address, and not unavailable.
func (n *Network) eligible(name string, f Family) *member {
	e := n.mem.edges[name]
	if e == nil || !e.configured || e.canary || n.mem.modes[name].Mode == selector.Unavailable {
		return nil
	}
	if m := e.members[f]; m != nil && m.address().IsValid() {
		return m
	}
	return nil
}

// stand publishes a saved set less the members that are out or have failed since the start. Where that would leave fewer
// than min_live it is held whole, as rung hold would: a restart while everything is down must not shrink the set one
// probe at a time.
func (n *Network) stand(f Family) {
	r := n.mem.rotations[f]
	var all, passing []string
	for _, name := range r.live {
		m := n.eligible(name, f)
		if m == nil {
			continue
		}
		all = append(all, name)
		if !m.probed || m.grade != history.Fail || n.mem.contacts[f].lost {
			passing = append(passing, name)
		}
	}
	if len(passing) >= max(1, r.decision.MinLive) {
		n.show(f, passing, nil)
		return
	}
	var fallback []netip.Addr
	if r.rung == selector.Fallback {
		fallback = n.fallback(f)
	}
	n.show(f, all, fallback)
}

// fallback are the fallback addresses of a family, but for those of unavailable edges.
func (n *Network) fallback(f Family) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(n.settings[f].Fallback), func(a netip.Addr) bool {
		return n.mem.modes[n.mem.owners[a]].Mode == selector.Unavailable
	})
}
