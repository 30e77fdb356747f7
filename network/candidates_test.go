package network

import (
	"context"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Explanations are made from the status, so that the network is not kept from deciding: it must have what decisions see.
func TestStatusHasTheCandidates(t *testing.T) {
	steps := []struct {
		name string
		do   func(s *site)
	}{
		{"at the start", func(*site) {}},
		{"probed", func(s *site) { s.round() }},
		{"one fails", func(s *site) { s.prober.set(dead, "192.0.2.1"); s.round() }},
		{"modes", func(s *site) { s.mode("b.example.net", selector.Unavailable); s.mode("c.example.net", selector.Force) }},
		{"a name moves to where nothing works", func(s *site) {
			s.prober.set(dead, "192.0.2.13")
			s.resolver.set("c.example.net", "192.0.2.13")
			s.round()
		}},
		{"a name loses a family", func(s *site) { s.resolver.set("b.example.net", "192.0.2.2"); s.round() }},
		{"frozen", func(s *site) { s.freezeFor(0); s.round() }},
		{"and a family comes back", func(s *site) { s.resolver.set("b.example.net", "192.0.2.2", "2001:db8::22"); s.round() }},
		{"restarted", func(s *site) { s.restart() }},
		{"thawed", func(s *site) { s.thaw(); s.round() }},
		{"without IPv6", func(s *site) { s.reload(func(c *config.Network) { c.Families = config.IPv4 }); s.round() }},
	}
	inBubble(t, func(s *site) {
		s.config.State, s.config.Families = t.TempDir(), config.Both
		s.edges("a.example.net", "b.example.net", "c.example.net", "d.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.resolver.set("b.example.net", "192.0.2.2", "2001:db8::2")
		s.resolver.set("c.example.net", "192.0.2.3")
		s.start()
		for _, step := range steps {
			step.do(s)
			s.advance(gather)
			for _, f := range s.Status().Families {
				var in selector.Input
				if err := s.Network.do(context.Background(), func() { in = s.input(f.Family, s.now()) }); err != nil {
					t.Fatal(err)
				}
				s.equal(step.name+", "+f.Family.String(), f.candidates(), in.Candidates)
			}
		}
	})
}
