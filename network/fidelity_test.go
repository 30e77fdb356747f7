package network

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// Random days with random settings: of what a server decided at its own moments, hardly a round differs.
func TestTraceFidelity(t *testing.T) {
	for seed := range uint64(12) {
		inBubble(t, func(s *site) {
			r := rand.New(rand.NewPCG(seed, 1))
			edges := 3 + r.IntN(20)
			var lines []string
			for i := range edges {
				lines = append(lines, fmt.Sprintf("e%02d 192.0.2.%d", i, i+1))
			}
			s.edges(lines...)
			s.config.EdgeCount, s.config.MaxChanges = 1+r.IntN(6), r.IntN(4)
			s.config.Fall, s.config.Rise = 1+r.IntN(3), 1+r.IntN(3)
			s.config.Keep = []string{"better", "pass", "pass_threshold"}[r.IntN(3)]
			s.config.History = 500
			s.start()
			for range 60 {
				for range 1 + r.IntN(4) {
					b := behaviour{took: time.Duration(50+r.IntN(1200)) * time.Millisecond}
					if r.IntN(4) == 0 {
						b = behaviour{took: time.Duration(1+r.IntN(10000)) * time.Millisecond, outcome: prober.Refused}
					}
					s.prober.set(b, fmt.Sprintf("192.0.2.%d", 1+r.IntN(edges)))
				}
				if r.IntN(10) == 0 {
					s.mode(fmt.Sprintf("e%02d", r.IntN(edges)), selector.Mode(r.IntN(4)))
				}
				s.advance(time.Duration(1+r.IntN(300)) * time.Second)
			}
			tr := s.recordedRounds(IPv4)
			differences := trace.Compare(tr, trace.Run(tr))
			if len(tr.Rounds) < 100 || len(differences) > len(tr.Rounds)/100 {
				t.Errorf("seed %d: got %d differences in %d rounds, want no more than one in a hundred: %v", seed, len(differences), len(tr.Rounds), differences[0])
			}
		})
	}
}
