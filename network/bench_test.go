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
		Window: 5 * time.Minute, History: 100, Families: config.IPv4,
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

// BenchmarkDecide10000 is a whole decision over 10,000 edges with full windows, of which 200 were probed since the last
// one: grading, selecting, describing and publishing.
func BenchmarkDecide10000(b *testing.B) {
	const edges = 10_000
	n := benchNetwork(b, edges)
	now := time.Now()
	for i, e := range n.mem.order {
		for j := range 10 {
			n.probedAt(e, now.Add(time.Duration(j-10)*30*time.Second), time.Duration(50+i%1000)*time.Millisecond)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for j := range 200 {
			n.probedAt(n.mem.order[(i*200+j)%edges], now, time.Duration(50+(i+j)%1000)*time.Millisecond)
		}
		n.decide()
	}
}

// probedAt adds a success to an edge's IPv4 history.
func (n *Network) probedAt(e *edge, at time.Time, took time.Duration) {
	m := e.members[IPv4]
	m.hist.Add(history.Sample{At: at, Took: took}, n.rules)
	m.fresh, m.served = true, m.probe
}
