package network

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// BenchmarkDecideKept is BenchmarkDecide over 10,000 edges with what a decision may have around it: 10,000 zones with
// includes, and a state. "same" leaves the set as it is. "change" takes another live edge out each time, which makes the
// document, up to where it would go to the disk; "disk" goes on until it is there, or the set is answered without.
func BenchmarkDecideKept(b *testing.B) {
	const edges, samples = 10_000, 2000
	n := benchZones(b, edges)
	store, _, err := state.Open(filepath.Join(b.TempDir(), "net"), state.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := store.Close(); err != nil {
			b.Error(err)
		}
	})
	now := time.Now()
	for i, e := range n.mem.order {
		for j := range samples {
			n.probedAt(e, now.Add(time.Duration(j-samples)*30*time.Second), time.Duration(50+i%1000)*time.Millisecond)
		}
	}
	n.decide()
	fresh := edges / 60
	probe := func(i int) {
		for j := range fresh {
			n.probedAt(n.mem.order[(i*fresh+j)%edges], now, time.Duration(50+(i+j)%1000)*time.Millisecond)
		}
	}
	for _, mode := range []string{"same", "change", "disk"} {
		b.Run(mode, func(b *testing.B) {
			if n.mem.store = store; mode == "change" {
				n.mem.store = nil
			}
			b.ReportAllocs()
			before := n.mem.serial
			for i := 0; b.Loop(); i++ {
				probe(i)
				if mode != "same" {
					clear(n.mem.modes)
					n.mem.modes[n.mem.rotations[IPv4].live[0]] = Mode{Mode: selector.Unavailable}
				}
				n.decide()
				if mode == "change" {
					n.mem.document(n.config).Clone()
				}
			}
			if (n.mem.serial == before) != (mode == "same") {
				b.Errorf("the serial was %d and is %d", before, n.mem.serial)
			}
		})
	}
}
