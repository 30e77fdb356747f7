// Package zonefile makes the records of a zone out of what its network is configured to publish, the addresses that are
// live, and the zone's include: the file with everything else in it.
//
// All of it but ReadInclude, ZonesIn and Directory is pure. The same input gives the same records in the same order, with
// the owners in the case they are written in and fixed TTLs, since *dnssec* caches signatures by content and order. What
// is returned is shared between queries and must never be changed; every slice is clipped, so that appending to one
// copies it. Nothing here logs: what is wrong comes back as errors, what is merely odd as notes.
package zonefile

import (
	"net"
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// nsTTL is the TTL of the NS records at the apex, in seconds.
const nsTTL = 3600

// Template is what the zones of a network have in common.
type Template struct {
	NS           []string // name servers, fully qualified
	MName, RName string   // of the SOA; RName "" is hostmaster.<zone>

	Refresh, Retry, Expire, Minimum uint32 // SOA timers, seconds (RFC 1035, 3.3.13)

	TTL    uint32   // of the live addresses, seconds
	Labels []string // names below the apex that carry the live addresses too, relative
}

// Records are those of a zone that its network makes: SOA, NS and the addresses at the rotating names.
type Records struct {
	SOA []dns.RR // exactly one; its TTL is MINIMUM, as negative answers want it (RFC 2308, 5)
	NS  []dns.RR
	// Rotating holds the addresses by the place of the name: 0 is the apex, 1 the first of Labels, and so on.
	Rotating []Addresses
}

// Addresses are the live addresses at one name.
type Addresses struct{ A, AAAA []dns.RR }

// Build makes the records of a zone. Zone is fully qualified; the addresses come out in the order given.
func (t *Template) Build(zone string, serial uint32, v4, v6 []netip.Addr) *Records {
	rname := t.RName
	if rname == "" {
		rname = "hostmaster." + zone
	}
	r := &Records{
		SOA: []dns.RR{&dns.SOA{
			Hdr: header(zone, dns.TypeSOA, t.Minimum),
			Ns:  t.MName, Mbox: rname, Serial: serial,
			Refresh: t.Refresh, Retry: t.Retry, Expire: t.Expire, Minttl: t.Minimum,
		}},
		NS:       make([]dns.RR, 0, len(t.NS)),
		Rotating: make([]Addresses, 0, 1+len(t.Labels)),
	}
	for _, ns := range t.NS {
		r.NS = append(r.NS, &dns.NS{Hdr: header(zone, dns.TypeNS, nsTTL), Ns: ns})
	}
	r.Rotating = append(r.Rotating, t.addresses(zone, v4, v6))
	for _, label := range t.Labels {
		r.Rotating = append(r.Rotating, t.addresses(label+"."+zone, v4, v6))
	}
	r.NS = slices.Clip(r.NS)
	return r
}

func (t *Template) addresses(name string, v4, v6 []netip.Addr) (a Addresses) {
	a.A = make([]dns.RR, 0, len(v4))
	for _, addr := range v4 {
		a.A = append(a.A, &dns.A{Hdr: header(name, dns.TypeA, t.TTL), A: net.IP(addr.AsSlice())})
	}
	a.AAAA = make([]dns.RR, 0, len(v6))
	for _, addr := range v6 {
		a.AAAA = append(a.AAAA, &dns.AAAA{Hdr: header(name, dns.TypeAAAA, t.TTL), AAAA: net.IP(addr.AsSlice())})
	}
	return a
}

func header(name string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}
