package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// inTime is how soon a change of the includes is published.
const inTime = 5 * time.Second

func TestIncludesChange(t *testing.T) {
	tests := []struct {
		name   string
		change func(s *site)
		want   map[string]string
		rises  []string // zones whose serial does
	}{
		{"nothing", func(*site) {}, map[string]string{"example.org": "MX 10", "example.net": "MX 20"}, nil},
		{"an edit", func(s *site) { s.include("example.org", mx(11)) },
			map[string]string{"example.org": "MX 11", "example.net": "MX 20"}, []string{"example.org"}},
		{"an edit of nothing but comments", func(s *site) { s.include("example.org", "; reviewed\n"+mx(10)) },
			map[string]string{"example.org": "MX 10"}, nil},
		{"an edit in place", func(s *site) { os.WriteFile(s.includePath("example.org"), []byte(mx(12)), 0o600) },
			map[string]string{"example.org": "MX 12"}, []string{"example.org"}},
		{"an empty file", func(s *site) { s.include("example.org", "") },
			map[string]string{"example.org": ""}, []string{"example.org"}},
		{"another zone", func(s *site) { s.include("example.com", mx(30)) },
			map[string]string{"example.com": "MX 30", "example.org": "MX 10"}, nil},
		{"a removal", func(s *site) { s.removeInclude("example.org") },
			map[string]string{"example.org": "none", "example.net": "MX 20"}, nil},
		{"a removal from a zone that the Corefile names too", func(s *site) { s.removeInclude("named.example") },
			map[string]string{"named.example": ""}, []string{"named.example"}},
		{"a file renamed", func(s *site) { os.Rename(s.includePath("example.org"), s.includePath("example.com")) },
			map[string]string{"example.org": "none", "example.com": "MX 10"}, nil},
		{"a link to another file", func(s *site) {
			writeFile(s, filepath.Join(s.TempDir(), "elsewhere"), mx(13))
			s.removeInclude("example.org")
			os.Symlink(filepath.Join(s.config.Includes, "example.net.zone"), s.includePath("example.org"))
		}, map[string]string{"example.org": "MX 20"}, []string{"example.org"}},
	}
	downs := []struct {
		name string
		down func(s *site)
	}{
		{"with live edges", func(*site) {}},
		{"with every edge down", func(s *site) {
			s.prober.set(dead, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			s.round()
		}},
		{"with none that may be used", func(s *site) {
			for _, edge := range []string{"a", "b", "c"} {
				s.mode(edge, selector.Unavailable)
			}
		}},
		{"before the first decision", func(s *site) {
			s.stop()
			s.prober.set(hanging, "192.0.2.1", "192.0.2.2", "192.0.2.3")
			s.start()
		}},
	}
	for _, tt := range tests {
		for _, down := range downs {
			t.Run(tt.name+", "+down.name, func(t *testing.T) {
				inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20), "named.example": mx(40)}, func(s *site) {
					s.zones = []string{"named.example."}
					s.start()
					s.round()
					down.down(s)
					s.advance(time.Second)
					before := map[string]uint32{}
					for _, zone := range []string{"example.org", "example.net", "named.example"} {
						before[zone] = s.serial(zone)
					}
					answer := s.answers(IPv4)
					tt.change(s)
					s.advance(inTime)
					for zone, want := range tt.want {
						s.wantRest("then", zone, want)
					}
					if s.answers(IPv4) == answer { // else all of them rose
						for zone, serial := range before {
							if s.Has(zone + ".") {
								s.wantRise("then", zone, serial, strings.Contains(strings.Join(tt.rises, " "), zone))
							}
						}
					}
					s.equal("failures", s.failures(), []string(nil))
				})
			})
		}
	}
}

func TestThousandIncludes(t *testing.T) {
	const zones = 1000
	includes := map[string]string{}
	for i := range zones {
		includes[fmt.Sprintf("zone%d.example", i)] = mx(1)
	}
	inZones(t, includes, func(s *site) {
		s.start()
		s.round()
		before := s.serial("zone0.example")
		for i := range zones {
			s.include(fmt.Sprintf("zone%d.example", i), mx(2))
		}
		s.advance(inTime)
		for i := range zones {
			zone := fmt.Sprintf("zone%d.example", i)
			s.wantRest("then", zone, "MX 2")
			s.wantRise("then", zone, before, true)
		}
	})
}

// A file that goes on moving is being written: it is left alone until it has come to rest, and delays no other.
func TestIncludeStillMoving(t *testing.T) {
	for name, zone := range map[string]string{"of a zone": "example.org", "of a new zone": "example.com"} {
		t.Run(name, func(t *testing.T) {
			inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
				s.start()
				s.round()
				before := s.rest(zone)
				s.include("example.net", mx(21))
				for i := range 20 {
					if err := os.WriteFile(s.includePath(zone), []byte(strings.Repeat(mx(11), 1+i)), 0o600); err != nil {
						t.Fatal(err)
					}
					s.advance(pollEvery)
					s.wantRest("while it moves", zone, before)
				}
				s.wantRest("meanwhile", "example.net", "MX 21")
				s.advance(inTime)
				s.wantRest("at rest", zone, "MX 11")
			})
		})
	}
}

// Readers keep the snapshot they have: its zones are never changed.
func TestSnapshotOfZonesStays(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
		s.start()
		s.round()
		old := s.Snapshot()
		org, net := old.Zone("example.org."), old.Zone("example.net.")
		s.include("example.org", mx(11))
		s.include("example.com", mx(30))
		s.removeInclude("example.net")
		s.advance(inTime)
		if old.Zone("example.org.") != org || old.Zone("example.net.") != net || old.Zone("example.com.") != nil {
			t.Error("the zones of a snapshot changed")
		}
		if s.Snapshot().Generation != old.Generation {
			t.Error("a change of some zones has all of them made anew")
		}
	})
}

// What a decision did not concern is not made anew by it.
func TestZonesStayThemselves(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
		s.start()
		s.round()
		before := s.Snapshot()
		s.include("example.net", "; touched\n"+mx(20))
		s.advance(inTime)
		if s.Snapshot() != before {
			t.Error("a file without another record made a new snapshot")
		}
		s.include("example.net", mx(21))
		s.advance(inTime)
		s.mode("a", selector.Unavailable)
		if s.Snapshot().Zone("example.org.") != before.Zone("example.org.") {
			t.Error("a zone that nothing happened to was made anew")
		}
	})
}

func TestIncludesAtReload(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
		s.start()
		s.round()
		org, net := s.serial("example.org"), s.serial("example.net")
		s.reload(func(*config.Network) { s.include("example.net", mx(21)) })
		s.wantRest("unchanged", "example.org", "MX 10")
		s.wantRest("changed", "example.net", "MX 21")
		s.wantRise("unchanged", "example.org", org, false)
		s.wantRise("changed", "example.net", net, true)
		s.reload(func(c *config.Network) { c.Includes = t.TempDir() })
		s.wantRest("with another directory", "example.org", "none")
		s.equal("zones", len(s.ZoneList()), 0)
	})
}
