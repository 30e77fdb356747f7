package network

import (
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// A network may have 10,000 zones and decides every second. So what follows looks only at zones that something happened
// to, and at those with a canary; a change of the live set, which all zones share, looks at no other.

// zoneRecord is what is remembered of a zone's own content, to tell whether its serial must rise. One that is ahead of the
// network's serial outlives what it tells of: without it the zone's serial would fall back.
type zoneRecord struct {
	serial uint32 // of the last change that was the zone's alone, 0 without one
	print  string
}

// gonePrint is that of a zone that is none of the network's any more. Should it come back, its serial rises.
const gonePrint = "gone"

// writtenPrint is that of a zone with nothing of its own that has a zone file. It is remembered so that not every start reads
// the serials of all files.
const writtenPrint = "written"

// noRest is the include of a zone of which the Corefile alone tells.
var noRest = &zonefile.Include{}

// knows says whether a zone is one of the network's.
func (n *Network) knows(zone string) bool {
	_, included := n.mem.includes[zone]
	_, found := slices.BinarySearch(n.zones, zone)
	return included || found
}

// touch has the next decision look at a zone.
func (n *Network) touch(zone string) {
	if n.touched == nil {
		n.touched = map[string]bool{}
	}
	n.touched[zone] = true
}

// touchedZones lists the zones to be looked at, sorted.
func (n *Network) touchedZones() []string {
	mem, zones := n.mem, n.touched
	n.touched = nil
	if zones == nil && len(mem.canaries) == 0 && !n.touchedAll {
		return nil
	}
	if zones == nil {
		zones = map[string]bool{}
	}
	for zone := range mem.canaries {
		zones[zone] = true
	}
	if n.touchedAll {
		n.touchedAll = false
		for _, zone := range n.zones {
			zones[zone] = true
		}
		for zone := range mem.includes {
			zones[zone] = true
		}
		for zone := range mem.records {
			zones[zone] = true
		}
		for zone := range mem.zones {
			zones[zone] = true
		}
	}
	return slices.Sorted(maps.Keys(zones))
}

// freezeZones makes the ZoneStates anew where something changed, and has those serials rise: it returns the zones whose
// serial did. It follows the rise of the network's serial, which a zone's own must not fall behind.
func (n *Network) freezeZones(now time.Time, fresh bool) (changed []string) {
	mem := n.mem
	var zones map[string]*ZoneState // a copy, once there is something to change: readers have the map
	for _, zone := range n.touchedZones() {
		rose := n.raise(zone, now, fresh)
		if rose {
			changed = append(changed, zone)
		}
		next, before := n.freezeZone(zone), mem.zones[zone]
		if next.equal(before) {
			continue
		}
		if zones == nil {
			zones = maps.Clone(mem.zones)
		}
		if next == nil {
			delete(zones, zone)
		} else {
			zones[zone] = next
		}
	}
	if zones != nil {
		mem.zones = zones
		mem.edition++
		n.dirty = true
	}
	return changed
}

// freezeZone makes the ZoneState of a zone, nil when it has nothing of its own.
func (n *Network) freezeZone(zone string) *ZoneState {
	if !n.knows(zone) {
		return nil
	}
	z := &ZoneState{Addrs: n.canaryAddrs(zone), Serial: n.mem.records[zone].serial}
	z.Include, z.Broken, z.included = n.includeOf(zone)
	if z.equal(&ZoneState{}) {
		return nil
	}
	return z
}

// includeOf returns the include of a zone of the network: none when it has no includes, and when no version of this one
// was ever good.
func (n *Network) includeOf(zone string) (inc *zonefile.Include, broken, included bool) {
	if n.config.Includes == "" {
		return nil, false, false
	}
	if i, ok := n.mem.includes[zone]; ok {
		return i.last, i.last == nil, true
	}
	return noRest, false, false
}

// raise has the serial of a zone rise if what it has of its own changed.
func (n *Network) raise(zone string, now time.Time, fresh bool) (rose bool) {
	mem := n.mem
	record, known := mem.records[zone]
	print := n.zonePrint(zone)
	own := print != "" && print != gonePrint
	if !own && (record.print == print || print == gonePrint) && !SerialLess(mem.serial, record.serial) {
		if known {
			delete(mem.records, zone)
			mem.saved = nil
		}
		record, known = zoneRecord{}, false
	}
	existing := uint32(0) // the serial that a zone file had before anything was saved of the zone
	switch {
	case known && record.print == print, !known && print == gonePrint:
		return false
	case known:
		rose = print != gonePrint
	default:
		existing = n.found[zone]
		rose = own && !fresh || existing != 0 && !SerialLess(existing, mem.serial)
		if !own && !rose {
			return false
		}
	}
	if rose {
		last := later(later(record.serial, mem.serial), existing)
		record.serial = NextSerial(last, n.config.SerialFloor, now)
		mem.top = later(mem.top, record.serial)
	}
	record.print = print
	mem.records[zone], mem.saved = record, nil
	n.dirty = true
	return rose
}

// zonePrint is a fingerprint of what a zone has of its own. Which edge a canary displaces follows from the live set, a
// change of which raises the serial by itself.
func (n *Network) zonePrint(zone string) string {
	if !n.knows(zone) {
		return gonePrint
	}
	print := ""
	if inc, _, _ := n.includeOf(zone); inc != nil {
		print = includePrint(inc)
	} else if n.config.Includes == "" && n.config.ZoneFiles != "" {
		print = writtenPrint
	}
	if c := n.mem.canaries[zone]; c != nil && c.verdict.Canary {
		print += c.print()
	}
	return print
}

func (c *zoneCanary) print() string { return "+" + c.entry.Addr.String() }

// printSize is how long the print of an include is; that of a canary follows.
const printSize = 16

func includePrint(i *zonefile.Include) string { return hex.EncodeToString(i.Digest[:printSize/2]) }

// later returns the later of two serials, of which 0 is none.
func later(a, b uint32) uint32 {
	if a == 0 || b != 0 && SerialLess(a, b) {
		return b
	}
	return a
}
