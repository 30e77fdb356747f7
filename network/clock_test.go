package network

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// The wall clock steps; what is decided stays what it was, and goes on being decided.
func TestClockSteps(t *testing.T) {
	for name, step := range map[string]time.Duration{
		"back an hour": -time.Hour, "back two days": -48 * time.Hour, "ahead an hour": time.Hour, "ahead two days": 48 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.start()
				s.round()
				serial := s.Snapshot().Serial
				s.stop()
				s.step = step
				s.start()
				s.want("right after", "192.0.2.1 192.0.2.2")
				s.round()
				s.want("a round later", "192.0.2.1 192.0.2.2")
				s.equal("serial", s.Snapshot().Serial, serial)
				s.prober.set(dead, "192.0.2.1")
				s.round()
				s.want("after an edge died", "192.0.2.2 192.0.2.3")
				if got := s.Snapshot().Serial; !SerialLess(serial, got) {
					t.Errorf("got serial %d after %d", got, serial)
				}
			})
		})
	}
}

// Substitutions of a time that a step of the clock made the future count as made now: they neither fill the budget until
// the clock has caught up, nor are they forgotten.
func TestClockStepKeepsBudget(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State, s.config.Strict = t.TempDir(), true
		s.config.MaxChanges, s.config.MaxChangesPer = 1, 30*time.Minute
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.start()
		s.round()
		s.prober.set(dead, "192.0.2.1")
		s.round()
		s.want("after one change", "192.0.2.2 192.0.2.3")
		s.stop()
		s.step = -24 * time.Hour
		s.start()
		s.round()
		s.prober.set(dead, "192.0.2.2")
		s.round()
		s.want("with the budget used up", "192.0.2.2 192.0.2.3")
		s.advance(30 * time.Minute)
		s.want("when it allows again", "192.0.2.3 192.0.2.4")
	})
}

// A clock of the network that is behind that of its timers must not make it spin while a mode runs out. In a bubble a
// goroutine that spins would stop time, and the test.
func TestModeExpiresByOneClock(t *testing.T) {
	inBubble(t, func(s *site) {
		s.step = -time.Hour
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.modeFor("a", 10*time.Minute)
		s.advance(9 * time.Minute)
		s.equal("before", s.edge("a").Mode, selector.Unavailable)
		s.advance(2 * time.Minute)
		s.equal("after", s.edge("a").Mode, selector.Available)
	})
}
