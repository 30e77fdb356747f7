// Package render makes the zone files that a server would write, without one.
//
// The records are the server's own: they come from network.Preview, which reads the state as a start does, takes no lock
// and writes nothing. So a zone has the addresses that a server on the same state answers with, and its serial, unless the
// include or the configuration changed since the server saw them last.
package render

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

// Zone is one zone as it would be written.
type Zone struct {
	Network string
	Name    string // fully qualified
	Records []dns.RR
	// Withheld says why the server would not write it, and what its records lack; "" when it would.
	Withheld string
}

// Zones makes the zones of a network, those that the Corefile names and those of its includes, sorted by name. With live
// addresses they take the place of those that the state knows, of both families, and of canaries; serials then are what a
// change to them would make of them now. Warnings are what the server would log. The error is that of a file without
// which it would not start.
func Zones(c *config.Network, named []string, live []netip.Addr) (zones []Zone, warnings []string, err error) {
	for _, a := range live {
		if c.Families == config.IPv4 && !a.Is4() || c.Families == config.IPv6 && a.Is4() {
			return nil, nil, fmt.Errorf("rendering network %s: %s is of a family that families leaves out", c.Name, a)
		}
	}
	inputs, err := network.ReadInputs(c)
	if err != nil {
		return nil, nil, err
	}
	heard := &listener{}
	n, err := network.Preview(c, inputs, network.Options{Zones: named, Observer: heard})
	if err != nil {
		return nil, nil, fmt.Errorf("rendering network %s: %w", c.Name, err)
	}
	snapshot, template := n.Snapshot(), network.Template(c)
	if len(live) > 0 {
		snapshot = replace(snapshot, c, live, time.Now())
	}
	for _, name := range n.ZoneList() {
		zones = append(zones, Zone{c.Name, name, network.Records(template, snapshot, name), withheld(snapshot, name)})
	}
	return zones, slices.Concat(c.Warnings, heard.warnings), nil
}

func withheld(s *network.Snapshot, zone string) string {
	switch z := s.Zone(zone); {
	case z != nil && z.Broken:
		return "its include is bad, and no good version of it is known"
	case !s.Decided():
		return "its live addresses are not decided"
	}
	return ""
}

// replace gives a snapshot other addresses. It is s itself when they are what s has already.
func replace(s *network.Snapshot, c *config.Network, live []netip.Addr, now time.Time) *network.Snapshot {
	next := *s
	for f := range next.Families {
		var addrs []netip.Addr
		for _, a := range live {
			if a.Is4() == (network.Family(f) == network.IPv4) {
				addrs = append(addrs, a)
			}
		}
		slices.SortFunc(addrs, netip.Addr.Compare)
		next.Families[f] = network.LiveSet{Coverage: network.Empty}
		if len(addrs) > 0 {
			next.Families[f] = network.LiveSet{Coverage: network.Live, Addrs: slices.Compact(addrs)}
		}
	}
	moved := !slices.EqualFunc(next.Families[:], s.Families[:], func(a, b network.LiveSet) bool { return slices.Equal(a.Addrs, b.Addrs) })
	if moved {
		next.Serial = network.NextSerial(s.Serial, c.SerialFloor, now)
	}
	next.Zones = maps.Clone(s.Zones)
	for name, z := range s.Zones {
		plain := *z
		clear(plain.Addrs[:])
		canary := !slices.EqualFunc(plain.Addrs[:], z.Addrs[:], slices.Equal[[]netip.Addr])
		if canary || moved && z.Serial != 0 {
			plain.Serial = network.NextSerial(s.ZoneSerial(name), c.SerialFloor, now)
		}
		next.Zones[name] = &plain
	}
	return &next
}

// listener keeps what an operator should mend.
type listener struct{ warnings []string }

// Observe implements network.Observer.
func (l *listener) Observe(_ string, e network.Event) {
	switch e := e.(type) {
	case network.ReloadFailed:
		l.warnings = append(l.warnings, e.Err.Error()+"; its last good version is used, if there is one")
	case network.Warning:
		l.warnings = append(l.warnings, e.Text)
	}
}
