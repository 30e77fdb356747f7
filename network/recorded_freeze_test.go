package network

import (
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// A freeze is on record as what it did: its set stays though edges of it fail, and what follows goes on from it. Without that a
// replay told of changes that never were, and of no failing edge that was live.
func TestTraceOfAFreeze(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("e1 192.0.2.1", "e2 192.0.2.2", "e3 192.0.2.3", "e4 192.0.2.4", "e5 192.0.2.5")
		s.start()
		s.advance(10 * time.Minute)
		s.want("before", "192.0.2.1 192.0.2.2")
		if _, err := s.SetFreeze(s.Context(), FreezeChange{Frozen: true, Comment: "hands off"}); err != nil {
			t.Fatal(err)
		}
		s.prober.set(dead, "192.0.2.1", "192.0.2.2")
		s.advance(5 * time.Minute)
		s.mode("e2", selector.Unavailable)
		s.advance(5 * time.Minute)
		s.want("frozen", "192.0.2.1")
		if _, err := s.SetFreeze(s.Context(), FreezeChange{}); err != nil {
			t.Fatal(err)
		}
		s.advance(10 * time.Minute)
		s.want("afterwards", "192.0.2.3 192.0.2.4")
		tr := s.recordedRounds(IPv4)
		if !strings.Contains(tr.Name, ", frozen from 2000-01-01T00:10:0") {
			t.Errorf("got the name %q", tr.Name)
		}
		for _, d := range trace.Compare(tr, trace.Run(tr)) {
			t.Error(d)
		}
		if got := trace.Summarize(tr); got.Failing < 9*time.Minute {
			t.Errorf("a failing edge was live for %v, want ten minutes", got.Failing)
		}
		before, after := 0, 0
		for i, e := range tr.Expect {
			switch {
			case e.Live == nil:
			case i < len(tr.Rounds)/3:
				before++
			case i > 2*len(tr.Rounds)/3+1:
				after++
			}
		}
		if before == 0 || after == 0 {
			t.Errorf("got %d expectations before and %d after the freeze", before, after)
		}
	})
}
