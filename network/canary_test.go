package network

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// canaries makes lines the canaries file.
func (s *site) canaries(lines ...string) {
	s.Helper()
	if s.config.Canaries == "" {
		s.config.Canaries = filepath.Join(s.TempDir(), "canaries")
	}
	writeFile(s, s.config.Canaries, strings.Join(lines, "\n")+"\n")
}

// canary returns the status of a zone's canary.
func (s *site) canary(zone string) CanaryStatus {
	s.Helper()
	for _, c := range s.Status().Canaries {
		if c.Zone == zone+"." {
			return c
		}
	}
	s.Fatalf("no canary of %s", zone)
	return CanaryStatus{}
}

// inCanaries is a site of two named zones, of which example.org has a canary; each zone's set is a and b without it.
func inCanaries(t *testing.T, test func(s *site)) {
	t.Helper()
	inZones(t, nil, func(s *site) {
		s.zones = []string{"example.org.", "example.net."}
		s.canaries("example.org: 192.0.2.9")
		test(s)
	})
}

const (
	without  = "192.0.2.1 192.0.2.2"
	inPlaceB = "192.0.2.1 192.0.2.9" // of example.org: the rank decides
)

func TestCanaryGrades(t *testing.T) {
	tests := []struct {
		name   string
		canary behaviour
		grade  history.Grade
		want   string
	}{
		{"fast", behaviour{took: fast}, history.PassThreshold, inPlaceB},
		{"slow", behaviour{took: 2 * time.Second}, history.Pass, inPlaceB},
		{"dead", dead, history.Fail, without},
		{"hanging", hanging, history.Fail, without},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				s.prober.set(tt.canary, "192.0.2.9")
				s.start()
				s.wantAddrs("at the start", "example.org", "")
				s.round()
				s.wantAddrs("a round later", "example.org", tt.want)
				s.wantAddrs("the other zone", "example.net", without)
				s.equal("grade", s.canary("example.org").Edge.Grade, tt.grade)
				s.equal("active", s.canary("example.org").Active, tt.want != without)
				s.want("the network", without)
			})
		})
	}
}

// The canary comes and goes with its probes, as fast as an edge does, and returns to its place.
func TestCanaryComesAndGoes(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.start()
		s.round()
		s.wantAddrs("passing", "example.org", inPlaceB)
		for range 2 {
			org, net := s.serial("example.org"), s.serial("example.net")
			s.prober.set(dead, "192.0.2.9")
			s.round()
			s.wantAddrs("dead", "example.org", without)
			s.wantRise("dead", "example.org", org, true)
			s.wantRise("the other zone", "example.net", net, false)
			org = s.serial("example.org")
			s.prober.set(behaviour{}, "192.0.2.9")
			s.round()
			s.wantAddrs("passing again", "example.org", inPlaceB)
			s.wantRise("passing again", "example.org", org, true)
		}
		var told []string
		for _, e := range canariesTold(s.told) {
			told = append(told, fmt.Sprintf("%s %s %t %s", e.Zone, e.Addr, e.Active, e.Displaced))
		}
		in, out := "example.org. 192.0.2.9 true b", "example.org. 192.0.2.9 false b"
		s.equal("told", told, []string{in, out, in, out, in})
	})
}

// The edge displaced is the same for as long as it is live, whatever else comes and goes.
func TestDisplacedEdgeStays(t *testing.T) {
	inZones(t, map[string]string{"example.net": mx(20)}, func(s *site) {
		s.config.State, s.config.EdgeCount = t.TempDir(), 3
		rewrite := s.edgeFile("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.zones = []string{"example.org."}
		s.canaries("example.org: 192.0.2.9")
		s.start()
		s.round()
		displaced := s.canary("example.org").Displaced
		list := []string{"a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3"}
		steps := []struct {
			name string
			do   func()
		}{
			{"a restart", s.restart},
			{"a restart while nothing answers", func() {
				s.stop()
				s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
				s.start()
				s.prober.set(behaviour{}, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			}},
			{"a reload", func() { s.reload(same) }},
			{"a zone more", func() { s.include("example.com", mx(30)); s.advance(inTime) }},
			{"a zone less", func() { s.removeInclude("example.com"); s.advance(inTime) }},
			{"a canary more", func() { s.canaries("example.com: 192.0.2.10", "example.org: 192.0.2.9"); s.advance(inTime) }},
			{"another canary", func() { s.canaries("example.org: 192.0.2.11"); s.advance(inTime) }},
			{"the canary dead for a while", func() {
				s.prober.set(dead, "192.0.2.11")
				s.round()
				s.restart()
				s.prober.set(behaviour{}, "192.0.2.11")
			}},
			{"many edges more", func() {
				for i := range 20 {
					list = append(list, fmt.Sprintf("edge%d 192.0.2.%d", i, 100+i))
				}
				rewrite(list...)
				s.advance(inTime)
			}},
			{"more of them live", func() { s.reload(func(c *config.Network) { c.EdgeCount = 12 }) }},
		}
		for _, step := range steps {
			step.do()
			s.round()
			c := s.canary("example.org")
			if c.Displaced != displaced || !c.Active {
				t.Errorf("after %s: got %+v, want it in place of %s", step.name, c, displaced)
			}
			s.equal("size after "+step.name, len(strings.Fields(s.addrs("example.org", IPv4))), len(strings.Fields(s.answers(IPv4))))
		}
		s.mode(displaced, selector.Unavailable)
		if c := s.canary("example.org"); c.Displaced == displaced || !c.Active {
			t.Errorf("when it left: got %+v", c)
		}
	})
}

// A restart that changes nothing changes nothing of the canaries: the first answer is the last one.
func TestCanaryAtRestart(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		serial := s.serial("example.org")
		for _, when := range []string{"once", "twice"} {
			s.stop()
			s.told.events = nil
			s.start()
			s.wantAddrs("restarted "+when, "example.org", inPlaceB)
			s.wantRise("restarted "+when, "example.org", serial, false)
			s.equal("told", len(canariesTold(s.told)), 0)
		}
	})
}

func TestCanarySetOfOne(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.config.EdgeCount, s.config.MinLive = 1, 1
		s.start()
		s.round()
		s.wantAddrs("one live edge", "example.org", inPlaceB)
		s.wantAddrs("the other zone", "example.net", "192.0.2.1")
		s.mode("a", selector.Unavailable)
		s.mode("b", selector.Unavailable)
		s.mode("c", selector.Unavailable)
		s.wantAddrs("no live edge", "example.org", "")
	})
}

// A canary is of its family alone.
func TestCanaryOfIPv6(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.config.Families = config.Both
		s.edges("a 192.0.2.1 2001:db8::1", "b 192.0.2.2 2001:db8::2", "c 192.0.2.3 2001:db8::3")
		s.canaries(`example.org: "2001:db8::9"`)
		s.start()
		s.round()
		s.wantAddrs("IPv6", "example.org", "2001:db8::1 2001:db8::9")
		s.wantAddrs("IPv4", "example.org", without)
		s.wantAddrs("the other zone", "example.net", "2001:db8::1 2001:db8::2")
		s.reload(func(c *config.Network) { c.Families = config.IPv4 })
		s.equal("without the family", s.addrs("example.org", IPv6), "")
		s.equal("canaries", len(s.Status().Canaries), 0)
	})
}

func TestCanaryKiller(t *testing.T) {
	tests := []struct {
		name   string
		killer int
		dead   []string
		in     bool
	}{
		{"fewer fail", 2, []string{"192.0.2.10"}, true},
		{"as many fail", 2, []string{"192.0.2.10", "192.0.2.11"}, false},
		{"more fail", 1, []string{"192.0.2.10", "192.0.2.11"}, false},
		{"off", 0, []string{"192.0.2.10", "192.0.2.11"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				s.config.CanaryKiller = tt.killer
				s.zones = append(s.zones, "example.com.")
				s.canaries("example.org: 192.0.2.9", "example.net: 192.0.2.10", "example.com: 192.0.2.11")
				s.start()
				s.round()
				s.wantAddrs("all well", "example.org", inPlaceB)
				s.prober.set(dead, tt.dead...)
				s.round()
				s.equal("in", s.canary("example.org").Active, tt.in)
				s.equal("the failing one", s.canary("example.net").Active, false)
				s.prober.set(behaviour{}, tt.dead[0])
				s.round()
				s.equal("when fewer fail", s.canary("example.org").Active, tt.killer != 1)
			})
		})
	}
}
