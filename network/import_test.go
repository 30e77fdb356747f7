package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// inImport has a site that the Python edgemanage left a minute ago, with what it left in a directory of the test's own.
func inImport(t *testing.T, test func(s *site, left string)) {
	inBubble(t, func(s *site) {
		left := s.TempDir()
		if err := os.CopyFS(left, os.DirFS("../legacy/testdata/var")); err != nil {
			s.Fatal(err)
		}
		s.step = time.Until(time.Unix(1795010868, 0))
		s.config.State, s.config.Import = s.TempDir(), &config.Import{HealthStore: filepath.Join(left, "health"), StateFile: filepath.Join(left, "mynet.state")}
		s.config.EdgeCount, s.config.MinLive, s.config.Keep = 4, 1, "pass_threshold"
		s.config.History = 2000
		var lines []string
		for i := 1; i <= 8; i++ {
			lines = append(lines, fmt.Sprintf("edge%d.example.net 192.0.2.%d", i, 10+i))
		}
		s.edges(lines...)
		// As they were: edge2 is the fastest, and was taken out.
		for i, took := range []time.Duration{412, 58, 200, 190, 450, 440, 1400, 95} {
			s.prober.set(behaviour{took: took * time.Millisecond}, fmt.Sprintf("192.0.2.%d", 11+i))
		}
		test(s, left)
	})
}

const importedSet = "192.0.2.11 192.0.2.13 192.0.2.16 192.0.2.18"

// The set of the Python tool stands at once, and when the edges behave as before it is that after the first decision too.
func TestImport(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.start()
		s.want("at once", importedSet)
		s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Unavailable)
		s.equal("mode of edge3", s.edgeMode("edge3.example.net"), selector.Force)
		mode := s.Status().Modes["edge2.example.net"]
		s.equal("who set it, and why", mode.Author+": "+mode.Comment, "ops: filtered upstream, ticket 4711")
		s.equal("when", mode.At.Unix(), int64(1795006065))
		s.equal("samples of edge1", s.edge("edge1.example.net").Samples, 180)
		s.equal("grade of edge7", s.edge("edge7.example.net").Grade, history.Pass)
		s.round()
		s.want("after the first decision", importedSet)
		if changes := heard[SetChanged](s.told); changes != nil {
			s.Errorf("changes were told: %+v", changes)
		}
	})
}

// It is imported once: a second start knows what was said since, and what was there before.
func TestImportOnce(t *testing.T) {
	inImport(t, func(s *site, left string) {
		s.start()
		s.round()
		s.mode("edge2.example.net", selector.Available)
		if err := os.RemoveAll(left); err != nil {
			s.Fatal(err)
		}
		samples := s.edge("edge1.example.net").Samples
		s.restart()
		synctest.Wait() // the histories are read
		s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Available)
		if got := s.edge("edge1.example.net").Samples; got < samples {
			s.Errorf("got %d samples after %d", got, samples)
		}
	})
}

// TestImportKilled: whoever is killed right after an import has it, or imports again.
func TestImportKilled(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.start()
		dir := s.TempDir()
		synctest.Wait()
		if err := os.CopyFS(dir, os.DirFS(s.config.State)); err != nil {
			s.Fatal(err)
		}
		s.stop()
		s.config.State = dir
		s.start()
		s.want("again", importedSet)
		s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Unavailable)
	})
}

// What cannot be read costs only itself: its history and, since its mode is not known, its place.
func TestImportDamaged(t *testing.T) {
	tests := []struct {
		name   string
		damage func(s *site, left string)
		want   string // at once
		mode   string // of edge1
		told   string
	}{
		{"an edgestore cut", func(s *site, left string) { s.cut(filepath.Join(left, "health/edge1.example.net.edgestore")) },
			"192.0.2.13 192.0.2.16 192.0.2.18", "unavailable", `edge1.example.net.edgestore": reading JSON`},
		{"an empty edgestore", func(s *site, left string) {
			s.write(filepath.Join(left, "health/edge1.example.net.edgestore"), "")
		}, "192.0.2.13 192.0.2.16 192.0.2.18", "unavailable", "the file is empty"},
		{"no edgestore", func(s *site, left string) { s.remove(filepath.Join(left, "health/edge1.example.net.edgestore")) },
			importedSet, "available", ""},
		{"the statefile cut", func(s *site, left string) { s.cut(filepath.Join(left, "mynet.state")) },
			"SERVFAIL", "available", "the last live set is not known"},
		{"no statefile", func(s *site, left string) { s.remove(filepath.Join(left, "mynet.state")) }, "SERVFAIL", "available", ""},
		{"files of others", func(s *site, left string) {
			s.write(filepath.Join(left, "health/..edgestore"), "{}")
			s.write(filepath.Join(left, "health/a b.edgestore"), "{}")
			s.write(filepath.Join(left, "health/notes.txt"), "{}")
			if err := os.Symlink("/etc/passwd", filepath.Join(left, "health/edge9.example.net.edgestore")); err != nil {
				s.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(left, "health/edge10.example.net.edgestore"), 0o755); err != nil {
				s.Fatal(err)
			}
		}, importedSet, "available", "path escapes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inImport(t, func(s *site, left string) {
				tt.damage(s, left)
				s.start()
				s.want("at once", tt.want)
				s.equal("mode of edge1", s.edgeMode("edge1.example.net").String(), tt.mode)
				s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Unavailable)
				if text := s.texts(); tt.told != "" && !strings.Contains(text, tt.told) {
					t.Errorf("told %s, want %s", text, tt.told)
				}
				s.round()
				if s.answers(IPv4) == "SERVFAIL" {
					t.Error("got no answer after a round")
				}
			})
		})
	}
}

// Where none can be read all stay in: nobody could be answered otherwise.
func TestImportAllDamaged(t *testing.T) {
	inImport(t, func(s *site, left string) {
		for i := 1; i <= 8; i++ {
			s.cut(filepath.Join(left, fmt.Sprintf("health/edge%d.example.net.edgestore", i)))
		}
		s.start()
		s.round()
		s.want("after a round", importedSet)
		if text := s.texts(); !strings.Contains(text, "they stay available") {
			t.Errorf("told %s", text)
		}
	})
}

// importedNames lists the edges of the import by names, which resolve.
func (s *site) importedNames() {
	s.Helper()
	var lines []string
	for i := 1; i <= 8; i++ {
		name := fmt.Sprintf("edge%d.example.net", i)
		lines = append(lines, name)
		s.resolver.set(name, fmt.Sprintf("192.0.2.%d", 10+i))
	}
	s.edges(lines...)
}

// Names whose addresses are not known yet are resolved first; the set after the first decision is the same.
func TestImportNames(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.importedNames()
		s.start()
		s.want("at once", "SERVFAIL")
		s.round()
		s.want("after the first decision", importedSet)
	})
}

// In dry run it is looked at and nothing is written.
func TestImportDryRun(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.config.DryRun = true
		s.start()
		s.equal("live", cmp.Diff(s.family(IPv4).Live, []string{"edge1.example.net", "edge3.example.net", "edge6.example.net", "edge8.example.net"}), "")
		s.stop()
		entries, err := os.ReadDir(s.config.State)
		if err != nil || len(entries) > 0 {
			t.Errorf("got %v, %v in the state", entries, err)
		}
	})
}

func (s *site) cut(path string) {
	s.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	s.write(path, string(data[:len(data)/2]))
}

func (s *site) write(path, text string) {
	s.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *site) remove(path string) {
	s.Helper()
	if err := os.Remove(path); err != nil {
		s.Fatal(err)
	}
}

// texts are the notes, warnings and faults that were told.
func (s *site) texts() string {
	var b strings.Builder
	for _, e := range heard[Note](s.told) {
		fmt.Fprintln(&b, e.Text)
	}
	for _, e := range heard[Warning](s.told) {
		fmt.Fprintln(&b, e.Text)
	}
	for _, e := range heard[Fault](s.told) {
		fmt.Fprintln(&b, e.Text)
	}
	return b.String()
}

// A dry run beside the Python tool ends with what that says by then: an edge that was taken out there meanwhile is out, one
// that was let in again is in, and the set is that tool's.
func TestImportAfterDryRun(t *testing.T) {
	inImport(t, func(s *site, left string) {
		s.config.DryRun = true
		s.start()
		s.round()
		taken, back := filepath.Join(left, "health/edge1.example.net.edgestore"), filepath.Join(left, "health/edge2.example.net.edgestore")
		s.replace(taken, `"mode": "available"`, `"mode": "unavailable"`)
		s.replace(taken, `"comment": ""`, `"comment": "[ops] flooded"`)
		s.replace(back, `"mode": "unavailable"`, `"mode": "available"`)
		s.replace(back, `"state_entry_time": 1795006065.0057764`, `"state_entry_time": 1795010868.5`)
		s.replace(filepath.Join(left, "mynet.state"), `"last_live": ["edge1.example.net", `, `"last_live": ["edge2.example.net", `)
		s.reload(func(c *config.Network) { c.DryRun = false })
		s.want("at once", "192.0.2.12 192.0.2.13 192.0.2.16 192.0.2.18")
		s.equal("mode of edge1", s.edgeMode("edge1.example.net"), selector.Unavailable)
		s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Available)
		s.round()
		s.want("a round later", "192.0.2.12 192.0.2.13 192.0.2.16 192.0.2.18")
		s.restart()
		s.equal("mode of edge1 after a restart", s.edgeMode("edge1.example.net"), selector.Unavailable)
	})
}

func (s *site) replace(path, old, new string) {
	s.Helper()
	data := s.content(path)
	if !strings.Contains(data, old) {
		s.Fatalf("%s has no %s", path, old)
	}
	s.write(path, strings.Replace(data, old, new, 1))
}

// Canaries that passed go on at once, each in its zone: the slow one that the tool had in use, and the fast one that it left
// unused.
func TestImportCanaries(t *testing.T) {
	inImport(t, func(s *site, _ string) {
		s.zones = []string{"example.com.", "example.org.", "shop.example.net."}
		s.canaries("example.org: 192.0.2.200", "shop.example.net: 192.0.2.201")
		s.prober.set(behaviour{took: 900 * time.Millisecond}, "192.0.2.200")
		s.prober.set(behaviour{took: 100 * time.Millisecond}, "192.0.2.201")
		s.start()
		s.want("at once", importedSet)
		s.wantAddrs("at once, without a canary", "example.com", importedSet)
		for zone, addr := range map[string]string{"example.org": "192.0.2.200", "shop.example.net": "192.0.2.201"} {
			got := s.addrs(zone, IPv4)
			if !strings.Contains(got, addr) || len(strings.Fields(got)) != 4 {
				t.Errorf("%s at once: got %s, want %s in it", zone, got, addr)
			}
			s.equal("active in "+zone, s.canary(zone).Active, true)
			s.round()
			s.wantAddrs("after the first decision", zone, got)
		}
	})
}

// What is there and may not be read refuses the start: begun without, the modes in it would be lost for good, since the next
// start does not import again. In dry run, which forgets, it is told.
func TestImportDenied(t *testing.T) {
	for _, name := range []string{"health", "health/edge1.example.net.edgestore", "mynet.state"} {
		t.Run(name, func(t *testing.T) {
			inImport(t, func(s *site, left string) {
				path := filepath.Join(left, name)
				s.unreadable(path)
				if err := s.tryStart(); err == nil || !strings.Contains(err.Error(), path) {
					t.Fatalf("got %v, want a refusal that names %s", err, path)
				}
				if _, err := os.Stat(filepath.Join(s.config.State, "net/state.json")); err == nil {
					t.Error("a state was saved")
				}
				s.config.DryRun = true
				s.start()
				if !strings.Contains(s.texts(), path) {
					t.Errorf("told %s", s.texts())
				}
				s.stop()
				s.config.DryRun = false
				s.readable(path)
				s.start()
				s.want("at once", importedSet)
				s.equal("mode of edge2", s.edgeMode("edge2.example.net"), selector.Unavailable)
			})
		})
	}
}

// unreadable puts something in the place of a file that cannot be read by anybody, root neither, and readable puts it back.
func (s *site) unreadable(path string) {
	s.Helper()
	if err := os.Rename(path, path+".kept"); err != nil {
		s.Fatal(err)
	}
	long := strings.Repeat("x", 300) // ENAMETOOLONG
	if err := os.Symlink(long, path); err != nil {
		s.Fatal(err)
	}
}

func (s *site) readable(path string) {
	s.Helper()
	s.remove(path)
	if err := os.Rename(path+".kept", path); err != nil {
		s.Fatal(err)
	}
}

// Whoever is killed while the imported names are still to be resolved goes on from the imported set all the same: the state that
// was saved by then had the modes alone, and nothing is imported twice.
func TestImportNamesKilled(t *testing.T) {
	inImport(t, func(s *site, left string) {
		// Edge5 is slower than edge1, which the rules would choose if nothing had been live.
		s.replace(filepath.Join(left, "mynet.state"), `"last_live": ["edge1.example.net", `, `"last_live": ["edge5.example.net", `)
		var lines []string
		for i := 1; i <= 8; i++ {
			lines = append(lines, fmt.Sprintf("edge%d.example.net", i))
		}
		s.edges(lines...)
		s.start()
		s.want("at once", "SERVFAIL")
		s.stop()
		if err := os.RemoveAll(left); err != nil {
			s.Fatal(err)
		}
		for i := 1; i <= 8; i++ {
			s.resolver.set(fmt.Sprintf("edge%d.example.net", i), fmt.Sprintf("192.0.2.%d", 10+i))
		}
		s.start()
		s.round()
		s.want("after the first decision", "192.0.2.13 192.0.2.15 192.0.2.16 192.0.2.18")
	})
}
