package edgemanage

import (
	"fmt"
	"testing"

	"github.com/coredns/coredns/plugin"
	"pgregory.net/rapid"
)

// TestKeySet: it says what CoreDNS's scan of the keys does, without the scan.
func TestKeySet(t *testing.T) {
	names := rapid.SampledFrom([]string{".", "org.", "example.org.", "www.example.org.", "ample.org.", `a\.example.org.`, "example.net.", "net."})
	rapid.Check(t, func(t *rapid.T) {
		keys, zone := rapid.SliceOf(names).Draw(t, "keys"), names.Draw(t, "zone")
		if got, want := newKeySet(keys).holds(zone), plugin.Zones(keys).Matches(zone) != ""; got != want {
			t.Errorf("%v hold %s: %v, want %v", keys, zone, got, want)
		}
	})
}

// BenchmarkManyKeys parses a block with ten thousand keys, each of which is a zone.
func BenchmarkManyKeys(b *testing.B) {
	var keys []string
	for i := range 10_000 {
		keys = append(keys, fmt.Sprintf("zone%d.example.org.", i))
	}
	for b.Loop() {
		parsed(b, "edgemanage mynet {"+body+"}", keys...)
	}
}
