package edgemanage

import (
	"sync/atomic"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
	"github.com/miekg/dns"
)

// place is where in a zone a name is: apex, the label of that number from 1, or one of the values below.
type place int

const (
	apex      place = 0
	between   place = -1 // between a label of several parts and the apex; it exists, but has nothing of ours
	elsewhere place = -2 // not one of the rotating names
)

// places finds the place of a name relative to its zone.
type places map[string]place

func newPlaces(labels []string) places {
	p := places{"": apex}
	for i, label := range labels {
		p[label+"."] = place(i + 1)
	}
	for _, label := range labels {
		for off, end := dns.NextLabel(label+".", 0); !end; off, end = dns.NextLabel(label+".", off) {
			if name := label[off:] + "."; p[name] == 0 {
				p[name] = between
			}
		}
	}
	return p
}

// at returns the place of a relative name, which is empty or ends in a dot.
func (p places) at(relative string) place {
	if relative == "" {
		return apex
	}
	if at, ok := p[relative]; ok {
		return at
	}
	return elsewhere
}

// zone is one zone in one server block.
type zone struct {
	origin   string
	network  *network.Network
	places   places
	template *zonefile.Template
	entire   bool                    // the network has includes: the whole zone is ours
	closest  func(name string) *zone // of the block's zones the one that encloses a name most closely, or nil
	built    atomic.Pointer[answers]
	planted  atomic.Pointer[answers] // the last with a tree
}

// answers are a zone's records as one snapshot has them.
type answers struct {
	snapshot *network.Snapshot
	own      *network.ZoneState // what the zone has beside the network's; nil when that is nothing
	records  *zonefile.Records
	tree     atomic.Pointer[wholeZone] // the whole zone, once a query needed it
	building atomic.Bool               // a query makes the tree
}

// now returns the records of the current snapshot. They are built by the first query after a change of the set or of the
// zone, so that a change costs nothing for zones that it does not concern or that nobody asks for; two queries that build
// them at the same time build the same.
func (z *zone) now() *answers {
	s := z.network.Snapshot()
	own := s.Zone(z.origin)
	if a := z.built.Load(); a != nil && a.own == own && (a.snapshot == s || a.snapshot.Generation == s.Generation) {
		return a
	}
	a := &answers{snapshot: s, own: own}
	a.records = z.template.Build(z.origin, s.ZoneSerial(z.origin), s.ZoneAddrs(z.origin, network.IPv4), s.ZoneAddrs(z.origin, network.IPv6))
	z.built.Store(a)
	return a
}

// any is the one RRset that answers ANY at a rotating name (RFC 8482, 4.1): the addresses, or at an apex without any the
// SOA. At a label whose addresses are not decided it is an HINFO (RFC 8482, 4.2), which says nothing about them; it is
// empty where no family has an address.
func (a *answers) any(at place, name string) []dns.RR {
	addrs := a.records.Rotating[at]
	switch {
	case len(addrs.A) > 0:
		return addrs.A
	case len(addrs.AAAA) > 0:
		return addrs.AAAA
	case at == apex:
		return a.records.SOA
	case !a.snapshot.Decided():
		hdr := dns.RR_Header{Name: name, Rrtype: dns.TypeHINFO, Class: dns.ClassINET, Ttl: a.records.SOA[0].Header().Ttl}
		return []dns.RR{&dns.HINFO{Hdr: hdr, Cpu: "RFC8482"}}
	}
	return nil
}
