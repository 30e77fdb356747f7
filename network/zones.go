package network

import (
	"encoding/hex"
	"maps"
	"net/netip"
	"slices"
	"time"

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
	if z != nil && z.Serial != 0 && serialLess(network, z.Serial) {
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

// Complete says whether the whole of a zone is known, so that it may be given away: its include was good once, and its
// addresses are decided. A secondary that got it without addresses would answer that there are none.
func (s *Snapshot) Complete(origin string) bool {
	z := s.Zones[origin]
	return s.Decided() && (z == nil || !z.Broken)
}

// zoneRecord is what is remembered of a zone's own content, to tell whether its serial must rise.
type zoneRecord struct {
	serial uint32
	print  string
}

// ownZones lists the zones that may have something of their own, sorted: with includes or zone files all of them, else
// those with a canary.
func (n *Network) ownZones() []string {
	zones := map[string]bool{}
	if n.config.Includes != "" || n.config.ZoneFiles != "" {
		for _, zone := range n.zones {
			zones[zone] = true
		}
	}
	for zone := range n.mem.includes {
		zones[zone] = true
	}
	for zone := range n.mem.canaries {
		if n.knows(zone) {
			zones[zone] = true
		}
	}
	return slices.Sorted(maps.Keys(zones))
}

// knows says whether a zone is one of the network's.
func (n *Network) knows(zone string) bool {
	_, included := n.mem.includes[zone]
	_, found := slices.BinarySearch(n.zones, zone)
	return included || found
}

// noRest is the include of a zone of which the Corefile alone tells.
var noRest = &zonefile.Include{}

// freezeZones makes the ZoneStates anew where something changed, and has those serials rise. It follows the rise of the
// network's serial, which a zone's own must not fall behind.
func (n *Network) freezeZones(now time.Time, fresh bool) (changed []string) {
	mem := n.mem
	zones := make(map[string]*ZoneState, len(mem.zones))
	for _, zone := range n.ownZones() {
		next := ZoneState{Addrs: n.canaryAddrs(zone)}
		if n.config.Includes != "" {
			next.Include = noRest
			if inc, ok := mem.includes[zone]; ok {
				next.Include, next.Broken, next.included = inc.last, inc.last == nil, true
			}
		}
		print := n.zonePrint(zone, &next)
		record, known := mem.records[zone]
		if record.print != print {
			if known || !fresh || n.publishedBefore(zone) {
				last := record.serial
				if serialLess(last, mem.serial) || last == 0 {
					last = mem.serial
				}
				record.serial = NextSerial(later(last, n.fileSerial(zone)), n.config.SerialFloor, now)
				changed = append(changed, zone)
			}
			record.print = print
			mem.records[zone] = record
		}
		next.Serial = record.serial
		if before := mem.zones[zone]; before != nil && before.equal(&next) {
			zones[zone] = before
		} else {
			zones[zone] = &next
		}
	}
	for zone := range mem.records {
		if zones[zone] == nil {
			delete(mem.records, zone)
		}
	}
	if !maps.Equal(zones, mem.zones) {
		mem.zones = zones
		n.dirty = true
	}
	return changed
}

func (z *ZoneState) equal(o *ZoneState) bool {
	for f := range z.Addrs {
		if !slices.Equal(z.Addrs[f], o.Addrs[f]) {
			return false
		}
	}
	return z.Include == o.Include && z.Broken == o.Broken && z.Serial == o.Serial && z.included == o.included
}

// zonePrint is a fingerprint of what a zone has of its own. Which edge a canary displaces follows from the live set, a
// change of which raises the serial by itself.
func (n *Network) zonePrint(zone string, z *ZoneState) string {
	print := ""
	if z.Include != nil {
		print = includePrint(z.Include)
	}
	if c := n.mem.canaries[zone]; c != nil && z.Addrs[c.family] != nil {
		print += "+" + c.entry.Addr.String()
	}
	return print
}

func includePrint(i *zonefile.Include) string { return hex.EncodeToString(i.Digest[:8]) }

func later(a, b uint32) uint32 {
	if b != 0 && serialLess(a, b) {
		return b
	}
	return a
}

// publishedBefore says whether a zone of which nothing is saved has a zone file, whose serial must be passed.
func (n *Network) publishedBefore(zone string) bool {
	s := n.fileSerial(zone)
	return s != 0 && !serialLess(s, n.mem.serial)
}
