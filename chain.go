package edgemanage

import (
	"context"
	"slices"

	"github.com/coredns/coredns/plugin/file"
	"github.com/coredns/coredns/request"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

// maxChain is how many records of a chain of CNAMEs and DNAMEs are followed. BIND gives up after 11 links.
const maxChain = 16

// answer fills the sections of an answer, along a chain of CNAMEs to its end in the zone or its exit from it. What is
// outside is not looked up, be it in another zone of ours: a resolver takes nothing about it from this zone and has to
// ask for it anyway, and whoever could tell might make the query wait.
func (z *zone) answer(ctx context.Context, m *dns.Msg, state request.Request, now *answers, tree *wholeZone, exists bool) file.Result {
	name, qtype := state.Name(), state.QType()
	for len(m.Answer) <= maxChain {
		answer, ns, extra, result := tree.Lookup(ctx, state, name)
		if cut := result == file.Delegation && len(answer) == 0; !cut && z.empty(tree, name, qtype, exists) {
			// file may take a wildcard for it that is beside the name (RFC 4592, 2.2.2), or deny it.
			m.Ns, m.Extra = now.records.SOA, nil
			return file.NoData
		}
		m.Answer, m.Ns, m.Extra = join(m.Answer, answer), ns, extra
		end, open := chainEnd(answer, qtype)
		switch {
		case !open || result == file.Delegation:
			return result
		case z.closest(end) != z:
			m.Ns, m.Extra = nil, nil
			return file.Success
		case z.undecided(now, end, qtype):
			return file.ServerFailure
		case leadsOn(tree, end, qtype):
			// file follows only to names that are there as they are, and not far.
			name, exists = end, false
			state = asking(state, name, qtype)
		default:
			// The chain ends at a name without the type: file adds the NS here, and no SOA (RFC 2308, 2.2).
			m.Ns, m.Extra = now.records.SOA, nil
			return file.NoData
		}
	}
	return file.ServerFailure
}

// join appends records to those of a chain before them. A DNAME that was used before is not repeated.
func join(before, more []dns.RR) []dns.RR {
	if before == nil {
		return slices.Clip(more)
	}
	for _, rr := range more {
		if rr.Header().Rrtype != dns.TypeDNAME || !slices.Contains(before, rr) {
			before = append(before, rr)
		}
	}
	return before
}

// empty says whether a name exists without any records to show.
func (z *zone) empty(tree *wholeZone, name string, qtype uint16, exists bool) bool {
	if name == z.origin && (qtype == dns.TypeSOA || qtype == dns.TypeNS) {
		return false // which file keeps elsewhere
	}
	if _, found := tree.Search(name); found {
		return false
	}
	return exists || z.place(name) != elsewhere || tree.below(name)
}

// leadsOn says whether there may be more at the end of a chain where file found nothing of the type.
func leadsOn(tree *wholeZone, end string, qtype uint16) bool {
	elem, found := tree.Search(end)
	return !found || len(elem.Type(dns.TypeCNAME)) > 0 || qtype == dns.TypeSOA || qtype == dns.TypeNS
}

// chainEnd returns where a chain of CNAMEs leads to, and whether nothing of the type was found there.
func chainEnd(answer []dns.RR, qtype uint16) (end string, open bool) {
	for _, rr := range answer {
		if cname, ok := rr.(*dns.CNAME); ok && qtype != dns.TypeCNAME {
			end, open = dns.CanonicalName(cname.Target), true
		} else if rr.Header().Rrtype == qtype {
			open = false // a DNAME may stand before the CNAME that is made of it
		}
	}
	return end, open
}

// undecided says whether a chain leads to addresses that are not decided: that is not to say there are none.
func (z *zone) undecided(now *answers, name string, qtype uint16) bool {
	if z.place(name) < apex {
		return false
	}
	switch qtype {
	case dns.TypeA:
		return now.snapshot.Families[network.IPv4].Coverage == network.Undecided
	case dns.TypeAAAA:
		return now.snapshot.Families[network.IPv6].Coverage == network.Undecided
	}
	return false
}

// place returns the place of a name of the zone.
func (z *zone) place(name string) place { return z.places.at(name[:len(name)-len(z.origin)]) }
