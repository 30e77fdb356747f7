package network

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Spare edges that do as well as the live ones enter in turn, and each is told which: at first all were told that one place is
// enough.
func TestExplainTellsWhoseTurnItIs(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.EdgeCount, s.config.MinLive = 3, 1
		var lines []string
		for i := 1; i <= 6; i++ {
			lines = append(lines, fmt.Sprintf("e%d 192.0.2.%d", i, i))
			s.prober.set(behaviour{took: time.Duration(i) * 10 * time.Millisecond}, fmt.Sprintf("192.0.2.%d", i))
		}
		s.edges(lines...)
		s.start()
		s.round()
		needs := func(name string) string {
			all, err := s.Explain(s.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			return all[0].Needs
		}
		want := map[string]string{
			"e4": "enters when one of them gets worse or is withdrawn, or by mode force",
			"e5": "e4 (pass_threshold, 0.040s) would enter before it: enters when 2 of the live ones get worse or are withdrawn, or by mode force",
			"e6": "e4 (pass_threshold, 0.040s) and 1 more would enter before it: enters when 3 of the live ones get worse or are withdrawn, or by mode force",
		}
		for name, text := range want {
			if got := needs(name); !strings.HasSuffix(got, "; "+text) {
				t.Errorf("%s: got %q, want %q", name, got, text)
			}
		}
		for i, name := range []string{"e4", "e5", "e6"} {
			if s.edge("e6").Live {
				t.Errorf("e6 is live after %d", i)
			}
			s.mode(fmt.Sprintf("e%d", i+1), selector.Unavailable)
			s.equal(name+" is live", s.edge(name).Live, true)
		}
	})
}

// With more edges before it than there are places, an edge is not told a number of places that there are not.
func TestExplainFarBehind(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.EdgeCount = 1
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		all, err := s.Explain(s.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		want := "b (pass_threshold, 0.100s) would enter before it: enters when it does better than they do and a live edge gets worse or is withdrawn, or by mode force"
		if !strings.HasSuffix(all[0].Needs, want) {
			t.Errorf("got %q", all[0].Needs)
		}
	})
}

// A budget that is used up keeps a live edge that only gets worse where it is: whoever waits is told.
func TestExplainTellsOfASpentBudget(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.MaxChanges, s.config.MaxChangesPer = 1, 30*time.Minute
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.start()
		s.round()
		s.mode("a", selector.Unavailable)
		all, err := s.Explain(s.Context(), "d")
		if err != nil {
			t.Fatal(err)
		}
		if want := "(the budget of 1 changes in 30m is used up: one that still passes does not give way before "; !strings.Contains(all[0].Needs, want) {
			t.Errorf("got %q", all[0].Needs)
		}
		s.prober.set(behaviour{took: 2 * time.Second}, "192.0.2.2")
		s.round()
		s.want("while the budget is used up", "192.0.2.2 192.0.2.3")
		s.advance(30 * time.Minute)
		s.want("when it has room", "192.0.2.3 192.0.2.4")
	})
}
