package network

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Whatever happens to edges, modes, files, clock and process, in any order: an unavailable or removed edge is never
// answered, the set is not empty while an edge may be used, two probes of an address never run at once, and the serial
// rises exactly when the set changes.
func TestInvariants(t *testing.T) {
	const edges = 6
	address := func(i int) string { return fmt.Sprintf("192.0.2.%d", i+1) }
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 25).Draw(r, "operations")
		fault := ""
		inBubble(t, func(s *site) {
			s.config.State, s.config.MinLive = t.TempDir(), 1+seed[0]%2
			rewrite := s.edgeFile("edge0 192.0.2.1")
			listed := make([]bool, edges)
			write := func() {
				var lines []string
				for i, ok := range listed {
					if ok {
						lines = append(lines, fmt.Sprintf("edge%d %s", i, address(i)))
					}
				}
				rewrite(lines...)
			}
			for i := range listed {
				listed[i] = true
			}
			write()
			s.start()
			unavailable := make([]bool, edges)
			serial, told := s.Snapshot().Serial, 0
			for step, op := range seed {
				i, kind := op%edges, op/edges%9
				switch kind {
				case 0, 1:
					s.prober.set(dead, address(i))
				case 2:
					s.prober.set(hanging, address(i))
				case 3:
					s.prober.set(behaviour{took: time.Duration(op%3000) * time.Millisecond}, address(i))
				case 4:
					mode := selector.Mode(op / edges / 9 % 4)
					s.mode(fmt.Sprintf("edge%d", i), mode)
					unavailable[i] = mode == selector.Unavailable
				case 5:
					listed[i] = !listed[i]
					if !slices.Contains(listed, true) {
						listed[0] = true
					}
					write()
					s.advance(seen)
				case 6:
					s.restart()
				case 7:
					s.reload(func(c *config.Network) { c.EdgeCount = 1 + op%3 })
				case 8:
					s.round()
				}
				if fault = broken(s, unavailable, listed, kind == 8); fault != "" {
					fault = fmt.Sprintf("step %d, operation %d on edge%d: %s", step, kind, i, fault)
					return
				}
				now, changes := s.Snapshot().Serial, len(heard[SetChanged](s.told))
				if rose := SerialLess(serial, now); rose != (changes > told) || !rose && now != serial {
					fault = fmt.Sprintf("step %d, operation %d: got serial %d after %d with %d changes of the set", step, kind, now, serial, changes-told)
					return
				}
				serial, told = now, changes
			}
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}

// broken says which invariant does not hold.
func broken(s *site, unavailable, listed []bool, rested bool) string {
	set := s.Snapshot().Families[IPv4].Addrs
	usable := false
	for i := range listed {
		addr := parseAddrs(fmt.Sprintf("192.0.2.%d", i+1))[0]
		if slices.Contains(set, addr) && (unavailable[i] || !listed[i]) {
			return fmt.Sprintf("edge%d is answered, unavailable %v, listed %v", i, unavailable[i], listed[i])
		}
		usable = usable || listed[i] && !unavailable[i]
	}
	if rested && usable && len(set) == 0 {
		return "nothing is answered though an edge may be used"
	}
	if s.prober.overlapped() {
		return "two probes of one address ran at once"
	}
	return ""
}
