package network

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestResolving(t *testing.T) {
	tests := []struct {
		name  string
		setup func(s *site) // after a first round with a at .1 and b at .2
		want  string
		warns string // part of the only warning
	}{
		{name: "a name moves", setup: func(s *site) { s.resolver.set("a.example.net", "192.0.2.11") }, want: "192.0.2.2 192.0.2.11"},
		{name: "a name moves to where nothing works", setup: func(s *site) {
			s.config.MinLive = 2
			s.resolver.set("a.example.net", "192.0.2.11")
			s.prober.set(dead, "192.0.2.11")
			s.resolver.set("b.example.net", "192.0.2.12")
			s.prober.set(dead, "192.0.2.12")
		}, want: "192.0.2.1 192.0.2.2"},
		{name: "a name is unknown", setup: func(s *site) { s.resolver.set("a.example.net") }, want: "192.0.2.1 192.0.2.2"},
		{name: "no answer", setup: func(s *site) { s.resolver.delay("a.example.net", time.Hour) }, want: "192.0.2.1 192.0.2.2"},
		{name: "a late answer", setup: func(s *site) {
			s.resolver.delay("a.example.net", 5*time.Second)
			s.resolver.set("a.example.net", "192.0.2.11")
		}, want: "192.0.2.2 192.0.2.11"},
		{name: "several addresses", setup: func(s *site) {
			s.resolver.set("a.example.net", "192.0.2.11", "192.0.2.12")
		}, want: "192.0.2.2 192.0.2.11", warns: "several ipv4 addresses: the lowest, 192.0.2.11"},
		{name: "the later of two names moves to the other's address", setup: func(s *site) {
			s.resolver.set("b.example.net", "192.0.2.1")
		}, want: "192.0.2.1 192.0.2.2", warns: "b.example.net resolves to 192.0.2.1, which is the address of a.example.net"},
		{name: "the first of two names moves to the other's address", setup: func(s *site) {
			s.resolver.set("a.example.net", "192.0.2.2")
		}, want: "192.0.2.2", warns: "b.example.net resolves to 192.0.2.2, which is the address of a.example.net"},
		{name: "two names change places", setup: func(s *site) {
			s.resolver.set("a.example.net", "192.0.2.2")
			s.resolver.set("b.example.net", "192.0.2.1")
		}, want: "192.0.2.1 192.0.2.2", warns: "b.example.net resolves to 192.0.2."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.MinLive = 2
				s.edges("a.example.net", "b.example.net")
				s.resolver.set("a.example.net", "192.0.2.1")
				s.resolver.set("b.example.net", "192.0.2.2")
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2")
				tt.setup(s)
				for range 5 {
					s.round()
				}
				s.want("after", tt.want)
				warnings := heard[Warning](s.told)
				if tt.warns == "" && len(warnings) > 0 || tt.warns != "" && (len(warnings) != 1 || !strings.Contains(warnings[0].Text, tt.warns)) {
					t.Errorf("got warnings %q, want one with %q", warnings, tt.warns)
				}
			})
		})
	}
}

// An edge whose name never resolved has samples that say so, and harms no other.
func TestUnresolvedEdge(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a.example.net", "b 192.0.2.2")
		s.start()
		s.round()
		s.want("without the name", "192.0.2.2")
		s.equal("outcome", s.edge("a.example.net").Outcome, prober.DNS)
		s.equal("grade", s.edge("a.example.net").Grade.String(), "fail")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.round()
		s.want("with the name", "192.0.2.1 192.0.2.2")
		s.equal("address", s.edge("a.example.net").Addr, parseAddrs("192.0.2.1")[0])
	})
}

// Addresses that names resolved to are in the state, so that a restart without a resolver goes on.
func TestLastGoodAddresses(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a.example.net", "b.example.net", "c.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.resolver.set("b.example.net", "192.0.2.2")
		s.resolver.set("c.example.net", "192.0.2.3")
		s.start()
		s.round()
		s.stop()
		for _, name := range []string{"a", "b", "c"} {
			s.resolver.set(name + ".example.net")
		}
		s.prober.set(dead, "192.0.2.1")
		s.start()
		s.round()
		s.want("without a resolver", "192.0.2.2 192.0.2.3")
	})
}

// A family that goes away in the middle of a run leaves nothing unfinished: its edge is probed once an interval.
func TestFamilyGoesAwayDuringRun(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Families, s.config.Fall = config.Both, 10
		s.edges("a.example.net")
		s.resolver.set("a.example.net", "192.0.2.1", "2001:db8::1")
		s.start()
		s.round()
		s.prober.set(dead, "2001:db8::1")
		s.round()
		s.resolver.set("a.example.net", "192.0.2.1")
		s.round()
		if gap := s.gapAfter("192.0.2.1"); gap != s.config.Interval {
			t.Errorf("got %s between probes, want the interval", gap)
		}
	})
}

// A resolver that denies all addresses of one family does not make that family empty, nor shrink it before what it says
// instead has passed.
func TestFamilyDenied(t *testing.T) {
	tests := []struct {
		name     string
		families config.Families
		works    bool // whether what the names resolve to instead does
		want     string
	}{
		{"addresses that work", config.Both, true, "192.0.2.2"}, // a is asked first; b is the last
		{"addresses that do not", config.Both, false, "192.0.2.1 192.0.2.2"},
		{"addresses that nobody asks for", config.IPv4, true, "192.0.2.1 192.0.2.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.Families = tt.families
				s.edges("a.example.net", "b.example.net")
				s.resolver.set("a.example.net", "192.0.2.1")
				s.resolver.set("b.example.net", "192.0.2.2")
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2")
				if !tt.works {
					s.prober.set(dead, "2001:db8::1", "2001:db8::2")
				}
				s.resolver.set("a.example.net", "2001:db8::1")
				s.resolver.set("b.example.net", "2001:db8::2")
				for range 5 {
					s.round()
				}
				s.want("after", tt.want)
			})
		})
	}
}

// The address of an edge that is unavailable stays out, also when the name of another one, earlier in the lists, resolves
// to it.
func TestUnavailableAddressStaysOut(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a.example.net", "b.example.net", "c.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.resolver.set("b.example.net", "192.0.2.2")
		s.resolver.set("c.example.net", "192.0.2.3")
		s.start()
		s.mode("c.example.net", selector.Unavailable)
		s.round()
		s.want("with c unavailable", "192.0.2.1 192.0.2.2")
		s.resolver.set("a.example.net", "192.0.2.3")
		s.round()
		s.round()
		s.want("with a at the address of c", "192.0.2.1 192.0.2.2")
	})
}

// A resolver that gives every name one address, and one that works, takes no other edge's own address away: that one had
// passed there too before it turned out to be another's.
func TestOneAddressForAllNames(t *testing.T) {
	inBubble(t, func(s *site) {
		names := []string{"a.example.net", "b.example.net", "c.example.net", "d.example.net"}
		s.config.EdgeCount = 4
		s.edges(names...)
		for i, name := range names {
			s.resolver.set(name, fmt.Sprintf("192.0.2.%d", i+1))
		}
		s.start()
		s.round()
		s.want("before", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4")
		for _, name := range names {
			s.resolver.set(name, "192.0.2.9")
		}
		for range 3 {
			s.round()
		}
		s.equal("addresses answered meanwhile", len(strings.Fields(s.answers(IPv4))), 4)
		for i, name := range names {
			s.resolver.set(name, fmt.Sprintf("192.0.2.%d", i+1))
		}
		for range 2 {
			s.round()
		}
		s.want("after", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4")
	})
}
