package edgemanage

import (
	"context"
	"slices"

	"github.com/coredns/coredns/plugin/file"
	"github.com/coredns/coredns/plugin/file/tree"
	"github.com/coredns/coredns/request"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

// wholeZone is a whole zone for lookups by CoreDNS's own, whose answers are corrected where they are not what BIND says:
// see answer and follow.
type wholeZone struct {
	*file.Zone
	types []uint16 // that occur in it, in the order in which they are tried for ANY
}

// whole answers for a name of a zone that is ours altogether, from CoreDNS's own zone lookup. The rotating names' own
// types never come here.
//
// Exists says that the name is known to exist, though the zone may have nothing to show of it: a label while no address is
// decided, or the apex of a zone of ours below this one. It is never denied, and no wildcard stands for it.
func (z *zone) whole(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, now *answers, exists bool) (int, error) {
	if now.own == nil || now.own.Broken {
		// No version of the include was ever good, or it is gone this moment. Names that we know nothing of must not be denied.
		return dns.RcodeServerFailure, nil
	}
	tree, now, err := z.tree(now)
	if err != nil {
		return dns.RcodeServerFailure, err
	}
	m := new(dns.Msg)
	m.SetReply(r)
	m.Authoritative = true
	// file adds nothing but DS for a query with the DO bit, and that to slices that queries share: it does not see the bit.
	state := request.Request{W: w, Req: &dns.Msg{Question: r.Question}}
	result := z.answer(ctx, m, state, now, tree, exists)
	if state.QType() == dns.TypeANY {
		result = z.anyOf(ctx, m, state, tree, result, exists)
	}
	switch result {
	case file.NameError:
		m.Rcode = dns.RcodeNameError
	case file.Delegation:
		// With an answer the chain that led to the cut is ours (RFC 6604, 2.1).
		m.Authoritative = len(m.Answer) > 0
		m.Extra = append(m.Extra, siblings(tree, m.Ns)...)
		if opt := r.IsEdns0(); opt != nil && opt.Do() && len(m.Ns) > 0 {
			if cut, found := tree.Search(m.Ns[0].Header().Name); found {
				m.Ns = slices.Concat(m.Ns, cut.Type(dns.TypeDS))
			}
		}
	case file.ServerFailure:
		return dns.RcodeServerFailure, nil
	}
	m.Answer, m.Ns, m.Extra = slices.Clip(m.Answer), slices.Clip(m.Ns), slices.Clip(m.Extra)
	return dns.RcodeSuccess, w.WriteMsg(m)
}

// siblings returns the addresses of name servers in the zone that are not below the cut itself: without them cuts that
// name each other's servers cannot be entered (RFC 9471, 3.2).
func siblings(tree *wholeZone, ns []dns.RR) (addresses []dns.RR) {
	for _, rr := range ns {
		ns, ok := rr.(*dns.NS)
		if !ok || dns.IsSubDomain(ns.Hdr.Name, ns.Ns) {
			continue // file has added it
		}
		if elem, found := tree.Search(ns.Ns); found {
			addresses = append(addresses, elem.Type(dns.TypeA)...)
			addresses = append(addresses, elem.Type(dns.TypeAAAA)...)
		}
	}
	return addresses
}

// preferred are the types that are tried first for ANY: the first that a name has is the answer (RFC 8482, 4.1).
var preferred = []uint16{
	dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypeTXT, dns.TypeSRV, dns.TypeHTTPS, dns.TypeSVCB, dns.TypeCAA, dns.TypePTR,
}

// anyOf makes one RRset the answer for ANY, of which file knows CNAME and DNAME, cuts and names that do not exist.
func (z *zone) anyOf(ctx context.Context, m *dns.Msg, state request.Request, tree *wholeZone, result file.Result, exists bool) file.Result {
	if i := slices.IndexFunc(m.Answer, isCNAME); i >= 0 {
		m.Answer, m.Ns, m.Extra = m.Answer[:i+1], nil, nil
		return file.Success
	}
	if result != file.NoData || z.empty(tree, state.Name(), dns.TypeANY, exists) {
		return result
	}
	for _, rrtype := range tree.types {
		answer, _, _, result := tree.Lookup(ctx, asking(state, state.Name(), rrtype), state.Name())
		if result == file.Success && len(answer) > 0 {
			m.Answer, m.Ns, m.Extra = answer, nil, nil
			return result
		}
	}
	return result
}

// asking is a query for another name or type.
func asking(state request.Request, name string, qtype uint16) request.Request {
	return request.Request{W: state.W, Req: new(dns.Msg).SetQuestion(name, qtype)}
}

func isCNAME(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeCNAME }

// tree returns the zone for lookups and the answers it is made of, built by the first query that needs it after a change. It
// has no upstream. No query waits for that one: the others are answered from the zone as it was, as if they had come that
// much earlier. A flood would else build a large zone a thousand times at once. Only where there is no zone of before do
// they build it too.
func (z *zone) tree(now *answers) (*wholeZone, *answers, error) {
	if t := now.tree.Load(); t != nil {
		return t, now, nil
	}
	if !now.building.CompareAndSwap(false, true) {
		if before := z.planted.Load(); before != nil {
			return before.tree.Load(), before, nil
		}
	}
	defer now.building.Store(false) // whatever happens: else the zone as it was would be answered for ever
	if t := now.tree.Load(); t != nil {
		return t, now, nil // it was just done
	}
	t, err := plant(z.origin, network.Records(z.template, now.snapshot, z.origin))
	if err != nil {
		return nil, nil, err
	}
	now.tree.Store(t)
	z.planted.Store(now)
	return t, now, nil
}

// plant makes a zone for lookups of its records, which it leaves as they are.
func plant(origin string, records []dns.RR) (*wholeZone, error) {
	t := &wholeZone{Zone: file.NewZone(origin, "")}
	seen := map[uint16]bool{dns.TypeNS: true, dns.TypeSOA: true}
	var others []uint16
	for _, rr := range records {
		if rrtype := rr.Header().Rrtype; !seen[rrtype] {
			seen[rrtype] = true
			others = append(others, rrtype)
		}
		if err := t.Insert(dns.Copy(rr)); err != nil {
			return nil, err
		}
	}
	slices.Sort(others)
	for _, rrtype := range slices.Concat(preferred, others) {
		if seen[rrtype] {
			seen[rrtype] = false
			t.types = append(t.types, rrtype)
		}
	}
	return t, nil
}

// below says whether the zone has a name below another: without records of its own that is an empty non-terminal.
func (t *wholeZone) below(name string) bool {
	next, found := t.Next(name)
	return found && tree.Less(next, name) != 0 && dns.IsSubDomain(name, next.Name())
}
