package network

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// A freeze that runs out takes up what it held back, also when it ran out while the process was down.
func TestFreezeRunsOut(t *testing.T) {
	for name, pass := range map[string]func(s *site){
		"while it runs":    func(s *site) { s.advance(time.Hour) },
		"while it is down": func(s *site) { s.stop(); s.advance(time.Hour); s.start(); s.round() },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.start()
				s.round()
				s.freezeFor(30 * time.Minute)
				s.prober.set(dead, "192.0.2.1")
				s.advance(29 * time.Minute)
				s.want("before", "192.0.2.1 192.0.2.2")
				pass(s)
				s.want("after", "192.0.2.2 192.0.2.3")
			})
		})
	}
}

// A freeze before anything is decided does not keep the network from its first set, and holds that one.
func TestFreezeBeforeTheFirstDecision(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.freezeFor(0)
		s.want("before", "SERVFAIL")
		s.round()
		s.want("the first decision", "192.0.2.1 192.0.2.2")
		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.want("after an edge died", "192.0.2.1 192.0.2.2")
	})
}

// A saved set of which some had failed before the freeze is frozen as it is answered.
func TestFreezeOfAStandingSet(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State, s.config.EdgeCount, s.config.MinLive = t.TempDir(), 3, 1
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.stop()
		s.prober.set(dead, "192.0.2.1")
		s.prober.set(hanging, "192.0.2.2")
		s.start()
		s.advance(2 * time.Second)
		s.want("while it stands", "192.0.2.2 192.0.2.3")
		s.equal("standing", s.family(IPv4).Standing, true)
		s.freezeFor(0)
		s.want("frozen", "192.0.2.2 192.0.2.3")
		s.restart()
		s.want("after a restart", "192.0.2.2 192.0.2.3")
		s.round()
		s.want("a round later", "192.0.2.2 192.0.2.3")
		s.equal("standing later", s.family(IPv4).Standing, false)
	})
}

// A network that comes to a state directory in which it is frozen is frozen from then on.
func TestFreezeIsTakenOverFromTheState(t *testing.T) {
	inBubble(t, func(s *site) {
		dir := t.TempDir()
		s.config.State = dir
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.freezeFor(0)
		s.stop()
		s.config.State = ""
		s.start()
		s.round()
		s.equal("without the state", s.Status().Freeze, (*Freeze)(nil))
		s.reload(func(c *config.Network) { c.State = dir })
		if f := s.Status().Freeze; f == nil || f.Comment != "upstream is moving" {
			t.Errorf("got freeze %v with the state", f)
		}
		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.want("after an edge died", "192.0.2.1 192.0.2.2")
	})
}
