package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// inFiles is inZones with a directory of zone files, and example.net named by the Corefile.
func inFiles(t *testing.T, includes map[string]string, test func(s *site)) {
	t.Helper()
	inZones(t, includes, func(s *site) {
		s.config.ZoneFiles = filepath.Join(t.TempDir(), "zones")
		s.zones = []string{"example.net."}
		test(s)
	})
}

// file returns a zone file, empty where there is none.
func (s *site) file(zone string) string {
	s.Helper()
	text, err := os.ReadFile(filepath.Join(s.config.ZoneFiles, zone+".zone"))
	if err != nil && !os.IsNotExist(err) {
		s.Fatal(err)
	}
	return string(text)
}

// wantFile checks that a zone file is what the network answers.
func (s *site) wantFile(when, zone string) {
	s.Helper()
	text := s.file(zone)
	for _, rr := range Records(Template(s.config), s.Snapshot(), zone+".") {
		if fields := strings.Fields(rr.String()); !strings.Contains(text, "\t"+strings.Join(fields[4:], " ")+"\n") {
			s.Errorf("%s: %s: got\n%s\nwithout %s", when, zone, text, rr)
		}
	}
}

func (s *site) wantNoFile(when, zone string) {
	s.Helper()
	if text := s.file(zone); text != "" {
		s.Errorf("%s: %s: got\n%s", when, zone, text)
	}
}

func (s *site) mtime(zone string) time.Time {
	s.Helper()
	info, err := os.Stat(filepath.Join(s.config.ZoneFiles, zone+".zone"))
	if err != nil {
		s.Fatal(err)
	}
	return info.ModTime()
}

// Zone files follow what is answered, once it is complete and decided.
func TestZoneFiles(t *testing.T) {
	inFiles(t, map[string]string{"example.org": mx(10), "broken.example": bad}, func(s *site) {
		s.prober.set(behaviour{took: 5 * time.Second}, "192.0.2.1", "192.0.2.2", "192.0.2.3")
		s.start()
		s.advance(time.Second)
		s.wantNoFile("before the first decision", "example.org")
		s.round()
		s.wantFile("decided", "example.org")
		s.wantFile("decided", "example.net")
		s.wantNoFile("never good", "broken.example")
		s.include("example.org", mx(11))
		s.include("broken.example", mx(20))
		s.include("example.com", mx(30))
		s.advance(inTime)
		s.wantFile("edited", "example.org")
		s.wantFile("mended", "broken.example")
		s.wantFile("added", "example.com")
		s.mode("a", selector.Unavailable)
		s.mode("b", selector.Unavailable)
		s.advance(time.Second)
		before := s.file("example.org")
		s.mode("c", selector.Unavailable)
		s.advance(time.Second)
		s.equal("without an address", s.file("example.org"), before)
		s.mode("b", selector.Available)
		s.advance(time.Second)
		s.wantFile("another set", "example.org")
		s.wantFile("another set", "example.net")
		s.equal("trouble", heard[ZoneFilesFailed](s.told), []ZoneFilesFailed(nil))
	})
}

// A file is touched when its zone changes, and then alone: not by time, nor by a restart.
func TestZoneFilesOnlyOnChange(t *testing.T) {
	inFiles(t, map[string]string{"example.org": mx(10), "example.com": mx(20)}, func(s *site) {
		s.config.State = t.TempDir()
		s.start()
		s.round()
		org, com := s.mtime("example.org"), s.mtime("example.com")
		for _, step := range []func(){s.round, s.restart, s.round, func() { s.reload(same) }, s.round} {
			step()
			s.equal("untouched", s.mtime("example.org").Equal(org), true)
		}
		s.include("example.org", mx(11))
		s.advance(inTime)
		s.equal("edited", s.mtime("example.org").After(org), true)
		s.equal("beside it", s.mtime("example.com").Equal(com), true)
	})
}

// The file of a zone that is gone goes an interval later; what others wrote, or write, stays.
func TestZoneFilesOfGoneZones(t *testing.T) {
	for name, start := range map[string]bool{"gone while it runs": false, "gone at the start": true} {
		t.Run(name, func(t *testing.T) {
			inFiles(t, map[string]string{"example.org": mx(10), "theirs.example": mx(20), "example.com": mx(30)}, func(s *site) {
				var claimed atomic.Bool
				s.options = func(o *Options) {
					o.Claimed = func(zone string) bool { return claimed.Load() && zone == "theirs.example." }
				}
				s.start()
				s.round()
				foreign := filepath.Join(s.config.ZoneFiles, "foreign.example.zone")
				writeFile(t, foreign, "@ 300 IN SOA a. b. 1 1 1 1 1\n")
				if start {
					s.stop()
				}
				claimed.Store(true)
				s.removeInclude("example.org")
				s.removeInclude("theirs.example")
				if start {
					s.start()
				} else {
					s.advance(inTime)
				}
				s.equal("zones", s.ZoneList(), []string{"example.com.", "example.net."})
				s.advance(s.config.Interval / 2)
				if s.file("example.org") == "" {
					t.Error("removed within the interval")
				}
				s.advance(s.config.Interval)
				s.wantNoFile("an interval later", "example.org")
				s.wantFile("another zone", "example.com")
				if s.file("theirs.example") == "" || s.file("foreign.example") == "" {
					t.Error("a file that is not ours is removed")
				}
				s.equal("trouble", heard[ZoneFilesFailed](s.told), []ZoneFilesFailed(nil))
			})
		})
	}
}

// A zone that a mistake took away for a moment keeps its file.
func TestZoneFileOfZoneThatReturns(t *testing.T) {
	inFiles(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		s.start()
		s.round()
		s.removeInclude("example.org")
		s.advance(s.config.Interval / 2)
		s.wantRest("then", "example.org", "none")
		s.include("example.org", mx(10))
		for range 3 {
			s.advance(s.config.Interval)
			s.wantFile("back", "example.org")
		}
	})
}

// Trouble with the disk is told once, and what could not be written is when it is over. Neither the directory's
// replacement nor a file that somebody removed lasts.
func TestZoneFilesTrouble(t *testing.T) {
	tests := []struct {
		name        string
		break_, fix func(dir string)
		told        int
	}{
		{"a file in the place of the directory", func(dir string) {
			os.RemoveAll(dir + ".away")
			os.Rename(dir, dir+".away")
			os.WriteFile(dir, nil, 0o600)
		}, func(dir string) { os.Remove(dir) }, 1},
		{"the directory is removed", func(dir string) { os.RemoveAll(dir) }, func(string) {}, 0},
		{"a file is removed", func(dir string) { os.Remove(filepath.Join(dir, "example.org.zone")) }, func(string) {}, 0},
		{"directories of the names of files", func(dir string) {
			for i := range 20 {
				os.RemoveAll(filepath.Join(dir, fmt.Sprintf("zone%d.example.zone", i)))
				os.Mkdir(filepath.Join(dir, fmt.Sprintf("zone%d.example.zone", i)), 0o700)
			}
		}, func(dir string) {
			for i := range 20 {
				os.Remove(filepath.Join(dir, fmt.Sprintf("zone%d.example.zone", i)))
			}
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			includes := map[string]string{"example.org": mx(10)}
			for i := range 20 {
				includes[fmt.Sprintf("zone%d.example", i)] = mx(1)
			}
			inFiles(t, includes, func(s *site) {
				s.start()
				s.round()
				tt.break_(s.config.ZoneFiles)
				s.prober.set(dead, "192.0.2.1")
				s.round()
				s.round()
				s.want("answers go on", "192.0.2.2 192.0.2.3")
				if got := len(heard[ZoneFilesFailed](s.told)); tt.told == 1 && got != 1 || got > 1 {
					t.Errorf("told %d times: %v", got, heard[ZoneFilesFailed](s.told))
				}
				tt.fix(s.config.ZoneFiles)
				s.advance(2 * s.config.Interval)
				for zone := range includes {
					s.wantFile("mended", zone)
				}
				told := len(heard[ZoneFilesFailed](s.told))
				tt.break_(s.config.ZoneFiles)
				s.prober.set(behaviour{}, "192.0.2.1")
				s.prober.set(dead, "192.0.2.2")
				s.round()
				if got := len(heard[ZoneFilesFailed](s.told)); got < told+tt.told {
					t.Errorf("told %d times when it broke again, %d before", got, told)
				}
			})
		})
	}
}

func TestZoneFilesWithCanary(t *testing.T) {
	inFiles(t, map[string]string{"example.org": "@ HTTPS 1 . alpn=h2 ipv4hint=192.0.2.77\n"}, func(s *site) {
		s.canaries("example.org: 192.0.2.9")
		s.start()
		s.round()
		s.round()
		s.wantFile("with a canary", "example.org")
		if text := s.file("example.org"); !strings.Contains(text, "192.0.2.9\n") || !strings.Contains(text, `ipv4hint="192.0.2.1,192.0.2.9"`) {
			t.Errorf("got\n%s\nwithout the canary", text)
		}
		s.prober.set(dead, "192.0.2.9")
		s.round()
		if strings.Contains(s.file("example.org"), "192.0.2.9") {
			t.Error("the canary stays")
		}
	})
}

func TestDryRunWritesNoZoneFiles(t *testing.T) {
	inFiles(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		s.config.DryRun = true
		s.start()
		s.round()
		if _, err := os.Stat(s.config.ZoneFiles); err == nil {
			t.Error("the directory was made")
		}
		s.reload(func(c *config.Network) { c.DryRun = false })
		s.round()
		s.wantFile("when it ends", "example.org")
	})
}
