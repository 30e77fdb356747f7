package network

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestFirstDecision(t *testing.T) {
	four := []string{"a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4"}
	tests := []struct {
		name   string
		setup  func(s *site)
		before time.Duration // just before the decision
		after  time.Duration // from then until it has fallen
		early  string
		want   string
		rung   selector.Rung
	}{
		{
			name:   "falls when every edge has been probed",
			before: 99 * time.Millisecond, after: 200 * time.Millisecond,
			want: "192.0.2.1 192.0.2.2", rung: selector.Full,
		},
		{
			name:   "takes the fastest",
			setup:  func(s *site) { s.prober.set(behaviour{took: 10 * time.Millisecond}, "192.0.2.3", "192.0.2.4") },
			before: 99 * time.Millisecond, after: 200 * time.Millisecond,
			want: "192.0.2.3 192.0.2.4", rung: selector.Full,
		},
		{
			// A name that does not resolve for as long as the resolver may take, and whose probe would hang after that.
			name: "falls at the timeout though an edge is still being tried and nothing arrives",
			setup: func(s *site) {
				s.edges(append(four, "slow.example.net")...)
				s.resolver.set("slow.example.net", "192.0.2.9")
				s.resolver.delay("slow.example.net", 9*time.Second)
				s.prober.set(hanging, "192.0.2.9")
			},
			before: 9900 * time.Millisecond, after: 200 * time.Millisecond,
			want: "192.0.2.1 192.0.2.2", rung: selector.Full,
		},
		{
			name: "waits beyond the timeout while too few pass",
			setup: func(s *site) {
				s.config.Workers = 1
				s.config.MinLive = 2
				s.prober.set(behaviour{took: 9 * time.Second}, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
			},
			before: 17900 * time.Millisecond, after: 200 * time.Millisecond,
			want: "192.0.2.1 192.0.2.2", rung: selector.Full,
		},
		{
			name:   "is the last resort when all edges fail",
			setup:  func(s *site) { s.prober.set(dead, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4") },
			before: 0, after: 200 * time.Millisecond,
			want: "192.0.2.1 192.0.2.2", rung: selector.All,
		},
		{
			name: "is not taken from faults of our own",
			setup: func(s *site) {
				s.prober.set(behaviour{outcome: prober.Local}, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
			},
			before: 0, after: 200 * time.Millisecond,
			want: "192.0.2.1 192.0.2.2", rung: selector.All,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.edges(four...)
				if tt.setup != nil {
					tt.setup(s)
				}
				s.start()
				s.want("at the start", "SERVFAIL")
				if s.Status().Ready {
					t.Error("ready before the first decision")
				}
				if tt.before > 0 {
					s.advance(tt.before)
					s.want("before the decision", "SERVFAIL")
				}
				s.advance(tt.after)
				s.want("after the decision", tt.want)
				s.wantRung("after the decision", tt.rung)
				if !s.Status().Ready {
					t.Error("not ready after the first decision")
				}
			})
		})
	}
}

func TestCoverage(t *testing.T) {
	tests := []struct {
		name     string
		families config.Families
		edges    []string
		setup    func(s *site)
		start    string // IPv6 at the start
		want     string // IPv6 after a round
	}{
		{"a family nobody is pinned in", config.Both, []string{"a 192.0.2.1"}, nil, "NODATA", "NODATA"},
		{"a family that is not served", config.IPv4, []string{"a 192.0.2.1 2001:db8::1"}, nil, "NODATA", "NODATA"},
		{"both families of one edge", config.Both, []string{"a 192.0.2.1 2001:db8::1"}, nil, "SERVFAIL", "2001:db8::1"},
		{
			"names with IPv4 alone", config.Both, []string{"a.example.net"},
			func(s *site) { s.resolver.set("a.example.net", "192.0.2.1") }, "SERVFAIL", "NODATA",
		},
		{
			"names with both", config.Both, []string{"a.example.net"},
			func(s *site) { s.resolver.set("a.example.net", "192.0.2.1", "2001:db8::1") }, "SERVFAIL", "2001:db8::1",
		},
		{"names of which none resolves", config.Both, []string{"a.example.net"}, nil, "SERVFAIL", "SERVFAIL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.Families = tt.families
				s.edges(tt.edges...)
				if tt.setup != nil {
					tt.setup(s)
				}
				s.start()
				s.equal("IPv6 at the start", s.answers(IPv6), tt.start)
				s.round()
				s.equal("IPv6 after a round", s.answers(IPv6), tt.want)
			})
		})
	}
}

// A change in one family leaves the other alone.
func TestFamiliesAreSeparate(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Families = config.Both
		s.edges("a 192.0.2.1 2001:db8::1", "b 192.0.2.2 2001:db8::2", "c 192.0.2.3 2001:db8::3")
		s.start()
		s.round()
		since := s.family(IPv4).Since
		s.prober.set(dead, "2001:db8::1")
		s.round()
		s.want("IPv4", "192.0.2.1 192.0.2.2")
		s.equal("IPv6", s.answers(IPv6), "2001:db8::2 2001:db8::3")
		s.equal("since when IPv4 stands", s.family(IPv4).Since, since)
	})
}

// On rung none the answer is SERVFAIL by decision. A server that said it were not ready would be taken out of service with
// the zones and types that it does answer.
func TestReadyOnRungNone(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1")
		s.start()
		s.mode("a", selector.Unavailable)
		s.round()
		s.want("with the only edge unavailable", "SERVFAIL")
		s.wantRung("with the only edge unavailable", selector.None)
		if !s.Status().Ready {
			t.Error("not ready after the first decision")
		}
	})
}
