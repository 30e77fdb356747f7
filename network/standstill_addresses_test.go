package network

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// A name that resolves elsewhere, or to nothing, moves no published address of a frozen network; probing follows the name.
func TestFrozenAddresses(t *testing.T) {
	tests := []struct {
		name           string
		move           func(s *site)
		frozen, thawed string
	}{
		{"a name moves", func(s *site) { s.resolver.set("a.example.net", "192.0.2.11") }, "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.11"},
		{"a name moves twice", func(s *site) {
			s.resolver.set("a.example.net", "192.0.2.11")
			s.round()
			s.resolver.set("a.example.net", "192.0.2.12")
		}, "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.12"},
		{"a name moves to where nothing works", func(s *site) {
			s.resolver.set("a.example.net", "192.0.2.11")
			s.prober.set(dead, "192.0.2.11")
		}, "192.0.2.1 192.0.2.2", "192.0.2.1 192.0.2.2"},
		{"a name has no IPv4 address any more", func(s *site) { s.resolver.set("a.example.net", "2001:db8::1") },
			"192.0.2.1 192.0.2.2", "192.0.2.2"},
		{"the first of two names moves to the other's address", func(s *site) { s.resolver.set("a.example.net", "192.0.2.2") },
			"192.0.2.1 192.0.2.2", "192.0.2.2"},
		// unavailable is absolute: the address must not stay under another name.
		{"a name that is unavailable moves to the other's address", func(s *site) {
			s.mode("a.example.net", selector.Unavailable)
			s.resolver.set("a.example.net", "192.0.2.2")
		}, "SERVFAIL", "SERVFAIL"},
		{"a restart after a name moved", func(s *site) {
			s.resolver.set("a.example.net", "192.0.2.11")
			s.round()
			s.restart()
		}, "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.11"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State, s.config.Families, s.config.MinLive = t.TempDir(), config.Both, 2
				s.edges("a.example.net", "b.example.net")
				s.resolver.set("a.example.net", "192.0.2.1", "2001:db8::1")
				s.resolver.set("b.example.net", "192.0.2.2", "2001:db8::2")
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2")
				s.freezeFor(0)
				tt.move(s)
				for range 3 {
					s.round()
				}
				s.want("frozen", tt.frozen)
				s.thaw()
				for range 3 {
					s.round()
				}
				s.want("thawed", tt.thawed)
			})
		})
	}
}

// The address that a name moved to and passes at is served as soon as the network is thawed, not a round later.
func TestThawedAddressIsServedAtOnce(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.start()
		s.round()
		s.freezeFor(0)
		s.resolver.set("a.example.net", "192.0.2.11")
		s.round()
		s.equal("probed", s.edge("a.example.net").Probed.String(), "192.0.2.11")
		s.want("frozen", "192.0.2.1")
		s.thaw()
		s.want("thawed", "192.0.2.11")
	})
}

// A family that nobody has an address in stays without one while the network is frozen.
func TestFrozenNoData(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Families = config.Both
		s.edges("a.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.start()
		s.round()
		s.equal("IPv6 before", s.answers(IPv6), "NODATA")
		s.freezeFor(0)
		s.resolver.set("a.example.net", "192.0.2.1", "2001:db8::1")
		s.round()
		s.equal("IPv6 frozen", s.answers(IPv6), "NODATA")
		s.thaw()
		s.equal("IPv6 thawed", s.answers(IPv6), "2001:db8::1")
	})
}

// A probe that is under way when the network is frozen moves no address either.
func TestFreezeWhileAProbeRuns(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.start()
		s.round()
		s.resolver.set("a.example.net", "192.0.2.11")
		s.prober.set(behaviour{took: 9 * time.Second}, "192.0.2.11")
		for end := time.Now().Add(2 * s.config.Interval); len(s.prober.probes("192.0.2.11")) == 0; {
			if s.advance(time.Second); time.Now().After(end) {
				s.Fatal("the new address is not probed")
			}
		}
		s.freezeFor(0)
		s.round()
		s.want("frozen", "192.0.2.1")
	})
}
