package network

import (
	"fmt"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// benchZones is a network of 10,000 zones with includes, which has decided, with a saved state and no disk.
func benchZones(b *testing.B, edges int) *Network {
	b.Helper()
	const zones = 10_000
	n := benchNetwork(b, edges)
	n.config.Includes = "includes"
	n.includes = make(map[string]*include, zones)
	for i := range zones {
		zone := fmt.Sprintf("zone%d.example.", i)
		parsed, err := zonefile.ParseInclude(zone, zone, nil, []byte(mx(10)))
		if err != nil {
			b.Fatal(err)
		}
		n.includes[zone] = &include{last: parsed}
	}
	n.takeIncludes()
	n.untried = 0
	now := time.Now()
	for _, e := range n.mem.order {
		n.probedAt(e, now, 50*time.Millisecond)
	}
	n.decide()
	if !n.Snapshot().Decided() || len(n.Snapshot().Zones) != zones {
		b.Fatal("it has not decided on all zones")
	}
	return n
}

// A change of the set does not look at zones; it may cost a few milliseconds with the state of all of them.
func BenchmarkSetChange10000Zones(b *testing.B) {
	n := benchZones(b, 50)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		mode := selector.Unavailable
		if i%2 == 1 {
			mode = selector.Available
		}
		now := time.Now()
		n.announce(n.setModes([]string{n.mem.order[0].name}, ModeChange{Mode: mode}, now), n.mem.order[0].name, now)
		n.decide()
		n.mem.document(n.config).Clone()
	}
}

// A decision that changes nothing, as there is one a second.
func BenchmarkNoChange10000Zones(b *testing.B) {
	n := benchZones(b, 50)
	b.ReportAllocs()
	for b.Loop() {
		n.decide()
	}
}

// An edit of one zone among them.
func BenchmarkEdit10000Zones(b *testing.B) {
	n := benchZones(b, 50)
	const zone = "zone5000.example."
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		parsed, err := zonefile.ParseInclude(zone, zone, nil, []byte(mx(i%1000)))
		if err != nil {
			b.Fatal(err)
		}
		n.gotIncludes(rewritten{includes: map[string]*include{zone: {last: parsed}}})
		n.mem.document(n.config).Clone()
	}
}
