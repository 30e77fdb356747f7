package edgemanage

import (
	"context"
	"slices"

	"github.com/coredns/coredns/plugin/file"
	"github.com/coredns/coredns/plugin/pkg/upstream"
	"github.com/coredns/coredns/request"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

// whole answers for a name of a zone that is ours altogether, from CoreDNS's own zone lookup. The rotating names' own
// types never come here.
//
// Exists says that the name is known to exist, though the zone may have nothing to show of it: a label while no address is
// decided, or the apex of a zone of ours below this one. It is never denied, and no wildcard stands for it.
func (z *zone) whole(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, now *answers, exists bool) (int, error) {
	if now.own.Broken {
		// No version of the include was ever good. Names that we know nothing of must not be denied.
		return dns.RcodeServerFailure, nil
	}
	tree, err := z.tree(now)
	if err != nil {
		return dns.RcodeServerFailure, err
	}
	state := request.Request{W: w, Req: r}
	qname, qtype := state.Name(), state.QType()
	if exists {
		if _, found := tree.Search(qname); !found {
			return reply(w, r, nil, now.records.SOA)
		}
	}
	if qtype == dns.TypeANY {
		if rrs := anyOf(ctx, tree, state, qname); len(rrs) > 0 {
			return reply(w, r, rrs, nil)
		}
	}
	m := new(dns.Msg)
	m.SetReply(r)
	m.Authoritative = true
	var result file.Result
	m.Answer, m.Ns, m.Extra, result = tree.Lookup(ctx, state, qname)
	switch result {
	case file.NameError:
		m.Rcode = dns.RcodeNameError
	case file.Delegation:
		// With an answer the chain that led to the cut is ours (RFC 6604, 2.1).
		m.Authoritative = len(m.Answer) > 0
	case file.ServerFailure:
		if len(m.Answer) == 0 {
			return dns.RcodeServerFailure, nil
		}
		m.Rcode = dns.RcodeServerFailure
	case file.Success, file.NoData:
		end, open := chainEnd(m.Answer, qtype)
		switch {
		case !open || !dns.IsSubDomain(z.origin, end):
		case z.undecided(now, end, qtype):
			return dns.RcodeServerFailure, nil
		default:
			// The chain ends in the zone, at a name without the type: file adds the NS here, and no SOA (RFC 2308, 2.2).
			m.Ns, m.Extra = now.records.SOA, nil
		}
	}
	m.Answer, m.Ns, m.Extra = slices.Clip(m.Answer), slices.Clip(m.Ns), slices.Clip(m.Extra)
	return dns.RcodeSuccess, w.WriteMsg(m)
}

// chainEnd returns where a chain of CNAMEs leads to, and whether nothing of the type was found there.
func chainEnd(answer []dns.RR, qtype uint16) (end string, open bool) {
	for _, rr := range answer {
		switch rr := rr.(type) {
		case *dns.CNAME:
			if qtype == dns.TypeCNAME {
				return "", false
			}
			end, open = dns.CanonicalName(rr.Target), true
		case *dns.DNAME, *dns.RRSIG:
		default:
			if rr.Header().Rrtype == qtype {
				return "", false
			}
		}
	}
	return end, open
}

// undecided says whether a chain leads to addresses that are not decided: that is not to say there are none.
func (z *zone) undecided(now *answers, name string, qtype uint16) bool {
	if z.places.at(name[:max(0, len(name)-len(z.origin))]) < apex {
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

// anyTypes are tried in turn for ANY: the first that a name has is the answer (RFC 8482, 4.1).
var anyTypes = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeCNAME, dns.TypeMX, dns.TypeTXT, dns.TypeSRV, dns.TypeHTTPS, dns.TypeSVCB, dns.TypeCAA,
	dns.TypePTR, dns.TypeTLSA, dns.TypeNAPTR, dns.TypeSSHFP, dns.TypeDNAME, dns.TypeHINFO, dns.TypeLOC,
}

// anyOf returns one RRset of a name, for ANY.
func anyOf(ctx context.Context, tree *file.Zone, state request.Request, qname string) []dns.RR {
	for _, rrtype := range anyTypes {
		one := state.NewWithQuestion(qname, rrtype)
		answer, _, _, result := tree.Lookup(ctx, one, qname)
		if result == file.Success && len(answer) > 0 {
			if answer[0].Header().Rrtype == dns.TypeCNAME {
				return slices.Clip(answer[:1])
			}
			return slices.Clip(answer)
		}
		if result == file.NameError || result == file.Delegation {
			return nil
		}
	}
	return nil
}

// tree returns the zone for lookups, built by the first query that needs it after a change.
func (z *zone) tree(now *answers) (*file.Zone, error) {
	if t := now.tree.Load(); t != nil {
		return t, nil
	}
	t := file.NewZone(z.origin, "")
	t.Upstream = upstream.New()
	for _, rr := range network.Records(z.template, now.snapshot, z.origin) {
		if err := t.Insert(dns.Copy(rr)); err != nil {
			return nil, err
		}
	}
	now.tree.Store(t)
	return t, nil
}
