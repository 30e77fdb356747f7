package network

import (
	"net/netip"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// document is the memory as it is saved. It shares no map with the memory that the network goes on changing.
func (m *Memory) document(c *config.Network) state.Document {
	d := state.Document{
		SetSerial:   m.serial,
		Fingerprint: m.fingerprint,
		Modes:       m.savedModes(),
		Families:    map[string]state.Family{},
		Addresses:   map[string]state.Addresses{},
		Edges:       make(map[string][]state.EdgeEntry, len(m.lists)),
		Object:      m.digests,
		Zones:       m.savedZones(),
		ModesLost:   m.modesLost,
		Freeze:      m.freeze.saved(),
		Once:        m.once,

		PreviousObjects: m.previous,
	}
	for file, edges := range m.lists {
		entries := make([]state.EdgeEntry, 0, len(edges))
		for _, e := range edges {
			entries = append(entries, state.EdgeEntry{Name: e.Name, Addresses: e.Addrs})
		}
		d.Edges[file] = entries
	}
	for name, e := range m.edges {
		if !e.configured {
			continue
		}
		var a state.Addresses
		if v4 := e.members[IPv4]; v4 != nil {
			a.IPv4 = v4.served
		}
		if v6 := e.members[IPv6]; v6 != nil {
			a.IPv6 = v6.served
		}
		if a.IPv4.IsValid() || a.IPv6.IsValid() {
			d.Addresses[name] = a
		}
	}
	for f, r := range m.rotations {
		if !served(c, Family(f)) || !r.decided && len(r.live) == 0 {
			continue
		}
		saved := state.Family{
			Live:          r.live,
			Addresses:     map[string]netip.Addr{},
			Rung:          r.rung.String(),
			Since:         r.since,
			Substitutions: slices.Clone(r.substitutions),
		}
		if !r.decided {
			saved.Rung = "" // an imported set whose names have not been resolved yet: the first decision starts from it
		}
		if t := r.turns; !t.Since.IsZero() {
			saved.Turns = &state.Turns{Since: t.Since, Cycle: t.Cycle, Live: t.Live, Out: t.Out}
		}
		if r.rung == selector.Fallback {
			saved.Fallback = r.published.Addrs
		}
		for _, name := range r.live {
			// Of a saved set that stands some may be left out for now.
			if e := m.edges[name]; r.isLive(name) && e != nil && e.members[f] != nil {
				saved.Addresses[name] = e.members[f].address()
			}
		}
		d.Families[Family(f).String()] = saved
	}
	return d
}

// savedModes are the modes as they are saved.
func (m *Memory) savedModes() map[string]state.Mode {
	modes := make(map[string]state.Mode, len(m.modes))
	for name, mode := range m.modes {
		modes[name] = mode.saved()
	}
	return modes
}

// savedZones are what is saved of the zones that have something of their own. They are made once after each change.
func (m *Memory) savedZones() map[string]state.Zone {
	if m.saved != nil {
		return m.saved
	}
	zones := make(map[string]state.Zone, len(m.records))
	for zone, r := range m.records {
		zones[zone] = state.Zone{Serial: r.serial, Print: r.print}
	}
	for zone, c := range m.canaries {
		z := zones[zone]
		z.Canary, z.Displaced = c.entry.Addr, c.verdict.Displaced
		zones[zone] = z
	}
	m.saved = zones
	return zones
}
