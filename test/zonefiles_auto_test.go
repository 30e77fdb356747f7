//go:build e2e

package test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
