package network

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Whatever happens to edges, canaries, modes, files and process: a zone without a canary that is in has the set of the
// network; one with has as many addresses, its canary's in place of one, or two where the network has one; the canaries of
// other zones are nowhere in it; and the edge displaced stays so while it is live and the canary is in.
func TestCanaryInvariants(t *testing.T) {
	zones := []string{"example.org", "example.net", "example.com"}
	canaryAddr := func(i int) string { return fmt.Sprintf("192.0.2.%d", 101+i) }
	rapid.Check(t, func(r *rapid.T) {
		operations := rapid.SliceOfN(rapid.IntRange(0, 1<<16), 1, 20).Draw(r, "operations")
		fault := ""
		inZones(t, map[string]string{"example.com": mx(1)}, func(s *site) {
			s.config.State, s.config.CanaryKiller = s.TempDir(), operations[0]%4
			s.zones = []string{"example.org.", "example.net."}
			var lines []string
			for i, zone := range zones {
				lines = append(lines, zone+": "+canaryAddr(i))
			}
			s.canaries(lines...)
			s.start()
			s.round()
			for step, op := range operations {
				i, way := op%3, op/24
				switch op / 3 % 8 {
				case 0:
					s.prober.set([]behaviour{dead, {}, hanging}[way%3], canaryAddr(i))
					s.round()
				case 1:
					s.prober.set([]behaviour{dead, {}}[way%2], fmt.Sprintf("192.0.2.%d", 1+i))
					s.round()
				case 2:
					s.mode([]string{"a", "b", "c"}[i], selector.Mode(way%4))
				case 3:
					s.mode(canaryAddr(i), selector.Mode(way%4))
				case 4:
					s.restart()
				case 5:
					s.reload(func(c *config.Network) { c.EdgeCount = 1 + way%3 })
				case 6:
					lines[i] = fmt.Sprintf("%s: %s", zones[i], canaryAddr(way%2*10+i))
					s.canaries(lines...)
					s.advance(seen)
				case 7:
					s.include("example.com", mx(way))
					s.advance(inTime)
				}
				if fault = badCanaries(s, zones); fault == "" {
					fault = movedCanary(s.told)
				}
				if fault != "" {
					fault = fmt.Sprintf("step %d, operation %d: %s", step, op, fault)
					return
				}
			}
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}

// badCanaries says which invariant does not hold.
func badCanaries(s *site, zones []string) string {
	set, live := s.Snapshot().Families[IPv4].Addrs, s.family(IPv4).Live
	for _, zone := range zones {
		got := s.Snapshot().ZoneAddrs(zone+".", IPv4)
		c := s.canary(zone)
		own := parseAddrs(c.Edge.Name)[0]
		for _, other := range s.Status().Canaries {
			a := parseAddrs(other.Edge.Name)[0]
			if slices.Contains(set, a) || slices.Contains(live, other.Edge.Name) {
				return fmt.Sprintf("canary %s is live: %v", a, set)
			}
			if other.Zone != c.Zone && slices.Contains(got, a) {
				return fmt.Sprintf("%s has canary %s of %s: %v", zone, a, other.Zone, got)
			}
		}
		if !c.Active {
			if !slices.Equal(got, set) {
				return fmt.Sprintf("%s has %v without its canary, the network %v", zone, got, set)
			}
			continue
		}
		if s.edgeMode(c.Edge.Name) == selector.Unavailable {
			return fmt.Sprintf("canary %s is unavailable and in", c.Edge.Name)
		}
		if !slices.Contains(got, own) || len(got) != max(2, len(set)) {
			return fmt.Sprintf("%s has %v with canary %s, the network %v", zone, got, own, set)
		}
	}
	return ""
}

// movedCanary says which canary was told to have changed places although the edge it was in place of stayed live.
func movedCanary(r *recorder) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var live []string
	place := map[string]string{}
	for _, e := range r.events {
		switch e := e.(type) {
		case SetChanged:
			live = e.After
		case CanariesChanged:
			for _, c := range e.Changes {
				if was := place[c.Zone]; c.Active && len(live) > 1 && slices.Contains(live, was) && c.Displaced != was {
					return fmt.Sprintf("%s: the canary is in place of %s, and was of %s, which is live: %v", c.Zone, c.Displaced, was, live)
				}
				place[c.Zone] = c.Displaced
			}
		}
	}
	return ""
}

func (s *site) edgeMode(name string) selector.Mode { return s.Status().Modes[name].Mode }
