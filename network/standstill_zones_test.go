package network

import (
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Canaries stay in or out while the network is frozen; an edit of their file is an operator's change.
func TestFrozenCanaries(t *testing.T) {
	tests := []struct {
		name   string
		before behaviour // of the canary, when the network is frozen
		run    func(s *site)
		frozen string
		thawed string
	}{
		{"in, and it dies", behaviour{}, func(s *site) { s.prober.set(dead, "192.0.2.9") }, inPlaceB, without},
		{"out, and it passes", dead, func(s *site) { s.prober.set(behaviour{}, "192.0.2.9") }, without, inPlaceB},
		{"in, and a restart after it died", behaviour{}, func(s *site) {
			s.prober.set(dead, "192.0.2.9")
			s.round()
			s.restart()
		}, inPlaceB, without},
		{"out, and a restart after it passes", dead, func(s *site) {
			s.prober.set(behaviour{}, "192.0.2.9")
			s.restart()
		}, without, inPlaceB},
		{"in, and unavailable", behaviour{}, func(s *site) { s.mode("192.0.2.9", selector.Unavailable) }, without, without},
		{"in, and taken off the file", behaviour{}, func(s *site) { s.canaries("# none") }, without, without},
		{"another one in the file", dead, func(s *site) { s.canaries("example.org: 192.0.2.10") },
			"192.0.2.1 192.0.2.10", "192.0.2.1 192.0.2.10"},
		{"the one whose place it has leaves", behaviour{}, func(s *site) { s.mode("b", selector.Unavailable) },
			"192.0.2.1 192.0.2.9", "192.0.2.1 192.0.2.9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				s.config.State = t.TempDir()
				s.prober.set(tt.before, "192.0.2.9")
				s.start()
				s.round()
				s.freezeFor(0)
				tt.run(s)
				s.advance(seen)
				s.round()
				s.wantAddrs("frozen", "example.org", tt.frozen)
				s.thaw()
				s.round()
				s.wantAddrs("thawed", "example.org", tt.thawed)
			})
		})
	}
}

// An edit of a zone is an operator's: it is published while the network is frozen.
func TestFrozenZonesAreEdited(t *testing.T) {
	inZones(t, map[string]string{"example.org": "@ MX 10 mail.example.net.\n"}, func(s *site) {
		s.start()
		s.round()
		s.freezeFor(0)
		before := s.serial("example.org")
		s.include("example.org", "@ MX 20 mail.example.net.\n")
		s.round()
		s.wantRise("after the edit", "example.org", before, true)
	})
}
