package network

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestModesByPattern(t *testing.T) {
	tests := []struct {
		pattern string
		want    string // the edges matched; empty: an error
		kind    error
	}{
		{"edge1.example.net", "edge1.example.net", nil},
		{"EDGE1.example.net.", "edge1.example.net", nil},
		{"edge1*", "edge1.example.net edge10.example.net", nil},
		{"EDGE1*.Example.Net.", "edge1.example.net edge10.example.net", nil},
		{"edge?.example.net", "edge1.example.net edge2.example.net", nil},
		{"edge[0-1].example.net", "edge1.example.net", nil},
		{"*.example.net", "edge1.example.net edge10.example.net edge2.example.net gone.example.net", nil}, // gone has a mode
		{"192.0.2.*", "192.0.2.7", nil},                                                                   // an edge; the canary at 192.0.2.9 is none
		{"192.0.2.9", "192.0.2.9", nil},                                                                   // but by its name
		{"unheard.example.org", "unheard.example.org", nil},
		{"edge3*", "", ErrNoMatch},
		{"*.example.org", "", ErrNoMatch},
		{"edge[", "", ErrInvalid},
		{strings.Repeat("*", 301), "", ErrInvalid},
		{"edge1 ", "", ErrInvalid},
		{"", "", ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.pattern[:min(20, len(tt.pattern))], func(t *testing.T) {
			inZones(t, nil, func(s *site) {
				s.zones = []string{"example.org."}
				s.canaries("example.org: 192.0.2.9")
				s.edges("edge1.example.net 192.0.2.1", "edge2.example.net 192.0.2.2", "edge10.example.net 192.0.2.10", "192.0.2.7", "x 192.0.2.8")
				s.start()
				s.round()
				s.mode("gone.example.net", selector.Force)
				s.mode("192.0.2.9", selector.Force)
				s.told.events = nil
				modes := len(s.Status().Modes)
				applied, err := s.SetMode(context.Background(), ModeChange{
					Edge: tt.pattern, Mode: selector.Unavailable, Comment: "moved", Author: "tester",
				})
				if tt.kind != nil {
					if !errors.Is(err, tt.kind) {
						t.Errorf("got %v, want %v", err, tt.kind)
					}
					s.equal("modes", len(s.Status().Modes), modes)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				var names []string
				for _, e := range applied.Edges {
					names = append(names, e.Edge)
					s.equal(e.Edge, s.Status().Modes[e.Edge], e.After)
					_, listed := slices.BinarySearch([]string{"192.0.2.7", "192.0.2.9", "edge1.example.net", "edge10.example.net", "edge2.example.net"}, e.Edge)
					s.equal(e.Edge+" configured", e.Configured, listed)
				}
				s.equal("matched", strings.Join(names, " "), tt.want)
				s.equal("told", len(modesTold(s.told)), len(names))
			})
		})
	}
}

// All edges that a pattern matches change with one decision: the set moves once.
func TestPatternIsOneDecision(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a1 192.0.2.1", "a2 192.0.2.2", "b1 192.0.2.3", "b2 192.0.2.4")
		s.start()
		s.round()
		s.want("before", "192.0.2.1 192.0.2.2")
		moved := len(heard[SetChanged](s.told))
		applied := s.mode("a*", selector.Unavailable)
		s.want("after", "192.0.2.3 192.0.2.4")
		s.equal("changes of the set", len(heard[SetChanged](s.told)), moved+1)
		s.equal("told", applied.Families, []Outcome{{
			Family: IPv4, Before: []string{"a1", "a2"}, After: []string{"b1", "b2"}, RungBefore: selector.Full, RungAfter: selector.Full,
			Left:    []Move{{"a1", "unavailable: for the test"}, {"a2", "unavailable: for the test"}},
			Entered: applied.Families[0].Entered,
		}})
		for i, name := range []string{"b1", "b2"} {
			if m := applied.Families[0].Entered[i]; m.Edge != name || !strings.HasPrefix(m.Text, "live: filled, pass_threshold") {
				t.Errorf("got %+v, want %s to be filled", m, name)
			}
		}
		s.equal("serial", applied.Serial, s.Snapshot().Serial)

		// Making all available again is no news of those that were.
		told := len(modesTold(s.told))
		s.mode("*", selector.Available)
		s.equal("modes told", len(modesTold(s.told)), told+2)
	})
}

// A star undoes all modes, that of a canary too, which no star had set.
func TestStarUndoesAllModes(t *testing.T) {
	inZones(t, nil, func(s *site) {
		s.zones = []string{"example.org."}
		s.canaries("example.org: 192.0.2.9")
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.round()
		for _, name := range []string{"a", "192.0.2.9", "unheard.example.org"} {
			s.mode(name, selector.Unavailable)
		}
		s.mode("*", selector.Available)
		s.equal("modes left", len(s.Status().Modes), 0)
	})
}

func TestNoCandidateIsRefused(t *testing.T) {
	tests := []struct {
		name     string
		families config.Families
		edges    []string
		prepare  func(s *site)
		take     string
		refused  bool
	}{
		{"one of two", config.IPv4, []string{"a 192.0.2.1", "b 192.0.2.2"}, nil, "a", false},
		{"both", config.IPv4, []string{"a 192.0.2.1", "b 192.0.2.2"}, nil, "*", true},
		{"the only one", config.IPv4, []string{"a 192.0.2.1"}, nil, "a", true},
		{"one after the other", config.IPv4, []string{"a 192.0.2.1", "b 192.0.2.2"}, func(s *site) { s.mode("b", selector.Unavailable) }, "a", true},
		{"the other one fails, and is a candidate", config.IPv4, []string{"a 192.0.2.1", "b 192.0.2.2"},
			func(s *site) { s.prober.set(dead, "192.0.2.2"); s.round() }, "a", false},
		{"the last of one family", config.Both, []string{"a 192.0.2.1 2001:db8::1", "b 192.0.2.2"}, nil, "a", true},
		{"the last of a family that is not served", config.IPv4, []string{"a 192.0.2.1 2001:db8::1", "b 192.0.2.2"}, nil, "a", false},
		{"once it is so, it may be said again", config.IPv4, []string{"a 192.0.2.1"}, func(s *site) { s.mode("a", selector.Unavailable) }, "a", false},
		{"an edge of no list", config.IPv4, []string{"a 192.0.2.1"}, func(s *site) { s.mode("a", selector.Unavailable) }, "b", false},
		{"before a name resolved", config.IPv4, []string{"a.example.net"}, nil, "a.example.net", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.Families = tt.families
				s.edges(tt.edges...)
				s.start()
				s.advance(time.Second)
				if tt.prepare != nil {
					tt.prepare(s)
				}
				before, modes := s.answers(IPv4), len(s.Status().Modes)
				change := ModeChange{Edge: tt.take, Mode: selector.Unavailable, Comment: "x", Author: "tester", Preview: true}
				preview, err := s.SetMode(context.Background(), change)
				if err != nil {
					t.Fatal(err)
				}
				s.equal("preview warns", strings.Contains(warningsOf(preview), "no candidate would be left"), tt.refused)
				change.Preview = false
				_, err = s.SetMode(context.Background(), change)
				s.equal("refused", errors.Is(err, ErrNoCandidate), tt.refused)
				if !tt.refused {
					return
				}
				s.want("after it was refused", before)
				s.equal("modes", len(s.Status().Modes), modes)
				change.Force = true
				if _, err := s.SetMode(context.Background(), change); err != nil {
					t.Errorf("forced: %v", err)
				}
			})
		})
	}
}

// warningsOf are the warnings of all families of an answer.
func warningsOf(a Applied) string {
	var all []string
	for _, o := range a.Families {
		all = append(all, o.Warnings...)
	}
	return strings.Join(all, "; ")
}

// What is written as a name or a pattern is taken or refused, once and for all: what was taken is taken again as it is.
func FuzzEdgePattern(f *testing.F) {
	for _, seed := range []string{"edge1.example.net", "Edge1.Example.Net.", "edge[0-9]*", "[", `a\*`, "*", "192.0.2.1", "2001:DB8::1", "[^a]?.", "a b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, written string) {
		first, err := edgePattern(written)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%q: got %v, want ErrInvalid", written, err)
			}
			return
		}
		again, err := edgePattern(first)
		if err != nil || again != first && !strings.HasSuffix(first, ".") { // of several dots each time one goes
			t.Fatalf("%q: got %q, then %q and %v", written, first, again, err)
		}
		if _, err := path.Match(first, "edge1.example.net"); isPattern(first) && err != nil {
			t.Fatalf("%q: %v", written, err)
		}
	})
}
