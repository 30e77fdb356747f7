package notify

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestConfigure changes the secondaries while zones are queued: one stays, one goes, one comes.
func TestConfigure(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(slow, slow)
		defer s.Close()
		s.secondaries[address(2)] = newSecondary(slow)
		s.Notify(zones(40), nil)
		pass(1 * second)
		s.Configure([]netip.AddrPort{address(2), address(0), address(0)})
		if got := s.Pending()[address(0)]; got != 40 {
			t.Errorf("pending of the one that stays: %d, want 40", got)
		}
		if got, there := s.Pending()[address(1)]; there {
			t.Errorf("pending of the one that goes: %d, want none", got)
		}
		if got, there := s.Pending()[address(2)]; got != 0 || !there {
			t.Errorf("pending of the one that comes: %d, %v, want 0, true", got, there)
		}
		s.Notify([]string{"new.example.org."}, nil)
		pass(time.Hour)
		for i, want := range []int{41, window, 1} {
			if got := len(s.secondaries[address(i)].seen()); got != want {
				t.Errorf("messages to %s: %d, want %d", address(i), got, want)
			}
		}
		if diff := cmp.Diff(tally{Acknowledged: 42}, count(s.observed())); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestConfigureKeepsTries reloads between the tries of a zone, which go on as if nothing were.
func TestConfigureKeepsTries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(closed)
		defer s.Close()
		s.Notify([]string{"example.org."}, nil)
		for range 20 {
			pass(20 * second)
			s.Configure([]netip.AddrPort{address(0)})
		}
		want := []time.Duration{0, 5 * second, 35 * second, 335 * second}
		if diff := cmp.Diff(want, times(s.secondaries[address(0)].seen())); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

// TestReturn takes an address away and back while its zones are under way: it begins with nothing.
func TestReturn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(slow)
		defer s.Close()
		s.Notify(zones(40), nil)
		pass(1 * second)
		s.Configure(nil)
		s.Configure([]netip.AddrPort{address(0)})
		s.secondaries[address(0)].seen()
		s.Notify([]string{"new.example.org."}, nil)
		pass(time.Hour)
		if got := len(s.secondaries[address(0)].seen()); got != 1 {
			t.Errorf("messages after the return: %d, want 1", got)
		}
		if diff := cmp.Diff(tally{Acknowledged: 1}, count(s.observed())); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestClose ends a Notifier at different points. The bubble fails when a goroutine is left.
func TestClose(t *testing.T) {
	tests := []struct {
		name   string
		manner manner
		after  time.Duration
	}{
		{"before anything was sent", live, 0},
		{"while messages are under way", dead, 1 * second},
		{"while zones wait", closed, 20 * second},
		{"while a silent one is tried", dead, 7 * second},
		{"when all is told", live, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSite(tt.manner)
				s.Notify(zones(100), nil)
				pass(tt.after)
				s.observed()
				s.Close()
				if now := time.Since(s.secondaries[address(0)].start); now != tt.after {
					t.Errorf("Close took %v", now-tt.after)
				}
				if got := s.secondaries[address(0)].lines; got != 0 {
					t.Errorf("%d lines are left open", got)
				}
				if diff := cmp.Diff(tally{}, count(s.observed())); diff != "" {
					t.Errorf("events of Close (-want +got):\n%s", diff)
				}
				s.Close()
				s.Notify(zones(1), nil)
				s.Configure([]netip.AddrPort{address(0)})
				if got := len(s.Pending()); got != 0 {
					t.Errorf("%d secondaries after Close, want none", got)
				}
			})
		})
	}
}

// TestAfter: a primary that starts has zones to tell of before its sockets are open. A BIND that was told then asked at
// once, was refused, and came again minutes later, though it had acknowledged the message.
func TestAfter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite()
		defer s.Close()
		listening := make(chan struct{})
		s.after = listening
		for i := range 2 {
			s.secondaries[address(i)] = newSecondary(live)
		}
		s.Configure([]netip.AddrPort{address(0), address(1)})
		s.Notify(zones(40), nil)
		pass(time.Minute)
		s.Configure([]netip.AddrPort{address(0)})
		if got := len(s.secondaries[address(0)].seen()); got != 0 {
			t.Errorf("messages before the primary listens: %d, want none", got)
		}
		close(listening)
		pass(time.Minute)
		for i, want := range []int{40, 0} {
			if got := len(s.secondaries[address(i)].seen()); got != want {
				t.Errorf("messages to %s once it listens: %d, want %d", address(i), got, want)
			}
		}
	})
}
