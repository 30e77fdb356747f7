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

// Whatever edges, the resolver, the clock and the process do, in any order: what a frozen network answers stays what it
// is, as does its serial. After an operator took an edge out, the answer is without that edge and not empty while another
// one may be used.
func TestFrozenInvariants(t *testing.T) {
	const edges = 5
	name := func(i int) string { return fmt.Sprintf("edge%d.example.net", i) }
	address := func(i, at int) string { return fmt.Sprintf("192.0.2.%d", 10*at+i+1) }
	rapid.Check(t, func(r *rapid.T) {
		ops := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 25).Draw(r, "operations")
		fault := ""
		inBubble(t, func(s *site) {
			s.config.State, s.config.MinLive = t.TempDir(), 1+ops[0]%2
			var lines []string
			for i := range edges {
				lines = append(lines, name(i))
				s.resolver.set(name(i), address(i, 0))
			}
			s.edges(lines...)
			s.start()
			s.round()
			s.freezeFor(0)
			unavailable, crossed := make([]bool, edges), false
			for step, op := range ops {
				i, kind := op%edges, op/edges%9
				answers, serial := s.answers(IPv4), s.Snapshot().Serial
				switch kind {
				case 0, 1:
					s.prober.set(dead, address(i, 0), address(i, 1))
				case 2:
					s.prober.set(behaviour{took: time.Duration(op%3000) * time.Millisecond}, address(i, op/45%2))
				case 3:
					s.resolver.set(name(i), address(i, op/45%2))
				case 4:
					s.resolver.set(name(i), address((i+1)%edges, 0)) // another edge's
					crossed = true
				case 5:
					s.restart()
				case 6:
					s.reload(func(c *config.Network) { // while nothing runs that reads the clock
						s.step += time.Duration(op%7200-3600) * time.Second
						c.EdgeCount = 1 + op%3
					})
				case 7:
					mode := []selector.Mode{selector.Unavailable, selector.Available}[op/45%2]
					s.mode(name(i), mode)
					unavailable[i] = mode == selector.Unavailable
				default:
					s.round()
				}
				s.advance(time.Second)
				live := s.family(IPv4).Live
				switch {
				case kind == 7 || crossed && slices.Contains(unavailable, true): // what is unavailable takes its address along
				case answers != s.answers(IPv4) || serial != s.Snapshot().Serial:
					fault = fmt.Sprintf("step %d, operation %d on %s: got %s at %d after %s at %d", step, kind, name(i), s.answers(IPv4), s.Snapshot().Serial, answers, serial)
					return
				}
				for j := range unavailable {
					if unavailable[j] && slices.Contains(live, name(j)) {
						fault = fmt.Sprintf("step %d, operation %d: %s is live and unavailable", step, kind, name(j))
						return
					}
				}
				if slices.Contains(unavailable, false) && len(s.Snapshot().Families[IPv4].Addrs) == 0 {
					fault = fmt.Sprintf("step %d, operation %d: nothing is answered, unavailable %v", step, kind, unavailable)
					return
				}
			}
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}
