package network

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// ZoneState is what one zone has of its own, beside what all zones of its network share. It is immutable.
type ZoneState struct {
	// Include is the rest of the zone. It is nil in a network that leaves the rest to other plugins, and where no version
	// of the include was ever good: Broken tells which.
	Include *zonefile.Include
	Broken  bool
	// Serial is that of the last change that was the zone's alone, 0 without one.
	Serial uint32
	// Addrs replace the network's live addresses of a family where the zone has a canary that is in; else nil.
	Addrs [families][]netip.Addr

	included bool // there is a file for it in the includes
}

// Zone returns what a zone has of its own; nil when that is nothing.
func (s *Snapshot) Zone(origin string) *ZoneState { return s.Zones[origin] }

// ZoneSerial returns the SOA serial of a zone: the later of the network's and its own.
func (s *Snapshot) ZoneSerial(origin string) uint32 { return s.Zones[origin].serial(s.Serial) }

func (z *ZoneState) serial(network uint32) uint32 {
	if z != nil && z.Serial != 0 && SerialLess(network, z.Serial) {
		return z.Serial
	}
	return network
}

// ZoneAddrs returns the addresses of a family at the rotating names of a zone.
func (s *Snapshot) ZoneAddrs(origin string, f Family) []netip.Addr {
	if z := s.Zones[origin]; z != nil && z.Addrs[f] != nil {
		return z.Addrs[f]
	}
	return s.Families[f].Addrs
}

// differing lists the zones that another snapshot lacks, or has with another serial. It is never nil.
func (s *Snapshot) differing(o *Snapshot) []string {
	zones := []string{}
	for _, zone := range s.names {
		if _, known := slices.BinarySearch(o.names, zone); !known || s.ZoneSerial(zone) != o.ZoneSerial(zone) {
			zones = append(zones, zone)
		}
	}
	return zones
}

// Complete says whether the whole of a zone is known, so that it may be given away: its include was good once, and its
// addresses are decided. A secondary that got it without addresses would answer that there are none.
func (s *Snapshot) Complete(origin string) bool {
	z := s.Zones[origin]
	return s.Decided() && (z == nil || !z.Broken)
}

// equal says whether both answer the same; either may be nil.
func (z *ZoneState) equal(o *ZoneState) bool {
	if z == nil || o == nil {
		return z == o
	}
	for f := range z.Addrs {
		if !slices.Equal(z.Addrs[f], o.Addrs[f]) {
			return false
		}
	}
	return z.Include == o.Include && z.Broken == o.Broken && z.Serial == o.Serial && z.included == o.included
}

// Has says whether a zone is one of the network's.
func (n *Network) Has(zone string) bool {
	if _, found := slices.BinarySearch(n.zones, zone); found {
		return true
	}
	s := n.Snapshot()
	if s == nil {
		return false
	}
	z := s.Zones[zone]
	return z != nil && z.included
}

// ZoneList lists the zones of the network, sorted: those that the Corefile names and those of the includes.
func (n *Network) ZoneList() []string { return slices.Clone(n.Snapshot().names) }

// IncludedZones lists the zones that the includes bring, sorted.
func (n *Network) IncludedZones() []string {
	s := n.Snapshot()
	if s == nil || n.config.Includes == "" {
		return nil
	}
	var zones []string
	for zone, z := range s.Zones {
		if z.included {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// IncludedZones lists the zones that the includes brought when they were read, sorted.
func (in *Inputs) IncludedZones() []string { return slices.Sorted(maps.Keys(in.includes)) }

// listZones makes the list of the network's zones, which snapshots share.
func (n *Network) listZones() {
	names := slices.Clone(n.zones)
	for zone := range n.mem.includes {
		names = append(names, zone)
	}
	slices.Sort(names)
	n.names = slices.Compact(names)
}
