//go:build e2e

package test

import (
	"fmt"
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

// Another CoreDNS serves the directory by *auto*, follows it, and takes nothing there for a zone that is none.
func TestZoneFilesForAuto(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4)
	zones := []string{zone}
	for i := range 200 {
		zones = append(zones, fmt.Sprintf("zone%d.example.org.", i))
	}
	st.with("zonefiles " + st.path("zonefiles"))
	// A file of each zone that was there before is kept under a hidden name.
	if err := os.MkdirAll(st.path("zonefiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(st.zoneFile(zone), []byte("@ IN SOA ns1.example.net. hostmaster 7 1 1 1 1\n@ IN NS ns1.example.net.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	writer := startServer(t, st.dir, block(".", st.directive("main", zones...)))
	writer.full(2)
	eventually(t, patience, "every zone to be written", func() bool { return len(st.listZoneFiles()) == len(zones)+1 })
	// What a crash leaves behind.
	if err := os.WriteFile(filepath.Join(st.path("zonefiles"), ".edgemanage-12345.tmp"), []byte("@ IN SOA a. b. 9 1 1 1 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var readers []*server
	for _, pattern := range []string{`^(.*)\.zone$ {1}`, `(.*)\.zone {1}`, ""} {
		readers = append(readers, startServer(t, t.TempDir(), block(".", fmt.Sprintf("auto {\n        directory %s %s\n        reload 20ms\n    }", st.path("zonefiles"), pattern))))
	}
	for range 4 {
		dead := writer.apex()[0]
		st.at(dead).set(t, serverError)
		writer.leaves(10*swapBound, dead)
		for _, r := range readers[:2] {
			last := zones[len(zones)-1]
			sees(t, patience, "auto to show the rotation", func() string { return showing(r.addr, zone, last) }, func(got string) bool { return got == showing(writer.addr, zone, last) })
		}
		st.at(dead).set(t, healthy)
	}
	for i, r := range readers {
		// Not in good order: auto holds a zone's lock while it waits for the goroutine that may be waiting for that lock.
		r.kill()
		inserted := map[string]bool{}
		for _, line := range r.lines("Inserting zone") {
			_, name, _ := strings.Cut(line, "`")
			name, _, _ = strings.Cut(name, "'")
			inserted[name] = true
		}
		want := slices.Sorted(slices.Values(zones))
		if i == 2 {
			want = nil // the default pattern takes db.ZONE
		}
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(inserted))); diff != "" {
			t.Errorf("zones that auto %d loaded (-want +got):\n%s", i, diff)
		}
		if wrong := r.lines("Parse zone"); len(wrong) > 0 {
			t.Errorf("auto %d read what is no zone: %v", i, wrong)
		}
	}
}

// A full disk leaves the old zone files whole; it is said once, and the new ones are written when there is room.
func TestZoneFilesOnFullDisk(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4)
	dir := st.path("zonefiles")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ns := newNamespace(t, false, "mount -t tmpfs -o size=1m none "+dir)
	metricsAt := "127.0.0.1:" + freePort(t)
	st.with("zonefiles " + dir)
	s := newServer(t, st.dir, block(".", "prometheus "+metricsAt, st.directive("main", zone)))
	s.in = ns
	s.start()
	s.awaitAnswers()
	live := s.full(2)
	file := func() string { return ns.sh("cat " + dir + "/*.zone 2>/dev/null || true") }
	// On a busy machine the set may change of itself.
	current := func(text string) bool {
		lines, err := readZone(text, zone)
		var set []string
		for _, line := range lines {
			if f := strings.Fields(line); f[3] == "A" {
				set = append(set, f[4])
			}
		}
		slices.Sort(set)
		return err == nil && slices.Equal(set, s.apex())
	}
	sees(t, patience, "the zone to be written", file, current)

	ns.sh("dd if=/dev/zero of=" + dir + "/filler bs=4k 2>/dev/null || true")
	old := file()
	st.at(live[0]).set(t, serverError)
	t.Logf("on a full disk an edge left after %s, bound %s", s.leaves(10*swapBound, live[0]), swapBound)
	errors := func() float64 {
		v, _ := metric(t, metricsAt, "zonefile_errors_total")
		return v
	}
	sees(t, patience, "the trouble to be counted", errors, func(v float64) bool { return v > 0 })
	rounds(t, 3, st.edges...)
	if diff := cmp.Diff(old, file()); diff != "" {
		t.Errorf("the file on the full disk (-before +now):\n%s", diff)
	}
	if got := ns.sh("ls -A " + dir); got != "example.org.zone\nfiller\n" {
		t.Errorf("the full disk holds %q", got)
	}
	if lines := s.lines("writing zone files"); len(lines) != 1 {
		t.Errorf("the trouble was logged %d times, want once: %v", len(lines), lines)
	}
	ns.sh("rm " + dir + "/filler")
	sees(t, patience, "the zone to be written with room again", file, current)
}

// Ten thousand zone files are written in the background: answers and decisions go on as if nothing were.
func TestManyZoneFiles(t *testing.T) {
	path, err := plainServer()
	if err != nil {
		t.Fatal(err)
	}
	st := newSite(t, 4)
	zones := make([]string, manyZones)
	for i := range zones {
		zones[i] = fmt.Sprintf("zone%05d.example.org.", i)
	}
	last := zones[len(zones)-1]
	st.with("zonefiles " + st.path("zonefiles"))
	s := newServer(t, st.dir, block(".", st.directive("main", append(zones, zone)...)))
	s.path = path
	s.start()
	s.awaitAnswers()
	s.full(2)
	written := func() bool {
		text, err := os.ReadFile(st.zoneFile(last))
		return err == nil && strings.Contains(string(text), fmt.Sprintf("serial %d\n", s.serial()))
	}
	t.Logf("%d zones are written in %s", manyZones, eventually(t, 5*time.Minute, "every zone to be written", written).Round(time.Millisecond))
	quiet := answerTimes(t, s, 2000, func() bool { return true })

	dead := s.apex()[0]
	st.at(dead).set(t, serverError)
	s.leaves(10*swapBound, dead)
	busy := answerTimes(t, s, 100, func() bool { return written() })
	t.Logf("answers take %s; while the files are written %s", quiet, busy)
	if busy.most > patience/10 || busy.p99 > time.Second/10 {
		t.Errorf("answers take %s while the files are written, want 99 of 100 within 100ms", busy)
	}
	// Each of them, not only the last.
	serial := fmt.Sprintf("serial %d\n", s.serial())
	for _, zone := range zones {
		text, err := os.ReadFile(st.zoneFile(zone))
		if err != nil || !strings.Contains(string(text), serial) {
			t.Fatalf("%s: %v, want %s in\n%s", zone, err, serial, text)
		}
	}
}

// spread says how long answers took.
type spread struct {
	n              int
	p50, p99, most time.Duration
}

func (s spread) String() string {
	return fmt.Sprintf("%s, 99 of 100 at most %s, the slowest of %d %s", s.p50, s.p99, s.n, s.most)
}

// answerTimes asks again and again, at least so often, until it is enough.
func answerTimes(t testing.TB, s *server, least int, enough func() bool) spread {
	t.Helper()
	var took []time.Duration
	for start := time.Now(); len(took) < least || !enough(); {
		if time.Since(start) > 5*time.Minute {
			t.Fatal("it is never enough")
		}
		for range 100 {
			from := time.Now()
			if _, err := s.exchange(zone, dns.TypeA, 10*time.Second); err != nil {
				t.Fatalf("asking: %v", err)
			}
			took = append(took, time.Since(from))
		}
	}
	slices.Sort(took)
	return spread{len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1]}
}
