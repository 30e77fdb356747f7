package network

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestCanaryEntries(t *testing.T) {
	tests := []struct {
		name string
		file []string
		told string // in a warning or a note
	}{
		{"no address", []string{"example.org: 192.0.2.9", "example.net: nowhere"}, "nowhere"},
		{"one address for two zones", []string{"example.org: 192.0.2.9", "example.net: 192.0.2.9"}, "expected one for each zone"},
		{"an edge", []string{"example.org: 192.0.2.9", "example.net: 192.0.2.2"}, `canary 192.0.2.2 of example.net. is edge "b"`},
		{"a family that is not served", []string{"example.org: 192.0.2.9", `example.net: "2001:db8::9"`}, "families leaves out"},
		{"a zone that does not exist", []string{"example.org: 192.0.2.9", "example.com: 192.0.2.10"}, "example.com. is no zone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				s.canaries(tt.file...)
				s.start()
				s.round()
				s.wantAddrs("the good one", "example.org", inPlaceB)
				s.wantAddrs("the other one", "example.net", without)
				s.want("the network", without)
				s.reload(same)
				writeFile(t, s.config.Canaries, "# edited\n"+strings.Join(tt.file, "\n")+"\n")
				s.round()
				told := 0
				for _, w := range heard[Warning](s.told) {
					if strings.Contains(w.Text, tt.told) {
						told++
					}
				}
				notes := 0
				for _, n := range heard[Note](s.told) {
					if strings.Contains(n.Text, tt.told) {
						notes++
					}
				}
				if told > 2 || told == 0 && notes == 0 {
					t.Errorf("got %d warnings and %d notes of %q, want one for each version of the file", told, notes, tt.told)
				}
				s.equal("failures", s.failures(), []string(nil))
			})
		})
	}
}

func TestCanaryFileChanges(t *testing.T) {
	tests := []struct {
		name     string
		change   func(s *site)
		org, net string
	}{
		{"another address", func(s *site) { s.canaries("example.org: 192.0.2.10") }, "192.0.2.1 192.0.2.10", without},
		{"another zone", func(s *site) { s.canaries("example.net: 192.0.2.9") }, without, "192.0.2.1 192.0.2.9"},
		{"another zone too", func(s *site) { s.canaries("example.org: 192.0.2.9", "example.net: 192.0.2.10") }, inPlaceB, "192.0.2.1 192.0.2.10"},
		{"no canary", func(s *site) { s.canaries("# none") }, without, without},
		{"a bad file", func(s *site) { s.canaries("- example.org") }, inPlaceB, without},
		{"no file", func(s *site) { os.Remove(s.config.Canaries) }, inPlaceB, without},
		{"the canary made an edge", func(s *site) {
			s.edges("a 192.0.2.1", "b 192.0.2.2", "new 192.0.2.9")
			s.reload(same)
		}, without, without},
		{"the canary unavailable", func(s *site) { s.mode("192.0.2.9", selector.Unavailable) }, without, without},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				s.start()
				s.round()
				s.wantAddrs("before", "example.org", inPlaceB)
				tt.change(s)
				s.advance(inTime)
				s.wantAddrs("then", "example.org", tt.org)
				if got := s.addrs("example.net", IPv4); got != tt.net && got != strings.Replace(tt.net, ".1 ", ".2 ", 1) {
					t.Errorf("then: example.net: got %s, want %s", got, tt.net)
				}
				s.want("the network", without)
			})
		})
	}
}

// The last good canaries outlive a bad file, as edge lists do: by the state, or at a reload by the memory.
func TestBadCanariesAtStart(t *testing.T) {
	tests := []struct {
		name  string
		state bool
		again func(s *site)
	}{
		{"restart", true, (*site).restart},
		{"two restarts", true, func(s *site) { s.restart(); s.restart() }},
		{"reload", true, func(s *site) { s.reload(same) }},
		{"reload without a state", false, func(s *site) { s.reload(same) }},
		{"two reloads without a state", false, func(s *site) { s.reload(same); s.reload(same) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				if tt.state {
					s.config.State = t.TempDir()
				}
				s.start()
				s.round()
				serial := s.serial("example.org")
				s.canaries("- example.org")
				tt.again(s)
				s.wantAddrs("then", "example.org", inPlaceB)
				s.wantRise("then", "example.org", serial, false)
				s.equal("told of", s.failures()[0], "canaries")
				s.canaries("example.net: 192.0.2.9")
				s.advance(inTime)
				s.wantAddrs("mended", "example.org", without)
				s.equal("mended", s.canary("example.net").Active, true)
			})
		})
	}
}

// What two canaries did is not mixed up, and an address that another zone tries takes its history along.
func TestCanaryHistories(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.prober.set(dead, "192.0.2.9")
		s.start()
		s.round()
		s.equal("one edge", len(s.family(IPv4).Edges), 3)
		s.canaries("example.org: 192.0.2.10", "example.net: 192.0.2.9")
		s.round()
		s.equal("another address", s.canary("example.org").Active, true)
		if c := s.canary("example.org"); c.Edge.Samples > 2 {
			t.Errorf("got %d samples of an address that is new", c.Edge.Samples)
		}
		if c := s.canary("example.net"); c.Active || c.Edge.Samples < 2 {
			t.Errorf("got %+v, want the address to keep its history", c)
		}
	})
}

// An address that was an edge and becomes a canary, in either order of the files and over a restart, is nobody's edge from
// that moment on.
func TestEdgeBecomesCanary(t *testing.T) {
	list := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}
	for name, again := range map[string]func(s *site){
		"running": func(s *site) { s.advance(inTime) },
		"restart": (*site).restart,
		"reload":  func(s *site) { s.reload(same) },
	} {
		t.Run(name, func(t *testing.T) {
			inCanaries(t, func(s *site) {
				s.config.State = t.TempDir()
				rewrite := s.edgeFile(list...)
				s.canaries("# none")
				s.start()
				s.round()
				s.want("before", without)
				stop := name == "restart"
				if stop {
					s.stop()
					s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
				}
				rewrite("192.0.2.2", "192.0.2.3")
				s.canaries("example.org: 192.0.2.1")
				if stop {
					s.start()
				} else {
					again(s)
				}
				if got := s.answers(IPv4); strings.Contains(got, "192.0.2.1") {
					t.Errorf("got %s, of which 192.0.2.1 is a canary", got)
				}
				s.prober.set(behaviour{}, "192.0.2.1", "192.0.2.2", "192.0.2.3")
				s.round()
				s.want("a round later", "192.0.2.2 192.0.2.3")
				s.equal("the canary", s.canary("example.org").Active, true)
			})
		})
	}
}

// A name that comes to lead to the address of a canary makes it an edge: it is not counted twice in its zone, and the
// canary is in again when the name has moved on.
func TestEdgeResolvesToCanary(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.edges("a 192.0.2.1", "b.example.net")
		s.resolver.set("b.example.net", "192.0.2.2")
		s.start()
		s.round()
		s.wantAddrs("apart", "example.org", inPlaceB)
		s.resolver.set("b.example.net", "192.0.2.9")
		s.round()
		s.round()
		s.want("together", "192.0.2.1 192.0.2.9")
		s.wantAddrs("together", "example.org", "192.0.2.1 192.0.2.9")
		s.equal("active", s.canary("example.org").Active, false)
		s.resolver.set("b.example.net", "192.0.2.2")
		s.round()
		s.round()
		s.equal("apart again", s.canary("example.org").Active, true)
	})
}

// A zone that is added later gets the canary that the file has for it.
func TestCanaryOfZoneAddedLater(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.canaries("example.com: 192.0.2.9")
		s.start()
		s.round()
		s.include("example.com", mx(10))
		s.advance(inTime)
		s.equal("active", s.canary("example.com").Active, true)
		if got := s.addrs("example.com", IPv4); !strings.Contains(got, "192.0.2.9") {
			t.Errorf("got %s without the canary", got)
		}
		s.advance(time.Minute)
		s.wantAddrs("the others", "example.org", without)
	})
}
