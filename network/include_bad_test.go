package network

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// A bad include costs only itself: its zone keeps the last good version, and it is told of once.
func TestBadInclude(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(s *site)
		file  string // told of
		text  string
	}{
		{"a fault", func(s *site) { s.include("example.org", bad) }, "example.org.zone", "line 2"},
		{"a link that leads nowhere", func(s *site) {
			s.removeInclude("example.org")
			os.Symlink("nowhere", s.includePath("example.org"))
		}, "example.org.zone", "no such file"},
		{"the directory is gone", func(s *site) {
			os.Rename(s.config.Includes, s.config.Includes+".away")
		}, "", "reading includes"},
		{"the directory is empty, as when nothing is mounted there", func(s *site) {
			s.removeInclude("example.org")
			s.removeInclude("example.net")
		}, "", "no zone file is there, where 2 were"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
				s.start()
				s.round()
				org, file := s.serial("example.org"), tt.file
				if file == "" {
					file = filepath.Base(s.config.Includes)
				}
				tt.spoil(s)
				for _, when := range []string{"then", "a round later", "two rounds later"} {
					s.advance(inTime)
					s.wantRest(when, "example.org", "MX 10")
					s.wantRest(when, "example.net", "MX 20")
					s.wantRise(when, "example.org", org, false)
					s.equal("told "+when, s.failures(), []string{file})
					s.round()
				}
				if err := heard[ReloadFailed](s.told)[0].Err.Error(); !strings.Contains(err, tt.text) || !strings.Contains(err, file) {
					t.Errorf("got %q, want it to name %s and %q", err, file, tt.text)
				}

				os.Rename(s.config.Includes+".away", s.config.Includes)
				s.include("example.org", mx(11))
				s.include("example.net", mx(21))
				s.advance(inTime)
				s.wantRest("mended", "example.org", "MX 11")
				s.wantRest("edited beside it", "example.net", "MX 21")
				s.wantRise("mended", "example.org", org, true)
				s.equal("told when mended", len(s.failures()), 1)

				tt.spoil(s)
				s.advance(inTime)
				s.equal("told when spoilt again", s.failures(), []string{file, file})
			})
		})
	}
}

// A file that is bad in another way is told of anew; one that turns good and bad again, too.
func TestBadIncludeIsToldOfEachTime(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		s.start()
		for i, text := range []string{bad, "@ CNAME example.net.\n", mx(11), bad} {
			s.include("example.org", text)
			s.advance(inTime)
			s.equal("told", len(s.failures()), []int{1, 2, 2, 3}[i])
		}
	})
}

// An include that cannot be read is tried again, as what hinders it need not show in the looks of the file: nor does the
// end of it.
func TestUnreadableInclude(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		w := newIncludeWatcher(s.config, nil, nil)
		inc := &include{path: s.includePath("example.org"), seen: look(s.includePath("example.org")), unread: "permission denied"}
		w.known["example.org."], w.last["example.org."] = inc, inc.seen
		r := w.poll()
		if got := r.includes["example.org."]; got == nil || got.last == nil {
			t.Errorf("got %+v, want it to be read", r)
		}
		again := w.poll()
		s.equal("nothing when polled again", again.empty(), true)
	})
}

// What was never good is known to exist: names other than the rotating ones are not denied.
func TestIncludeNeverGood(t *testing.T) {
	for _, state := range []bool{true, false} {
		inZones(t, map[string]string{"example.org": bad, "example.net": mx(20)}, func(s *site) {
			if state {
				s.config.State = t.TempDir()
			}
			s.start()
			s.round()
			s.wantRest("at the start", "example.org", "broken")
			s.wantRest("beside it", "example.net", "MX 20")
			s.equal("complete", s.Snapshot().Complete("example.org."), false)
			s.equal("complete beside it", s.Snapshot().Complete("example.net."), true)
			s.equal("told", s.failures(), []string{"example.org.zone"})
			s.wantAddrs("at its apex", "example.org", "192.0.2.1 192.0.2.2")
			s.include("example.com", bad)
			s.advance(inTime)
			s.wantRest("added bad", "example.com", "broken")
			serial := s.serial("example.org")
			s.include("example.org", mx(10))
			s.advance(inTime)
			s.wantRest("mended", "example.org", "MX 10")
			s.wantRise("mended", "example.org", serial, true)
			s.equal("complete when mended", s.Snapshot().Complete("example.org."), true)
		})
	}
}

// The last good version outlives processes by the state, and reloads by the memory.
func TestBadIncludeAtStart(t *testing.T) {
	restart := func(s *site) { s.restart() }
	reload := func(s *site) { s.reload(same) }
	tests := []struct {
		name  string
		state bool
		again func(s *site)
	}{
		{"restart", true, restart},
		{"reload", true, reload},
		{"reload without a state", false, reload},
		{"reload that brings a state, and a restart", false, func(s *site) {
			s.include("example.org", mx(10))
			s.reload(func(c *config.Network) { c.State = s.TempDir() })
			s.include("example.org", bad)
			s.restart()
		}},
		{"reload to another state, and a restart", true, func(s *site) {
			s.include("example.org", mx(10))
			s.reload(func(c *config.Network) { c.State = s.TempDir() })
			s.include("example.org", bad)
			s.restart()
		}},
		{"two restarts", true, func(s *site) { s.restart(); s.restart() }},
		// state.json is written before the includes, and says that they are saved.
		{"a crash before it was saved, a good start and a restart", true, func(s *site) {
			s.stop()
			if err := os.Remove(filepath.Join(stateDir(s.config), "includes", "example.org.")); err != nil {
				s.Fatal(err)
			}
			s.include("example.org", mx(10))
			s.start()
			s.include("example.org", bad)
			s.restart()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inZones(t, map[string]string{"example.org": mx(9), "example.net": mx(20)}, func(s *site) {
				if tt.state {
					s.config.State = t.TempDir()
				}
				s.start()
				s.round()
				s.include("example.org", mx(10))
				s.advance(inTime)
				org, net := s.serial("example.org"), s.serial("example.net")
				s.include("example.org", bad)
				s.told.events = nil
				tt.again(s)
				s.wantRest("then", "example.org", "MX 10")
				s.wantRest("beside it", "example.net", "MX 20")
				s.wantRise("then", "example.org", org, false)
				s.wantRise("beside it", "example.net", net, false)
				s.equal("complete", s.Snapshot().Complete("example.org."), true)
				if got := strings.Join(s.failures(), " "); !strings.Contains(got, "example.org.zone") {
					t.Errorf("got failures of %q, want the include to be among them", got)
				}
				told := len(s.failures())
				s.round()
				s.equal("told later", len(s.failures()), told)
				s.include("example.org", mx(11))
				s.advance(inTime)
				s.wantRest("mended", "example.org", "MX 11")
			})
		})
	}
}

// A directory that is gone at a start is replaced by what the state has of it; without a state that is no start, so that a
// reload leaves the old configuration running.
func TestIncludesGoneAtStart(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		org := s.serial("example.org")
		away := s.config.Includes + ".away"
		if err := os.Rename(s.config.Includes, away); err != nil {
			t.Fatal(err)
		}
		s.restart()
		s.wantRest("gone", "example.org", "MX 10")
		s.wantRest("gone", "example.net", "MX 20")
		s.wantRise("gone", "example.org", org, false)
		s.round()
		s.equal("told", s.failures(), []string{filepath.Base(s.config.Includes)})

		os.Rename(away, s.config.Includes)
		s.removeInclude("example.net")
		s.advance(inTime)
		s.wantRest("back", "example.org", "MX 10")
		s.wantRest("removed meanwhile", "example.net", "none")
		s.wantRise("back", "example.org", org, false)
		s.include("example.org", mx(11))
		s.advance(inTime)
		s.wantRest("edited", "example.org", "MX 11")

		os.Rename(s.config.Includes, away)
		s.advance(inTime)
		s.equal("told when gone again", len(s.failures()), 2)
		without := *s.config
		without.State = ""
		if _, err := ReadInputs(&without); err == nil || !strings.Contains(err.Error(), s.config.Includes) {
			t.Errorf("without a state: got %v, want an error that names %s", err, s.config.Includes)
		}
	})
}

// What else is in the directory is told of once, and is no failure.
func TestOtherFilesBesideIncludes(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		writeFile(t, filepath.Join(s.config.Includes, "README"), "our zones")
		s.start()
		s.round()
		writeFile(t, filepath.Join(s.config.Includes, "example.org.zone~"), mx(9))
		s.round()
		s.equal("notes", len(heard[Note](s.told)), 2)
		s.equal("failures", s.failures(), []string(nil))
		s.equal("zones", s.ZoneList(), []string{"example.org."})
	})
}

// What is odd about an include is told when it is read, not whenever another one is.
func TestIncludeNotesAreToldOnce(t *testing.T) {
	inZones(t, map[string]string{"example.org": "sub NS ns.sub\n", "example.com": mx(20)}, func(s *site) {
		s.start()
		notes := len(heard[Note](s.told))
		if notes == 0 {
			t.Fatal("a delegation without glue is not told of")
		}
		for i := range 3 {
			s.include("example.com", mx(21+i))
			s.advance(inTime)
		}
		s.equal("notes", len(heard[Note](s.told)), notes)
	})
}

// A file removed in the moment of a start may be about to be replaced, as in any other.
func TestIncludeReplacedAtStart(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		s.start()
		s.removeInclude("example.org")
		s.advance(pollEvery)
		s.wantRest("while it is away", "example.org", "MX 10")
		s.include("example.org", mx(11))
		s.advance(inTime)
		s.wantRest("when it is back", "example.org", "MX 11")
	})
}

// An empty directory at a start is as one that is gone.
func TestIncludesEmptyAtStart(t *testing.T) {
	inZones(t, map[string]string{"example.org": mx(10), "example.net": mx(20)}, func(s *site) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		for _, zone := range []string{"example.org", "example.net"} {
			s.removeInclude(zone)
		}
		s.restart()
		s.wantRest("at the start", "example.org", "MX 10")
		s.round()
		s.wantRest("a round later", "example.net", "MX 20")
		s.equal("told", s.failures(), []string{filepath.Base(s.config.Includes)})
	})
}
