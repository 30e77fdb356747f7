package network

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// soa is a zone file of the program that was here before.
func (s *site) soa(zone string, serial uint32) {
	s.Helper()
	path := filepath.Join(s.config.ZoneFiles, zone+".zone")
	writeFile(s, path, fmt.Sprintf("@ 300 IN SOA ns1.example.net. hostmaster 0%d 300 300 1209600 60\n", serial))
}

// A zone's own serial rises with its own content, and with that alone; the set's rises for all.
func TestZoneSerial(t *testing.T) {
	tests := []struct {
		name     string
		do       func(s *site)
		org, net bool // whether they rise
	}{
		{"time passes", func(s *site) { s.advance(time.Hour) }, false, false},
		{"an edit", func(s *site) { s.include("example.org", mx(11)); s.advance(inTime) }, true, false},
		{"a new set", func(s *site) { s.prober.set(dead, "192.0.2.1"); s.round() }, true, true},
		{"a restart", func(s *site) { s.restart() }, false, false},
		{"a restart an hour later", func(s *site) { s.stop(); s.advance(time.Hour); s.start() }, false, false},
		{"a restart with an edit", func(s *site) { s.stop(); s.include("example.org", mx(11)); s.start() }, true, false},
		{"a restart with an include removed", func(s *site) { s.stop(); s.removeInclude("example.org"); s.start() }, true, false},
		{"a reload", func(s *site) { s.reload(same) }, false, false},
		{"a reload with another ttl", func(s *site) { s.reload(func(c *config.Network) { c.TTL = 30 }) }, true, true},
		{"a reload with an edit", func(s *site) { s.include("example.org", mx(11)); s.reload(same) }, true, false},
		{"a reload without includes", func(s *site) { s.reload(func(c *config.Network) { c.Includes = "" }) }, true, true},
		{"an edit that is bad", func(s *site) { s.include("example.org", bad); s.advance(inTime) }, false, false},
		{"removed and added again", func(s *site) {
			s.removeInclude("example.org")
			s.advance(inTime)
			s.include("example.org", mx(10))
			s.advance(inTime)
		}, true, false},
		{"a canary", func(s *site) {
			s.reload(func(c *config.Network) { c.Canaries = filepath.Join(t.TempDir(), "canaries") })
			writeFile(s, s.config.Canaries, "example.org: 192.0.2.9\n")
			s.round()
		}, true, false},
	}
	for _, tt := range tests {
		for _, floor := range []uint32{0, 2_026_010_199} {
			t.Run(fmt.Sprintf("%s, floor %d", tt.name, floor), func(t *testing.T) {
				inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
					s.config.State, s.config.SerialFloor, s.zones = t.TempDir(), floor, []string{"example.org.", "example.net."}
					s.start()
					s.round()
					// Edits put the zone's own serial ahead of the network's.
					for i := range 3 {
						s.include("example.org", mx(100+i))
						s.advance(inTime)
					}
					s.include("example.org", mx(10))
					s.advance(inTime)
					org, net := s.serial("example.org"), s.serial("example.net")
					tt.do(s)
					s.wantRise(tt.name, "example.org", org, tt.org)
					s.wantRise(tt.name, "example.net", net, tt.net)
				})
			})
		}
	}
}

// A zone that went and came back does not fall back to a serial that secondaries have passed, over a restart neither.
func TestSerialOfZoneThatReturns(t *testing.T) {
	for name, between := range map[string]func(s *site){
		"at once": func(*site) {}, "after a restart": (*site).restart, "after a reload": func(s *site) { s.reload(same) },
	} {
		t.Run(name, func(t *testing.T) {
			inZones(t, map[string]string{"example.org": mx(1), "example.net": mx(20)}, func(s *site) {
				s.config.State, s.config.SerialFloor = t.TempDir(), 2_026_010_199
				s.start()
				s.round()
				for i := range 5 {
					s.include("example.org", mx(10+i))
					s.advance(inTime)
				}
				before := s.serial("example.org")
				s.removeInclude("example.org")
				s.advance(inTime)
				s.wantRest("removed", "example.org", "none")
				between(s)
				s.include("example.org", mx(1))
				s.advance(inTime)
				s.wantRest("back", "example.org", "MX 1")
				s.wantRise("back", "example.org", before, true)
			})
		})
	}
}

// Of a zone of which nothing is saved the serial goes on from that of an existing file, of whatever shape the network is.
func TestSerialOfExistingFile(t *testing.T) {
	const old = 2_026_112_301 // as people write dates
	tests := []struct {
		name  string
		shape func(s *site)
	}{
		{"with includes", func(s *site) { s.include("example.org", mx(10)) }},
		{"with includes, named by the Corefile", func(s *site) { s.zones = []string{"example.org."} }},
		{"without includes", func(s *site) { s.config.Includes, s.zones = "", []string{"example.org."} }},
		{"with a state that knows others", func(s *site) {
			s.include("example.com", mx(10))
			s.start()
			s.round()
			s.stop()
			s.include("example.org", mx(10))
			s.zones = []string{"example.org."}
		}},
		{"added while it runs", func(s *site) {
			s.start()
			s.round()
			s.include("example.org", mx(10))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inZones(t, nil, func(s *site) {
				s.config.State, s.config.ZoneFiles = t.TempDir(), t.TempDir()
				s.soa("example.org", old)
				tt.shape(s)
				if s.Network == nil || s.cancel == nil {
					s.start()
				}
				s.advance(inTime)
				s.wantRise("then", "example.org", old, true)
				now := s.serial("example.org")
				s.restart()
				s.wantRise("after a restart", "example.org", now, false)
				s.prober.set(dead, "192.0.2.1")
				s.round()
				s.wantRise("with another set", "example.org", now, true)
			})
		})
	}
}

// The serial of a file counts for as long as nothing is saved of its zone, not at each start: there may be many.
func TestSerialOfFileIsReadOnce(t *testing.T) {
	for name, includes := range map[string]bool{"with includes": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			inZones(t, nil, func(s *site) {
				s.config.State, s.config.ZoneFiles, s.zones = t.TempDir(), t.TempDir(), []string{"example.org.", "example.net."}
				if !includes {
					s.config.Includes = ""
				}
				s.start()
				s.round()
				before := s.serial("example.org")
				s.stop()
				s.soa("example.org", before+100)
				s.start()
				s.equal("read", len(s.found), 0)
				s.wantRise("restarted", "example.org", before, false)
			})
		})
	}
}

// However a zone is edited, removed, restarted and given canaries: when what secondaries get of it changes its serial
// rises, else it stays.
func TestSerialsFollowContent(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		operations := rapid.SliceOfN(rapid.IntRange(0, 1<<16), 1, 12).Draw(r, "operations")
		fault := ""
		inZones(t, map[string]string{"example.org": mx(1), "example.net": mx(1)}, func(s *site) {
			s.config.State, s.config.Canaries = s.TempDir(), filepath.Join(s.TempDir(), "canaries")
			if operations[0]%2 == 0 {
				s.config.SerialFloor = 2_026_010_199
			}
			writeFile(s, s.config.Canaries, "")
			s.start()
			s.round()
			content, serials := map[string]string{}, map[string]uint32{}
			for step, op := range operations {
				zone := []string{"example.org", "example.net", "example.com"}[op%3]
				switch kind, way := op/3%9, op/27; kind {
				case 0, 1:
					s.include(zone, mx(way%3))
				case 2:
					if s.rest(zone) != "none" {
						s.removeInclude(zone)
					}
				case 3:
					s.include(zone, bad)
				case 4:
					s.restart()
				case 5:
					s.reload(func(c *config.Network) { c.EdgeCount = 1 + way%3 })
				case 6:
					writeFile(s, s.config.Canaries, []string{"", zone + ": 192.0.2.9\n", zone + ": 192.0.2.10\n"}[way%3])
					s.round()
				case 7:
					s.prober.set([]behaviour{dead, {}}[way%2], fmt.Sprintf("192.0.2.%d", way%10))
					s.round()
				}
				s.advance(inTime)
				for _, zone := range []string{"example.org", "example.net", "example.com"} {
					was, had := content[zone]
					if s.rest(zone) == "none" || s.rest(zone) == "broken" {
						continue // nobody gets it
					}
					now, serial := s.rest(zone)+" "+s.addrs(zone, IPv4), s.serial(zone)
					switch rose := SerialLess(serials[zone], serial); {
					case had && now != was && !rose:
						fault = fmt.Sprintf("step %d, operation %d: %s became %q, was %q, with serial %d after %d", step, op, zone, now, was, serial, serials[zone])
						return
					case had && !rose && serial != serials[zone]:
						fault = fmt.Sprintf("step %d, operation %d: %s: serial %d after %d", step, op, zone, serial, serials[zone])
						return
					}
					content[zone], serials[zone] = now, serial
				}
			}
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}
