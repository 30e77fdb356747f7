package network

import (
	"net/netip"
	"slices"
)

// Coverage says what A or AAAA at a rotating name is answered with.
type Coverage uint8

const (
	// Undecided is before the first decision, and rung none: SERVFAIL, which makes a resolver try another server and
	// keep what it has, where an empty answer would be believed.
	Undecided Coverage = iota
	// Empty is a family in which the network has no edge: NODATA.
	Empty
	// Live is a set of addresses.
	Live
)

// Snapshot is what queries are answered from. It is immutable; a new one is published only when a set or the serial
// changed, so comparing pointers tells whether records built from one still hold.
type Snapshot struct {
	// Serial is the SOA serial of every zone whose own content did not change later (RFC 1982 arithmetic).
	Serial uint32
	// Families holds what is live, by Family.
	Families [families]LiveSet
	// Generation tells versions of the above apart: it differs whenever Serial or Families do.
	Generation uint64
	// Zones holds the zones that have something of their own, by origin: an include, a canary or a serial.
	// The map is never changed once it is published.
	Zones map[string]*ZoneState

	edition uint64   // tells versions of Zones apart
	names   []string // all zones of the network, sorted
}

// equal says whether both give the same answers but for what zones have of their own; o may be nil.
func (s *Snapshot) equal(o *Snapshot) bool {
	if o == nil || s.Serial != o.Serial {
		return false
	}
	for f := range s.Families {
		if !s.Families[f].equal(o.Families[f]) {
			return false
		}
	}
	return true
}

func (l LiveSet) equal(o LiveSet) bool {
	return l.Coverage == o.Coverage && slices.Equal(l.Addrs, o.Addrs)
}

// LiveSet is what is published of one family.
type LiveSet struct {
	Coverage Coverage
	// Addrs are the live addresses in ascending order, so that an unchanged set is always the same records: *dnssec*
	// caches signatures by content and order.
	Addrs []netip.Addr
}

// Decided says whether A and AAAA of every family can be answered: a saved set stands or the first decision is made.
func (s *Snapshot) Decided() bool {
	for _, f := range s.Families {
		if f.Coverage == Undecided {
			return false
		}
	}
	return true
}
