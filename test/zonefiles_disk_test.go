//go:build e2e

package test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
