package notify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const second = time.Second

// times returns when messages were sent.
func times(sent []sending) []time.Duration {
	var at []time.Duration
	for _, s := range sent {
		at = append(at, s.At)
	}
	return at
}

// TestTries has one zone and one secondary: when is it told, and when given up?
func TestTries(t *testing.T) {
	tests := []struct {
		name   string
		manner manner
		sent   []time.Duration
		end    time.Duration // when nothing is pending any more
		events tally
	}{
		{"acknowledged", live, []time.Duration{0}, live.after, tally{Acknowledged: 1}},
		{"acknowledged late", slow, []time.Duration{0}, slow.after, tally{Acknowledged: 1}},
		{"port closed", closed, []time.Duration{0, 5 * second, 35 * second, 335 * second}, 335 * second, tally{Failed: 3, GaveUp: 1}},
		{"no answer", dead, []time.Duration{0, 10 * second, 45 * second, 350 * second}, 355 * second, tally{Failed: 3, GaveUp: 1}},
		{"refused", manner{answered: true, err: errFake}, []time.Duration{0, 5 * second, 35 * second, 335 * second}, 335 * second,
			tally{Failed: 3, GaveUp: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSite(tt.manner)
				defer s.Close()
				s.Notify([]string{"example.org."}, nil)
				if tt.end > 0 {
					pass(tt.end - 1)
					if got := s.Pending()[address(0)]; got != 1 {
						t.Errorf("pending before the end: %d, want 1", got)
					}
				}
				pass(1)
				if got := s.Pending()[address(0)]; got != 0 {
					t.Errorf("pending after the end: %d, want 0", got)
				}
				pass(time.Hour)
				if diff := cmp.Diff(tt.sent, times(s.secondaries[address(0)].seen())); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.events, count(s.observed())); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestNewerChange changes a zone again at some time after the first change.
func TestNewerChange(t *testing.T) {
	tests := []struct {
		name   string
		manner manner
		after  time.Duration
		sent   []time.Duration
	}{
		{"while under way", slow, 1 * second, []time.Duration{0, 3 * second}},
		{"while under way, and it fails", dead, 1 * second,
			[]time.Duration{0, 5 * second, 15 * second, 50 * second, 355 * second}},
		{"after it was acknowledged", live, 1 * second, []time.Duration{0, 1 * second}},
		{"while waiting for the second try", closed, 1 * second,
			[]time.Duration{0, 1 * second, 6 * second, 36 * second, 336 * second}},
		{"while waiting for the last try", closed, 100 * second,
			[]time.Duration{0, 5 * second, 35 * second, 100 * second, 105 * second, 135 * second, 435 * second}},
		{"after it was given up", closed, 400 * second,
			[]time.Duration{0, 5 * second, 35 * second, 335 * second, 400 * second, 405 * second, 435 * second, 735 * second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSite(tt.manner)
				defer s.Close()
				s.Notify([]string{"example.org."}, nil)
				pass(tt.after)
				s.Notify([]string{"example.org."}, nil)
				pass(time.Hour)
				if diff := cmp.Diff(tt.sent, times(s.secondaries[address(0)].seen())); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
				if got := s.Pending()[address(0)]; got != 0 {
					t.Errorf("pending at the end: %d, want 0", got)
				}
			})
		})
	}
}

// TestCoalesced has more zones than the window: what changes again before it is sent is sent once, with the serial of
// that time; what changes again while it is under way is sent again, but never twice at a time.
func TestCoalesced(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(slow)
		defer s.Close()
		serial := uint32(1)
		for range 3 {
			s.Notify(zones(window+2), func(string) uint32 { return serial })
		}
		pass(1 * second)
		serial = 2
		for range 3 {
			s.Notify(zones(window+2), func(string) uint32 { return serial })
		}
		if got := s.Pending()[address(0)]; got != window+2 {
			t.Errorf("pending: %d, want %d", got, window+2)
		}
		pass(time.Hour)
		type told struct {
			Times int
			Last  uint32
		}
		got, want := make(map[string]told), make(map[string]told)
		for i, zone := range zones(window + 2) {
			want[zone] = told{2, 2}
			if i >= window {
				want[zone] = told{1, 2}
			}
		}
		far := s.secondaries[address(0)]
		for _, sent := range far.seen() {
			got[sent.Zone] = told{got[sent.Zone].Times + 1, sent.Serial}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("messages of each zone (-want +got):\n%s", diff)
		}
		if far.twice {
			t.Error("a zone had two messages under way at a time")
		}
	})
}
