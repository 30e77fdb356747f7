package zonefile

import (
	"strings"

	"github.com/miekg/dns"
)

// notes tells of records that nobody will ever see, and of names of the zone without an address where one is needed.
func (t *tree) notes(f *findings) {
	for _, n := range t.order {
		cut := n.set(dns.TypeNS)
		if above := t.above(n.name, dns.TypeNS); above != nil {
			cut = above
		}
		if cut == nil {
			continue
		}
		at := cut == n.set(dns.TypeNS)
		for _, first := range n.sets {
			switch t := first.rr.Header().Rrtype; {
			case t == dns.TypeA, t == dns.TypeAAAA, at && (t == dns.TypeNS || t == dns.TypeDS):
			default:
				f.notef(first.line, "%s %s: the delegation in line %d hides it", first.rr.Header().Name, typeName(first.rr), cut.line)
			}
		}
	}
	for _, p := range t.all {
		target := ""
		switch rr := p.rr.(type) {
		case *dns.NS:
			target = rr.Ns
		case *dns.MX:
			target = rr.Mx
		case *dns.SRV:
			target = rr.Target
		default:
			continue
		}
		t.noteTarget(p, strings.ToLower(target), f)
	}
}

// noteTarget tells of a target in the zone that has no address, or is an alias (RFC 2181, 10.3).
func (t *tree) noteTarget(p placed, target string, f *findings) {
	if target == "." || !dns.IsSubDomain(t.zone, target) || t.rotating[target] {
		return
	}
	where := p.rr.Header().Name + " " + typeName(p.rr)
	n := t.names[target]
	switch {
	case n != nil && n.set(dns.TypeCNAME) != nil:
		f.notef(p.line, "%s: %s is a CNAME: expected a name with an address", where, target)
	case n != nil && (n.set(dns.TypeA) != nil || n.set(dns.TypeAAAA) != nil):
	case t.delegated(target, p):
		// Its addresses are in the zone below.
	case t.wildcard(target):
	default:
		f.notef(p.line, "%s: %s has no address in the zone", where, target)
	}
}

// delegated says whether a name lies at or below a delegation other than the one that the record makes, which would need
// glue.
func (t *tree) delegated(name string, p placed) bool {
	cut := t.above(name, dns.TypeNS)
	if n := t.names[name]; n != nil && n.set(dns.TypeNS) != nil {
		cut = n.set(dns.TypeNS)
	}
	if cut == nil {
		return false
	}
	return p.rr.Header().Rrtype != dns.TypeNS || !strings.EqualFold(cut.rr.Header().Name, p.rr.Header().Name)
}

// wildcard says whether a wildcard of the zone may give the name what it needs.
func (t *tree) wildcard(name string) bool {
	for name != t.zone {
		off, end := dns.NextLabel(name, 0)
		if end {
			return false
		}
		name = name[off:]
		if t.names["*."+name] != nil {
			return true
		}
	}
	return false
}
