package notify

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// step is a change of some zones, or of the secondary's manner, after a pause.
type step struct {
	pause  time.Duration
	from   int // the first zone that changes
	zones  int // how many change
	manner int // in manners, or -1 to leave it
}

var manners = []manner{live, slow, refusing, closed, dead, {answered: true, after: 4900 * time.Millisecond}}

// TestNoChangeIsLost changes zones at will while the secondary answers, refuses, falls silent and returns. In the end, each
// zone's last change was either acknowledged, by a message sent after it, or given up after its fourth try; and at no time
// were more messages under way than may be.
func TestNoChangeIsLost(t *testing.T) {
	steps := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			pause:  time.Duration(rapid.Int64Range(0, int64(20*second)).Draw(t, "pause")),
			from:   rapid.IntRange(0, 60).Draw(t, "from"),
			zones:  rapid.IntRange(0, 60).Draw(t, "zones"),
			manner: rapid.IntRange(-1, len(manners)-1).Draw(t, "manner"),
		}
	}), 1, 20)
	rapid.Check(t, func(rt *rapid.T) {
		drawn := steps.Draw(rt, "steps")
		var fault string // rapid's own failure must not come from within the bubble
		synctest.Test(t, func(*testing.T) { fault = follow(drawn) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

func follow(steps []step) (fault string) {
	s := newSite(live)
	defer s.Close()
	far := s.secondaries[address(0)]
	all := zones(120)
	serial := uint32(0)
	changed := make(map[string]uint32) // the serial of a zone's last change
	for _, st := range steps {
		pass(st.pause)
		if st.manner >= 0 {
			far.becomes(manners[st.manner])
		}
		some := all[st.from : st.from+st.zones]
		serial++
		for _, zone := range some {
			changed[zone] = serial
		}
		now := serial
		s.Notify(some, func(string) uint32 { return now })
	}
	pass(time.Hour)

	if n := s.Pending()[address(0)]; n != 0 {
		return fmt.Sprintf("%d zones are pending after an hour", n)
	}
	if far.most > window || far.twice {
		return fmt.Sprintf("%d messages were under way at a time, two of one zone: %v", far.most, far.twice)
	}
	if far.lines != 0 {
		return fmt.Sprintf("%d lines are open", far.lines)
	}
	told := make(map[string]uint32) // the serial last sent
	for _, sent := range far.seen() {
		if told[sent.Zone] > sent.Serial {
			return fmt.Sprintf("%s was told of serial %d after %d", sent.Zone, sent.Serial, told[sent.Zone])
		}
		told[sent.Zone] = sent.Serial
	}
	last := make(map[string]Event)
	for _, e := range s.observed() {
		last[e.Zone] = e
	}
	for zone, serial := range changed {
		switch e := last[zone]; {
		case e.GaveUp:
		case e.Err != nil || e.Zone == "":
			return fmt.Sprintf("%s came to no end: %+v", zone, e)
		case told[zone] != serial:
			return fmt.Sprintf("%s was acknowledged with serial %d, the last change was %d", zone, told[zone], serial)
		}
	}
	return ""
}
