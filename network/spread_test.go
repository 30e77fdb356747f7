package network

import (
	"fmt"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// After the first round, which starts at once, each edge is probed once an interval, at its place in it.
func TestProbesAreSpread(t *testing.T) {
	inBubble(t, func(s *site) {
		lines := make([]string, 60)
		for i := range lines {
			lines[i] = fmt.Sprintf("edge%d 192.0.2.%d", i, i+1)
		}
		s.edges(lines...)
		start := time.Now()
		s.start()
		s.advance(10 * s.config.Interval)
		var quarters [4]int
		for i := range lines {
			probes := s.prober.probes(fmt.Sprintf("192.0.2.%d", i+1))
			s.equal("the first probe", probes[0].Equal(start), true)
			for j := 2; j < len(probes); j++ {
				if gap := probes[j].Sub(probes[j-1]); gap != s.config.Interval {
					t.Fatalf("edge%d: got %s between probes %d and %d, want the interval", i, gap, j-1, j)
				}
			}
			quarters[probes[1].Sub(start)%s.config.Interval*4/s.config.Interval]++
		}
		for i, n := range quarters {
			if n < 5 {
				t.Errorf("got %d of 60 edges in quarter %d of the interval", n, i+1)
			}
		}
	})
}

func TestWorkers(t *testing.T) {
	tests := []struct {
		name    string
		workers int
		most    int
	}{
		{"one", 1, 1},
		{"three", 3, 3},
		{"the default", 0, 40},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.Workers, s.config.Families = tt.workers, config.Both
				var lines []string
				for i := range 20 {
					lines = append(lines, fmt.Sprintf("edge%d 192.0.2.%d 2001:db8::%x", i, i+1, i+1))
				}
				s.edges(lines...)
				s.start()
				s.round()
				s.equal("probes at a time", s.prober.peak(), tt.most)
				for i := range 20 {
					if len(s.prober.probes(fmt.Sprintf("2001:db8::%x", i+1))) == 0 {
						t.Errorf("edge%d was not probed", i)
					}
				}
			})
		})
	}
}

// A probe that runs when the next turn would come is not started twice; the edge waits for its next place.
func TestTurnsNeverOverlap(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Interval, s.config.Workers = 11*time.Second, 2
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
		s.start()
		s.advance(10 * time.Minute)
		s.equal("two probes at once", s.prober.overlapped(), false)
		for _, e := range s.family(IPv4).Edges {
			if e.Samples < 20 {
				t.Errorf("got %d samples of %s in ten minutes", e.Samples, e.Name)
			}
		}
	})
}

func TestRounds(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.equal("at the start", s.Status().LastRound.IsZero(), true)
		s.round()
		s.round()
		if age := time.Since(s.Status().LastRound); age > 2*s.config.Interval {
			t.Errorf("got a last round %s old", age)
		}
	})
}

func TestTooFewWorkersIsAWarning(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Workers = 1
		s.edges("a 192.0.2.1")
		s.start()
		if got := heard[Warning](s.told); len(got) != 1 {
			t.Errorf("got warnings %v, want one", got)
		}
	})
}
