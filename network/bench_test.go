package network

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
)

// benchNetwork is a network of pinned edges that has taken them up, without a state and not running.
func benchNetwork(b testing.TB, edges int) *Network {
	b.Helper()
	c := &config.Network{
		Name: "net", NS: []string{"ns1.example.net."}, EdgeCount: 4, Keep: "better", MaxChanges: 10, MaxChangesPer: 10 * time.Minute,
		Fall: 1, Rise: 1, Interval: time.Hour, Timeout: 10 * time.Second, GoodEnough: 700 * time.Millisecond,
		Window: 5 * time.Minute, History: 2000, Families: config.IPv4,
	}
	for i := range edges {
		addr := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		c.Sources = append(c.Sources, config.Source{Edge: config.Edge{Name: fmt.Sprintf("edge%d", i), Addrs: []netip.Addr{addr}}})
	}
	in, err := ReadInputs(c)
	if err != nil {
		b.Fatal(err)
	}
	n, err := New(c, in, Options{Prober: newFakeProber(), Resolver: newFakeResolver()})
	if err != nil {
		b.Fatal(err)
	}
	n.mem = newMemory()
	n.mem.adopt(c)
	n.take(in)
	n.untried = 0
	return n
}

// BenchmarkDecide is a whole decision over edges with full histories, of which as many were probed since the last one as a
// second brings when each is probed once a minute: grading, selecting, describing and publishing.
func BenchmarkDecide(b *testing.B) {
	const samples = 2000
	for _, edges := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("edges=%d", edges), func(b *testing.B) {
			n := benchNetwork(b, edges)
			now := time.Now()
			for i, e := range n.mem.order {
				for j := range samples {
					n.probedAt(e, now.Add(time.Duration(j-samples)*30*time.Second), time.Duration(50+i%1000)*time.Millisecond)
				}
			}
			fresh := max(1, edges/60)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for j := range fresh {
					n.probedAt(n.mem.order[(i*fresh+j)%edges], now, time.Duration(50+(i+j)%1000)*time.Millisecond)
				}
				n.decide()
			}
		})
	}
}

// probedAt adds a success to an edge's IPv4 history.
func (n *Network) probedAt(e *edge, at time.Time, took time.Duration) {
	m := e.members[IPv4]
	m.hist.Add(history.Sample{At: at, Took: took}, n.rules)
	m.fresh, m.served = true, m.probe
}
