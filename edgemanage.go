// Package edgemanage implements a CoreDNS plugin that keeps the apex of many zones pointed at web edges that work.
//
// The plugin answers for the rotating names of its zones, the apex and the configured labels, from an immutable snapshot
// that package network publishes; every other query goes to the next plugin.
package edgemanage

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/nonwriter"
	"github.com/coredns/coredns/plugin/transfer"
	"github.com/coredns/coredns/request"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

const pluginName = "edgemanage"

var (
	_ plugin.Handler      = (*Edgemanage)(nil)
	_ transfer.Transferer = (*Edgemanage)(nil)
)

// Edgemanage is the plugin in one server block.
type Edgemanage struct {
	Next plugin.Handler

	engine   *engine
	claims   []claim                           // zones and the networks they are to be served from
	transfer atomic.Pointer[transfer.Transfer] // *transfer* in the same block; nil without
	zones    atomic.Pointer[map[string]*zone]  // by origin, lower-case and fully qualified; filled in OnStartup
	keys     []string                          // of the server block, lower-case and fully qualified
	under    keySet                            // of keys
}

// Name implements plugin.Handler.
func (e *Edgemanage) Name() string { return pluginName }

// ServeDNS implements plugin.Handler. It waits for nothing but, in a whole zone that has just changed, the query that
// builds it; the rotating names do not wait for that either.
func (e *Edgemanage) ServeDNS(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	state := request.Request{W: w, Req: r}
	z, at := e.find(state.Name())
	if at == elsewhere && z != nil && state.QType() == dns.TypeDS && e.engine.serves(state.Name()) {
		// CoreDNS asks the parent's server block for the DS of a zone of ours in another one: that name exists.
		at = between
	}
	if z == nil || at == elsewhere && !z.entire || r.Opcode != dns.OpcodeQuery || state.QClass() != dns.ClassINET {
		return plugin.NextOrFailure(e.Name(), e.Next, ctx, w, r)
	}
	now := z.now()
	if at < apex {
		return e.rest(ctx, w, r, z, at, now)
	}
	addrs := &now.records.Rotating[at]
	switch qtype := state.QType(); {
	case qtype == dns.TypeA:
		return addresses(w, r, now, now.snapshot.Families[network.IPv4].Coverage, addrs.A)
	case qtype == dns.TypeAAAA:
		return addresses(w, r, now, now.snapshot.Families[network.IPv6].Coverage, addrs.AAAA)
	case qtype == dns.TypeANY:
		if rrs := now.any(at, state.Name()); len(rrs) > 0 {
			return reply(w, r, rrs, nil)
		}
		return reply(w, r, nil, now.records.SOA)
	case at != apex:
		return e.rest(ctx, w, r, z, at, now)
	case qtype == dns.TypeSOA:
		return reply(w, r, now.records.SOA, nil)
	case qtype == dns.TypeNS:
		return reply(w, r, now.records.NS, nil)
	case qtype == dns.TypeAXFR, qtype == dns.TypeIXFR:
		// *transfer* is not loaded, or it would have come first.
		return dns.RcodeRefused, nil
	case qtype == dns.TypeDS:
		// A DS belongs to the parent's side of a cut (RFC 4035, 2.4), and so does the SOA that tells of its absence.
		if parent := e.enclosing(z.origin); parent != nil {
			z, now = parent, parent.now()
		}
	}
	return e.rest(ctx, w, r, z, at, now)
}

// rest answers for what is not made of the live set: from the zone's include where there are includes, else by the next
// plugin.
func (e *Edgemanage) rest(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, z *zone, at place, now *answers) (int, error) {
	if !z.entire {
		return e.ask(ctx, w, r, at, now)
	}
	if t := r.Question[0].Qtype; t == dns.TypeAXFR || t == dns.TypeIXFR {
		return dns.RcodeRefused, nil
	}
	return z.whole(ctx, w, r, now, at != elsewhere)
}

// addresses answers for A or AAAA at a rotating name.
func addresses(w dns.ResponseWriter, r *dns.Msg, now *answers, c network.Coverage, rrs []dns.RR) (int, error) {
	switch c {
	case network.Live:
		return reply(w, r, rrs, nil)
	case network.Empty:
		return reply(w, r, nil, now.records.SOA)
	}
	return dns.RcodeServerFailure, nil
}

// ask puts the query to the next plugin and lets a positive answer pass. A name that we serve exists, whatever the next
// plugin knows of it: its NXDOMAIN would make resolvers drop our addresses too (RFC 8020), so anything that says "nothing
// here" becomes NODATA with our SOA.
func (e *Edgemanage) ask(ctx context.Context, w dns.ResponseWriter, r *dns.Msg, at place, now *answers) (int, error) {
	if e.Next == nil {
		return reply(w, r, nil, now.records.SOA)
	}
	heard := nonwriter.New(w)
	rcode, err := plugin.NextOrFailure(e.Name(), e.Next, ctx, heard, r)
	said := rcode
	if heard.Msg != nil {
		said = heard.Msg.Rcode
	}
	switch {
	case heard.Msg != nil && said == dns.RcodeSuccess && (positive(heard.Msg, at) || heard.Msg.Truncated):
		return rcode, firstError(w.WriteMsg(heard.Msg), err)
	case said == dns.RcodeSuccess, said == dns.RcodeNameError, said == dns.RcodeRefused, heard.Msg == nil && endOfChain(err):
		return reply(w, r, nil, now.records.SOA)
	case heard.Msg != nil:
		return rcode, firstError(w.WriteMsg(heard.Msg), err)
	}
	return rcode, err
}

// positive says whether a message answers its question. A CNAME at a rotating name does not: it cannot stand beside the
// addresses (RFC 1034, 3.6.2), and a resolver that asked for HTTPS would follow it for A as well, past every live edge.
// The usual source of one is a wildcard, which the next plugin applies since it does not know that the name exists.
func positive(m *dns.Msg, at place) bool {
	if at == between || len(m.Answer) == 0 || len(m.Question) == 0 {
		return len(m.Answer) > 0
	}
	return !slices.ContainsFunc(m.Answer, func(rr dns.RR) bool {
		return rr.Header().Rrtype == dns.TypeCNAME && strings.EqualFold(rr.Header().Name, m.Question[0].Name)
	})
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// endOfChain says whether the next plugin passed the query on and found no plugin behind it. plugin.NextOrFailure has no
// error value for that, only this text.
func endOfChain(err error) bool {
	return err != nil && strings.HasSuffix(err.Error(), "no next plugin found")
}

// reply writes an authoritative answer. NODATA has exactly the SOA as its authority; with anything else there *dnssec*
// would not sign it.
func reply(w dns.ResponseWriter, r *dns.Msg, answer, authority []dns.RR) (int, error) {
	m := new(dns.Msg)
	m.SetReply(r)
	m.Authoritative = true
	m.Answer, m.Ns = answer, authority
	return dns.RcodeSuccess, w.WriteMsg(m)
}

// find returns the zone that encloses a name most closely, and where in it the name is. It takes one map access a label,
// whatever the number of zones.
func (e *Edgemanage) find(qname string) (*zone, place) {
	zones := e.table()
	for off, end := 0, false; !end; off, end = dns.NextLabel(qname, off) {
		if z, ok := zones[qname[off:]]; ok {
			return z, z.places.at(qname[:off])
		}
	}
	return nil, elsewhere
}

// enclosing returns the closest of our zones above an origin, or nil.
func (e *Edgemanage) enclosing(origin string) *zone {
	off, end := dns.NextLabel(origin, 0)
	if end {
		return nil
	}
	return e.closest(origin[off:])
}

func (e *Edgemanage) closest(name string) *zone {
	z, _ := e.find(name)
	return z
}

// Ready implements ready.Readiness. It answers for all networks of the process, since *ready* keeps one entry a plugin.
func (e *Edgemanage) Ready() bool { return active.Load().ready() }

// CacheBypassZones implements cache.ZoneBypasser: an edge that was pulled must leave the answers at once. *cache* reads
// this before our OnStartup and scans the list on every query, so it is short and comes from the configuration.
func (e *Edgemanage) CacheBypassZones() []string { return e.bypassed() }
