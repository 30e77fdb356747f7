package network

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/canary"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// restore fills an empty memory from what the state directory held, but for the histories: see unread. What cannot be
// understood costs only itself, and is returned for the log.
func (m *Memory) restore(l *state.Loaded, c *config.Network, now time.Time) (problems []error) {
	problems = m.refill(l.Document, c)
	m.modesLost = m.modesLost || l.ModesLost
	if l.Generation > 0 && m.serial != 0 {
		m.outdoLost(now)
	}
	return problems
}

// refill fills an empty memory from a document.
func (m *Memory) refill(d state.Document, c *config.Network) (problems []error) {
	m.modesLost, m.once = d.ModesLost, d.Once
	m.serial, m.fingerprint = d.SetSerial, d.Fingerprint
	for name, s := range d.Modes {
		mode, err := loadMode(s)
		if err != nil {
			problems = append(problems, fmt.Errorf("reading the mode of %q: %w; it is taken for unavailable", name, err))
		}
		m.modes[name] = mode
	}
	m.freeze = loadFreeze(d.Freeze)
	for zone, z := range d.Zones {
		m.restoreZone(zone, z)
	}
	m.top = later(m.top, m.serial)
	for file, entries := range d.Edges {
		edges := make([]config.Edge, 0, len(entries))
		for _, e := range entries {
			edges = append(edges, config.Edge{Name: e.Name, Addrs: e.Addresses})
		}
		m.lists[file] = edges
	}
	m.digests, m.previous = d.Object, d.PreviousObjects
	m.object = restoreObject(d, c.Object.File)
	r := rules(c)
	m.rules = r
	for name, a := range d.Addresses {
		m.remember(name, IPv4, a.IPv4, r.Size)
		m.remember(name, IPv6, a.IPv6, r.Size)
	}
	for f := range m.rotations {
		m.restoreRotation(Family(f), d.Families[Family(f).String()], r.Size)
	}
	return problems
}

// remember gives an edge back the address it last passed at.
func (m *Memory) remember(name string, f Family, a netip.Addr, size int) {
	if !a.IsValid() || familyOf(a) != f {
		return
	}
	if member := m.edge(name).member(f, size); !member.served.IsValid() {
		member.served, member.probe = a, a
	}
}

func (m *Memory) restoreRotation(f Family, saved state.Family, size int) {
	r := m.rotations[f]
	r.substitutions = slices.Clone(saved.Substitutions)
	r.since = saved.Since
	if t := saved.Turns; t != nil {
		r.turns = selector.Rotation{Since: t.Since, Cycle: slices.Sorted(slices.Values(t.Cycle)), Live: t.Live, Out: t.Out}
	}
	if rung, err := selector.ParseRung(saved.Rung); err == nil {
		r.rung = rung
	}
	r.live = slices.Clone(saved.Live)
	slices.Sort(r.live)
	names, addrs := []string(nil), slices.Clone(saved.Fallback)
	for _, name := range r.live {
		if a, ok := saved.Addresses[name]; ok && a.IsValid() {
			m.remember(name, f, a, size)
			names, addrs = append(names, name), append(addrs, a)
		}
	}
	r.empty = saved.Rung == selector.None.String()
	if len(r.live) == 0 && len(addrs) == 0 || saved.Rung == "" {
		return // a set without a rung is where the first decision starts from; there is nothing to answer with yet
	}
	r.decided, r.standing = true, true
	// What was published before the restart is where the next decision starts from: a restart that changes nothing is no
	// change.
	r.publish(names, saved.Fallback, addrs)
}

// lostSerials is by how much the serials of a generation of the state that was lost may be ahead of the clock, or of those
// of the generation before.
const lostSerials = 100

// outdoLost makes the next serial follow those of a newer generation of the state that was lost: secondaries may have
// zones with them, and would keep what these hold rather than take what is known now.
func (m *Memory) outdoLost(now time.Time) {
	m.fingerprint = "of a generation that was lost"
	m.top = later(m.top, uint32(now.Unix())) + lostSerials
}

// reconcile takes from a state directory that a running network comes to (it got its first, another one, or ended a dry
// run) what must not be lost: modes said there and not contradicted later, and the serial, which only rises. A network
// that ran dry also takes over the set that was answered meanwhile, so that its first word is no needless change.
func (m *Memory) reconcile(l *state.Loaded, c *config.Network) (warnings []string) {
	if !l.Found {
		return nil
	}
	d := l.Document
	for name, s := range d.Modes {
		if known, ok := m.modes[name]; ok && !known.At.Before(s.At) {
			continue
		}
		mode, _ := loadMode(s)
		m.modes[name] = mode
		warnings = append(warnings, fmt.Sprintf("mode %s of %s is taken over from the state directory", mode.Mode, name))
	}
	slices.Sort(warnings)
	if m.freeze == nil && d.Freeze != nil {
		m.freeze = loadFreeze(d.Freeze)
		warnings = append(warnings, "the network is "+m.freeze.String()+", as the state directory says")
	}
	if m.serial == 0 || SerialLess(m.serial, d.SetSerial) {
		m.serial, m.fingerprint = d.SetSerial, d.Fingerprint
	}
	for zone, z := range d.Zones {
		if known := m.records[zone].serial; m.dry || known == 0 || SerialLess(known, z.Serial) {
			m.restoreZone(zone, z)
		}
	}
	for zone, c := range m.canaries {
		if m.dry {
			c.verdict = canary.Verdict{Displaced: m.displaced[zone]}
		}
	}
	m.top, m.saved = later(m.top, m.serial), nil
	if m.dry {
		for f := range m.rotations {
			if saved, ok := d.Families[Family(f).String()]; ok {
				m.rotations[f] = &rotation{}
				m.restoreRotation(Family(f), saved, c.History)
			}
		}
	}
	return warnings
}

// unverified is the print of an include of which the state tells. A crash may have come before its file was written, so a
// good one is saved once more at each start; that writes nothing if the file is there.
const unverified = "?"

func (m *Memory) restoreZone(zone string, z state.Zone) {
	if z.Serial != 0 || z.Print != "" {
		m.records[zone] = zoneRecord{z.Serial, z.Print}
		m.top = later(m.top, z.Serial)
	}
	if len(z.Print) >= printSize {
		m.kept[zone] = unverified
	}
	if z.Canary.IsValid() {
		m.enrolled[zone] = z.Canary
	}
	if z.Displaced != "" {
		m.displaced[zone] = z.Displaced
	}
}
