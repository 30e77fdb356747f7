//go:build e2e

package test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// zoneFile is where the site has a zone written.
func (s *site) zoneFile(zone string) string { return filepath.Join(s.path("zonefiles"), zone+"zone") }

// readZone reads a zone file as transferred gives a zone.
func readZone(text, zone string) ([]string, error) {
	zp := dns.NewZoneParser(strings.NewReader(text), zone, "")
	var lines []string
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		lines = append(lines, rr.String())
	}
	slices.Sort(lines)
	return lines, zp.Err()
}

// writtenAs waits until the file of a zone holds what a transfer of it does.
func (s *site) writtenAs(primary *server, zone string) {
	s.t.Helper()
	var want []string
	sees(s.t, patience, s.zoneFile(zone)+" to be as transferred", func() string {
		text, err := os.ReadFile(s.zoneFile(zone))
		if err != nil {
			return err.Error()
		}
		got, err := readZone(string(text), zone)
		if err != nil {
			return err.Error()
		}
		if want, err = transferred(primary.addr, zone, false); err != nil {
			return err.Error()
		}
		return cmp.Diff(want, got)
	}, func(difference string) bool { return difference == "" })
}

// inodes tells which of the zone files were replaced between two calls.
func (s *site) inodes(zones []string) map[string]os.FileInfo {
	s.t.Helper()
	infos := map[string]os.FileInfo{}
	for _, zone := range zones {
		info, err := os.Stat(s.zoneFile(zone))
		if err != nil {
			s.t.Fatal(err)
		}
		infos[zone] = info
	}
	return infos
}

func replaced(before, after map[string]os.FileInfo) (zones []string) {
	for zone := range before {
		if !os.SameFile(before[zone], after[zone]) || before[zone].ModTime() != after[zone].ModTime() {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// Zone files are complete and accepted by others, are replaced as a whole and only when they change, and go with their
// zone.
func TestZoneFiles(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4)
	for zone, text := range realZones {
		st.include(zone, text)
	}
	zones := slices.Sorted(maps.Keys(realZones))
	st.with("includes "+st.path("includes"), "zonefiles "+st.path("zonefiles"))
	s := startServer(t, st.dir, block(".", "transfer {\n        to *\n    }", st.directive("main")))
	s.full(2)

	var reading sync.WaitGroup
	stop := make(chan struct{})
	defer reading.Wait()
	defer close(stop)

	t.Run("equal to a transfer, and accepted", func(t *testing.T) {
		for _, zone := range zones {
			st.writtenAs(s, zone)
			name := strings.TrimSuffix(zone, ".")
			if out, status := runProgram(t, "", "named-checkzone", "-i", "local", name, st.zoneFile(zone)); status != 0 {
				t.Errorf("named-checkzone of %s: %d\n%s", zone, status, out)
			}
			if out, status := runProgram(t, "", "kzonecheck", "-o", name, st.zoneFile(zone)); status != 0 {
				t.Errorf("kzonecheck of %s: %d\n%s", zone, status, out)
			}
		}
	})
	// From here on somebody reads all the time: he must never find a part of a file.
	reading.Go(func() {
		rest := func(lines []string) []string {
			return slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "example.org.") })
		}
		var whole []string
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for first := true; ; first = false {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			text, err := os.ReadFile(st.zoneFile(zone))
			if err != nil {
				t.Errorf("reading a file while it is replaced: %v", err)
				return
			}
			lines, err := readZone(string(text), zone)
			if got := rest(lines); first {
				whole = got
			} else if err != nil || !slices.Equal(got, whole) {
				t.Errorf("a reader found a part of a file: %v\n%s", err, text)
				return
			}
		}
	})
	t.Run("untouched without a change", func(t *testing.T) {
		before, changes := st.inodes(zones), s.setChanges()
		rounds(t, 3, st.edges...)
		if got := replaced(before, st.inodes(zones)); len(got) > 0 && s.setChanges() == changes {
			t.Errorf("without a change these were written: %v", got)
		}
	})
	t.Run("replaced after a rotation", func(t *testing.T) {
		for range 3 {
			dead := s.apex()[0]
			st.at(dead).set(t, serverError)
			s.leaves(10*swapBound, dead)
			for _, zone := range zones {
				st.writtenAs(s, zone)
			}
			st.at(dead).set(t, healthy)
		}
	})
	t.Run("one replaced after an edit of its zone", func(t *testing.T) {
		s.full(2)
		for _, zone := range zones {
			st.writtenAs(s, zone)
		}
		before, changes := st.inodes(zones), s.setChanges()
		st.include("example.com.", "edited IN TXT here\n")
		sees(t, patience, "the edit to be written", func() string {
			text, _ := os.ReadFile(st.zoneFile("example.com."))
			return string(text)
		}, func(text string) bool { return strings.Contains(text, "edited") })
		st.writtenAs(s, "example.com.")
		if diff := cmp.Diff([]string{"example.com."}, replaced(before, st.inodes(zones))); diff != "" && s.setChanges() == changes {
			t.Errorf("written after an edit (-want +got):\n%s", diff)
		}
	})
	t.Run("removed with its zone", func(t *testing.T) {
		foreign := filepath.Join(st.path("zonefiles"), "foreign.example.zone")
		if err := os.WriteFile(foreign, []byte("; somebody else's\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(st.path("includes"), "example.com.zone")); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, "the file to be removed", func() bool {
			_, err := os.Stat(st.zoneFile("example.com."))
			return os.IsNotExist(err)
		})
		names := st.listZoneFiles()
		if diff := cmp.Diff([]string{"example.org.zone", "foreign.example.zone", "shop.example.net.zone"}, names); diff != "" {
			t.Errorf("the directory (-want +got):\n%s", diff)
		}
	})
}

func (s *site) listZoneFiles() (names []string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.path("zonefiles"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
