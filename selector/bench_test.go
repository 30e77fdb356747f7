package selector

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// A decision over the largest network must stay well under 10 ms: it is taken
// every second while samples arrive.
func BenchmarkSelect(b *testing.B) {
	for _, order := range []string{"sorted", "shuffled"} {
		b.Run(order, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			in := Input{Now: now}
			for i := range 10_000 {
				in.Candidates = append(in.Candidates, Candidate{
					Name:    fmt.Sprintf("edge%05d.example.net", i),
					Grade:   history.Grade(random.IntN(6)),
					Average: time.Duration(random.Int64N(int64(time.Second))),
				})
			}
			if order == "shuffled" {
				random.Shuffle(len(in.Candidates), func(i, j int) {
					in.Candidates[i], in.Candidates[j] = in.Candidates[j], in.Candidates[i]
				})
			}
			s := Settings{EdgeCount: 32, MaxChanges: 10, MaxChangesPer: 10 * time.Minute}
			in.LastLive = Select(in, s).Live
			b.ReportAllocs()
			for b.Loop() {
				Select(in, s)
			}
		})
	}
}
