package network

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// same is a reload of a configuration that did not change.
func same(*config.Network) {}

func TestReloadKeepsEverything(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.mode("c", selector.Force)
		s.round()
		before, probes := s.family(IPv4), s.prober.probes("192.0.2.1")
		s.reload(same)
		s.want("right after", "192.0.2.1 192.0.2.3")
		after := s.family(IPv4)
		s.equal("since", after.Since, before.Since)
		s.equal("samples", s.edge("a").Samples, len(probes))
		s.equal("mode", s.edge("c").Mode, selector.Force)
		s.advance(time.Second)
		if again := s.prober.probes("192.0.2.1"); len(again) > len(probes) && again[len(again)-1].Sub(probes[len(probes)-1]) < 30*time.Second {
			t.Error("an edge was probed twice within an interval")
		}
		s.advance(s.config.Interval)
		s.equal("probes an interval later", len(s.prober.probes("192.0.2.1")), len(probes)+1)
	})
}

// Probes in flight end without a sample, and those edges are probed again at once.
func TestReloadCancelsProbes(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.prober.set(hanging, "192.0.2.1")
		s.start()
		s.advance(5 * time.Second)
		s.reload(same)
		s.advance(time.Second)
		s.equal("probes", len(s.prober.probes("192.0.2.1")), 2)
		s.equal("samples", s.edge("a").Samples, 0)
		s.equal("samples of the other", s.edge("b").Samples, 1)
		s.equal("probes of the other", len(s.prober.probes("192.0.2.2")), 1)
		s.equal("two at once", s.prober.overlapped(), false)
	})
}

// A reload that fails after the new network has decided goes back to the old one, which must not answer with its old set.
func TestFailedReloadKeepsWhatWasDecided(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		old := s.Network
		s.reload(same)
		s.mode("a", selector.Unavailable)
		s.want("on the new one", "192.0.2.2 192.0.2.3")
		memory := s.Stop()
		s.Network = old
		if err := old.Start(memory); err != nil {
			t.Fatal(err)
		}
		s.want("back on the old one", "192.0.2.2 192.0.2.3")
	})
}

// A family that a reload adds is decided on like a first time: no address is answered before it was tried.
func TestReloadAddsFamily(t *testing.T) {
	tests := []struct {
		name  string
		edges []string
	}{
		{"of pinned edges", []string{"a 192.0.2.1 2001:db8::1", "b 192.0.2.2 2001:db8::2"}},
		{"of names", []string{"a.example.net", "b.example.net"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.resolver.set("a.example.net", "192.0.2.1", "2001:db8::1")
				s.resolver.set("b.example.net", "192.0.2.2", "2001:db8::2")
				s.prober.set(behaviour{took: time.Second, outcome: prober.Status}, "2001:db8::1")
				s.edges(tt.edges...)
				s.start()
				s.round()
				s.equal("IPv6 before", s.answers(IPv6), "NODATA")
				s.reload(func(c *config.Network) { c.Families = config.Both })
				s.want("IPv4 right after", "192.0.2.1 192.0.2.2")
				s.equal("IPv6 right after", s.answers(IPv6), "SERVFAIL")
				s.advance(2 * time.Second)
				s.equal("IPv6 when tried", s.answers(IPv6), "2001:db8::2")
				s.reload(func(c *config.Network) { c.Families = config.IPv4 })
				s.equal("IPv6 when taken away", s.answers(IPv6), "NODATA")
			})
		})
	}
}

func TestReloadTakesRules(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *config.Network)
		want   string
	}{
		{"edge_count", func(c *config.Network) { c.EdgeCount = 3 }, "192.0.2.1 192.0.2.2 192.0.2.3"},
		{"edge_count, fewer", func(c *config.Network) { c.EdgeCount = 1 }, "192.0.2.1"},
		// Slower than is good enough, so that a live edge that is gives way.
		{"goodenough", func(c *config.Network) { c.GoodEnough = 150 * time.Millisecond }, "192.0.2.1 192.0.2.3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.prober.set(behaviour{took: 90 * time.Millisecond}, "192.0.2.1")
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2")
				s.prober.set(behaviour{took: 200 * time.Millisecond}, "192.0.2.2")
				s.round()
				s.reload(tt.change)
				s.want("right after", tt.want)
			})
		})
	}
}

func TestReloadGetsState(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.mode("a", selector.Unavailable)
		serial := s.Snapshot().Serial
		first, second := t.TempDir(), t.TempDir()
		for _, dir := range []string{first, second, ""} {
			s.reload(func(c *config.Network) { c.State = dir })
			s.want("with another directory", "192.0.2.2 192.0.2.3")
			s.equal("serial", s.Snapshot().Serial, serial)
		}
		s.reload(func(c *config.Network) { c.State = second })
		s.restart()
		s.want("after a restart", "192.0.2.2 192.0.2.3")
		s.equal("serial after a restart", s.Snapshot().Serial, serial)
	})
}

func TestStartTwice(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1")
		s.start()
		if err := s.Start(nil); err == nil {
			t.Error("a running network started again")
		}
		m := s.Stop()
		if s.Stop() != nil {
			t.Error("a stopped network gave its memory twice")
		}
		s.memory = m
	})
}
