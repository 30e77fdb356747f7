package network

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

func TestNextSerial(t *testing.T) {
	const unix = 1_790_000_000
	tests := []struct {
		name        string
		last, floor uint32
		unix        int64
		want        uint32
	}{
		{"the first is the time", 0, 0, unix, unix},
		{"the first is above the floor", 0, 2_026_010_199, unix, 2_026_010_200},
		{"the time passes the floor", 0, 5, unix, unix},
		{"the time passes the last", unix - 60, 0, unix, unix},
		{"changes within a second", unix, 0, unix, unix + 1},
		{"the clock went back", unix, 0, unix - 3600, unix + 1},
		{"a floor above the last", unix, unix + 100, unix, unix + 101},
		{"a floor long passed", unix, 100, unix + 1, unix + 1},
		{"a wrap", 1<<32 - 2, 0, unix, unix},
		{"a wrap to 0, which is no serial", 1<<32 - 1, 0, 1<<31 + 5, 1},
		{"a time too far ahead to be after the last", 1, 0, 1<<31 + 5, 2},
		{"a floor too far ahead to be after the last", 1, 1<<31 + 5, 100, 100},
		{"a time and a floor that are each ahead, but the floor not of the last", 1, 1<<31 + 500_000_000, unix, unix},
		// From 2038 on the serial 1 comes after the unix time in the arithmetic of RFC 1982: no floor must not mean 0.
		{"the first after 2038", 0, 0, 2_200_000_000, 2_200_000_000},
		{"the next after 2038", 2_200_000_000, 0, 2_200_000_060, 2_200_000_060},
		{"a floor of the largest serial", 0, 1<<32 - 1, unix, unix},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := NextSerial(tt.last, tt.floor, time.Unix(tt.unix, 0)); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestNextSerialAlwaysRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		last, floor := rapid.Uint32().Draw(t, "last"), rapid.Uint32().Draw(t, "floor")
		now := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "now"), 0)
		got := NextSerial(last, floor, now)
		if got == 0 || last != 0 && !SerialLess(last, got) {
			t.Errorf("got %d after %d, floor %d, at %d", got, last, floor, now.Unix())
		}
	})
}

// What the zones contain raises the serial when a reload changes it; what they do not contain leaves it.
func TestSerialFollowsContent(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *config.Network)
		rises  bool
	}{
		{"nothing", func(c *config.Network) {}, false},
		{"labels", func(c *config.Network) { c.Labels = []string{"www"} }, true},
		{"ttl", func(c *config.Network) { c.TTL = 30 }, true},
		{"ns", func(c *config.Network) { c.NS = []string{"ns2.example.net."} }, true},
		{"soa", func(c *config.Network) { c.RName = "noc.example.net." }, true},
		{"soa_timers", func(c *config.Network) { c.Timers.Minimum = 30 }, true},
		{"a family with edges", func(c *config.Network) { c.Families = config.Both }, true},
		{"interval", func(c *config.Network) { c.Interval = 2 * time.Minute }, false},
		{"goodenough", func(c *config.Network) { c.GoodEnough = time.Millisecond }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1 2001:db8::1", "b 192.0.2.2")
				s.start()
				s.round()
				before := s.Snapshot().Serial
				s.reload(tt.change)
				s.want("right after the reload", "192.0.2.1 192.0.2.2")
				s.round()
				if rose := SerialLess(before, s.Snapshot().Serial); rose != tt.rises {
					t.Errorf("got %d after %d, want a rise: %v", s.Snapshot().Serial, before, tt.rises)
				}
				after := s.Snapshot().Serial
				s.restart()
				s.equal("serial after a restart", s.Snapshot().Serial, after)
			})
		})
	}
}
