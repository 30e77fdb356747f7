package notify

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWindow sends more zones than may be under way, to secondaries that answer in their ways.
func TestWindow(t *testing.T) {
	tests := []struct {
		name   string
		manner manner
		zones  int
		most   int
		within time.Duration
	}{
		{"few zones", live, 3, 3, live.after},
		{"a full window", live, window, window, live.after},
		{"10,000 zones", live, 10_000, window, 313 * live.after},
		{"slow", slow, 100, window, 4 * slow.after},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSite(tt.manner)
				defer s.Close()
				s.Notify(zones(tt.zones), nil)
				pass(tt.within)
				far := s.secondaries[address(0)]
				if far.most != tt.most {
					t.Errorf("under way at a time: %d, want %d", far.most, tt.most)
				}
				if diff := cmp.Diff(tally{Acknowledged: tt.zones}, count(s.observed())); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				if far.lines != 0 {
					t.Errorf("%d lines are open though nothing is left to send", far.lines)
				}
			})
		})
	}
}

// TestSilence has 1,000 zones and a secondary that never answers. Every zone is given up at its time, and after the first
// window no more than one message is under way.
func TestSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(dead)
		defer s.Close()
		far := s.secondaries[address(0)]
		s.Notify(zones(1000), nil)
		pass(1 * second)
		var first []string
		for _, sent := range far.seen() {
			first = append(first, sent.Zone)
		}
		slices.Sort(first)
		if diff := cmp.Diff(slices.Sorted(slices.Values(zones(window))), first); diff != "" {
			t.Errorf("zones told of in the first second (-want +got):\n%s", diff)
		}
		pass(6 * time.Minute)
		if diff := cmp.Diff(tally{Failed: 3000, GaveUp: 1000}, count(s.observed())); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := s.Pending()[address(0)]; got != 0 {
			t.Errorf("pending at the end: %d, want 0", got)
		}
		sent := times(far.seen())
		for i := 1; i < len(sent); i++ {
			if sent[i]-sent[i-1] < timeout {
				t.Errorf("messages to a silent secondary at %v and %v", sent[i-1], sent[i])
			}
		}
		if len(sent) < 3 || len(sent) > 10 {
			t.Errorf("%d messages after the first window, want a few", len(sent))
		}
	})
}

// TestSilenceEnds has a secondary that comes back while all of 1,000 zones wait, at some time, and answers one way or
// another: the first message that it answers lets all the others follow.
func TestSilenceEnds(t *testing.T) {
	tests := []struct {
		name string
		back time.Duration
		// The try under way when it comes back is lost; the next is answered.
		within time.Duration
	}{
		{"during the first window", 2 * second, 5*second + time.Second},
		{"before the second try", 7 * second, 10*second + time.Second},
		{"before the third try", 30 * second, 50*second + time.Second},
		{"before the last try", 200 * second, 355*second + time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newSite(dead)
				defer s.Close()
				s.Notify(zones(1000), nil)
				pass(tt.back)
				s.secondaries[address(0)].becomes(live)
				pass(tt.within - tt.back)
				if got := s.Pending()[address(0)]; got != 0 {
					t.Errorf("%d zones are pending", got)
				}
				got := count(s.observed())
				if got.GaveUp != 0 || got.Acknowledged != 1000 {
					t.Errorf("events: %+v, want 1000 acknowledged and none given up", got)
				}
			})
		})
	}
}

// TestChangeDuringSilence changes zones while a message to a silent secondary is under way: they wait for the end of that
// message, but do not fail with it.
func TestChangeDuringSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(dead)
		defer s.Close()
		far := s.secondaries[address(0)]
		s.Notify(zones(window+1), nil)
		pass(6 * second) // the one zone beyond the window is under way since 5 s
		far.becomes(live)
		s.Notify([]string{"new.example.org."}, nil)
		far.seen()
		s.observed()
		pass(5*second - 2*second) // 9 s
		if got := far.seen(); len(got) != 0 {
			t.Errorf("sent beside the one under way: %v", got)
		}
		pass(1*second + window*live.after) // the one under way is lost at 10 s
		events := slices.DeleteFunc(s.observed(), func(e Event) bool { return e.Zone != "new.example.org." })
		if diff := cmp.Diff(tally{Acknowledged: 1}, count(events)); diff != "" {
			t.Errorf("events of the new change (-want +got):\n%s", diff)
		}
	})
}

// TestIgnoredZones has a secondary that drops messages of zones which it does not know, more of them in a row than the
// window. It counts as silent for a while; that must not cost the zones that it knows their message.
func TestIgnoredZones(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(live)
		defer s.Close()
		ignored := make(map[string]bool)
		for _, zone := range zones(2 * window) {
			ignored[zone] = true
		}
		s.secondaries[address(0)].of = func(zone string) manner {
			if ignored[zone] {
				return dead
			}
			return live
		}
		s.Notify(zones(3000), nil)
		pass(time.Hour)
		acknowledged := make(map[string]bool)
		for _, e := range s.observed() {
			if e.Err == nil {
				acknowledged[e.Zone] = true
			}
		}
		if want := 3000 - len(ignored); len(acknowledged) != want {
			t.Errorf("%d zones acknowledged, want %d", len(acknowledged), want)
		}
	})
}

// TestProbeIsDrawn tells that it is chance, and not the order of changes, that picks the zone for a silent secondary.
func TestProbeIsDrawn(t *testing.T) {
	drawn := make(map[string]bool)
	for range 100 {
		q := newQueue(t.Context(), address(0), nil, nil)
		q.add(zones(100), nil)
		q.unanswered = window
		drawn[q.dequeue().zone] = true
		if len(q.ready) != 99 || q.ready[0] == nil || q.ready[98] == nil {
			t.Fatalf("%d are left", len(q.ready))
		}
		q.cancel()
	}
	if len(drawn) < 10 {
		t.Errorf("of 100 draws from 100 zones only %d differ", len(drawn))
	}
}

// TestOthersAreNotDelayed has a dead secondary, one that refuses and one that answers.
func TestOthersAreNotDelayed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newSite(dead, refusing, live, live)
		defer s.Close()
		s.Notify(zones(1000), nil)
		pass(32 * live.after)
		got := s.Pending()
		for i, want := range []int{1000, 1000, 0, 0} {
			if got[address(i)] != want {
				t.Errorf("pending of %s: %d, want %d", address(i), got[address(i)], want)
			}
		}
	})
}
