package network

import (
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// inTurns runs a network of three equal edges of which one is live, exchanged every ten minutes.
func inTurns(t *testing.T, test func(s *site)) {
	inBubble(t, func(s *site) {
		s.config.State, s.config.EdgeCount, s.config.MinLive, s.config.RotateEvery = t.TempDir(), 1, 1, 10*time.Minute
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		s.want("at first", "192.0.2.1")
		test(s)
	})
}

// A live edge is exchanged each ten minutes, and at no other time.
func TestTimedRotation(t *testing.T) {
	inTurns(t, func(s *site) {
		begun := s.family(IPv4).Since
		for i, want := range []string{"192.0.2.2", "192.0.2.3", "192.0.2.1", "192.0.2.2"} {
			before := s.answers(IPv4)
			s.advance(time.Until(begun.Add(10*time.Minute - time.Second)))
			s.want("just before", before)
			s.advance(time.Second + urgent + gather)
			s.want("after the exchange", want)
			begun = s.family(IPv4).Since
			if i == 0 && !strings.Contains(strings.Join(s.why(IPv4), " "), "rotated") {
				t.Errorf("got reasons %v", s.why(IPv4))
			}
		}
	})
}

// The exchange falls when it is due, though nothing is probed then.
func TestTimedRotationIsOnTime(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Interval, s.config.Timeout = time.Hour, 5*time.Second
		s.config.EdgeCount, s.config.MinLive, s.config.RotateEvery = 1, 1, 90*time.Minute
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.advance(time.Minute)
		s.want("at first", "192.0.2.1")
		s.advance(time.Until(s.family(IPv4).Since.Add(90 * time.Minute)))
		s.want("on the minute", "192.0.2.2")
	})
}

// What rotation goes by outlives reloads and restarts: neither exchanges early, nor forgets who has been live.
func TestTimedRotationSurvives(t *testing.T) {
	for name, again := range map[string]func(s *site){
		"a restart": func(s *site) { s.restart() },
		"a reload":  func(s *site) { s.reload(func(c *config.Network) { c.TTL++ }) },
	} {
		t.Run(name, func(t *testing.T) {
			inTurns(t, func(s *site) {
				s.advance(10 * time.Minute)
				s.want("an exchange", "192.0.2.2")
				due := s.family(IPv4).Since.Add(10 * time.Minute)
				s.advance(5 * time.Minute)
				again(s)
				s.advance(time.Until(due) - time.Second)
				s.want("before the next is due", "192.0.2.2")
				s.advance(3 * time.Second)
				s.want("when it is due", "192.0.2.3")
				again(s)
				s.advance(10*time.Minute + 2*time.Second)
				s.want("in the next cycle", "192.0.2.1")
			})
		})
	}
}

// A change for another reason restarts the clock, a freeze stops it, and turning rotation off forgets it.
func TestTimedRotationStops(t *testing.T) {
	inTurns(t, func(s *site) {
		s.advance(6 * time.Minute)
		s.mode("a", selector.Unavailable)
		s.want("withdrawn", "192.0.2.2")
		s.advance(9 * time.Minute)
		s.want("the clock began anew", "192.0.2.2")
		s.advance(time.Minute + 2*time.Second)
		s.want("exchanged, but not for the one withdrawn", "192.0.2.3")
		if _, err := s.SetFreeze(s.Context(), FreezeChange{Frozen: true, Comment: "hands off"}); err != nil {
			t.Fatal(err)
		}
		s.advance(time.Hour)
		s.want("frozen", "192.0.2.3")
		s.reload(func(c *config.Network) { c.RotateEvery = 0 })
		if _, err := s.SetFreeze(s.Context(), FreezeChange{}); err != nil {
			t.Fatal(err)
		}
		s.advance(time.Hour)
		s.want("turned off", "192.0.2.3")
	})
}

// The clock stepping back does not put the next exchange off for as long as that.
func TestTimedRotationClock(t *testing.T) {
	inTurns(t, func(s *site) {
		s.stop()
		s.step = -24 * time.Hour
		s.start()
		s.advance(11 * time.Minute)
		s.want("after the step", "192.0.2.2")
	})
}

// A preview that comes upon an exchange that is due makes none.
func TestTimedRotationPreview(t *testing.T) {
	inTurns(t, func(s *site) {
		saved := s.mem.store.Errors()
		s.advance(time.Until(s.family(IPv4).Since.Add(10*time.Minute)) - time.Second)
		for range 3 {
			if _, err := s.SetMode(s.Context(), ModeChange{Edge: "b", Mode: selector.Unavailable, Comment: "x", Preview: true}); err != nil {
				t.Fatal(err)
			}
		}
		s.want("nothing happened", "192.0.2.1")
		s.advance(3 * time.Second)
		s.want("the exchange", "192.0.2.2")
		s.equal("errors of the state", s.mem.store.Errors(), saved)
	})
}

// Explain tells whose turn is next, and when, as long as it is to come.
func TestTimedRotationIsExplained(t *testing.T) {
	inTurns(t, func(s *site) {
		at := s.family(IPv4).Since.Add(10 * time.Minute).UTC().Format("15:04:05 UTC")
		want := []string{
			"a ipv4: gives way to b (pass_threshold, 0.100s) by timed rotation at " + at,
			"b ipv4: enters by timed rotation at " + at + "; it would take the place of a (pass_threshold, 0.100s); else all live edges grade as well as it could; " +
				"enters when one of them gets worse or is withdrawn, or by mode force",
			"c ipv4: all live edges grade as well as it could; b (pass_threshold, 0.100s) would enter before it: " +
				"enters when it does better than they do and a live edge gets worse or is withdrawn, or by mode force; timed rotation takes b before it, at " + at,
		}
		s.equal("explained", s.explained(""), want)
		s.advance(10 * time.Minute)
		s.want("as foretold", "192.0.2.2")
		if _, err := s.SetFreeze(s.Context(), FreezeChange{Frozen: true, Comment: "hands off"}); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(s.explained(""), " "); strings.Contains(text, "timed rotation") {
			t.Errorf("frozen: %s", text)
		}
	})
}
