//go:build e2e && chaos

package test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// TestChaosFiles spoils, while the server runs, each file that it reads.
func TestChaosFiles(t *testing.T) {
	figures.Part(t)
	for _, tt := range []struct {
		name    string
		spoil   func(t *testing.T, st *site)
		mend    func(t *testing.T, st *site)
		counted bool // as a fault, by a metric
	}{
		{"the edge list emptied", func(t *testing.T, st *site) { truncateTo(t, st.path("edges"), 0) }, relist, true},
		{"the edge list removed", func(t *testing.T, st *site) { must(t, os.Remove(st.path("edges"))) }, relist, true},
		{"the edge list a directory", func(t *testing.T, st *site) {
			must(t, os.Remove(st.path("edges")))
			must(t, os.Mkdir(st.path("edges"), 0o755))
		}, func(t *testing.T, st *site) { must(t, os.Remove(st.path("edges"))); relist(t, st) }, true},
		{"the edge list cut within an address", func(t *testing.T, st *site) {
			text := readFile(t, st.path("edges"))
			truncateTo(t, st.path("edges"), int64(strings.LastIndex(text, ".")+1))
		}, relist, true},
		{"the edge list written in two halves", func(t *testing.T, st *site) {
			text := readFile(t, st.path("edges"))
			truncateTo(t, st.path("edges"), int64(strings.Index(text, "\n")+1))
			<-time.After(500 * time.Millisecond)
			must(t, os.WriteFile(st.path("edges"), []byte(text), 0o644))
		}, relist, false},
		{"the edge list of zeros", func(t *testing.T, st *site) { must(t, os.WriteFile(st.path("edges"), make([]byte, 4096), 0o644)) }, relist, true},
		{"the object removed", func(t *testing.T, st *site) { must(t, os.Remove(st.path("object"))) },
			func(t *testing.T, st *site) { st.write("object", objectBody) }, true},
		{"the object emptied", func(t *testing.T, st *site) { truncateTo(t, st.path("object"), 0) },
			func(t *testing.T, st *site) { st.write("object", objectBody) }, true},
		{"an include spoilt", func(t *testing.T, st *site) { st.include(zone, "@ IN A 192.0.2.1\n") },
			func(t *testing.T, st *site) { st.include(zone, "host IN TXT first\n") }, true},
		{"the includes removed", func(t *testing.T, st *site) { must(t, os.Rename(st.path("includes"), st.path("away"))) },
			func(t *testing.T, st *site) { must(t, os.Rename(st.path("away"), st.path("includes"))) }, true},
	} {
		figures.Expect(t, "faults", "files: "+tt.name)
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 4)
			st.include(zone, "host IN TXT first\n")
			st.include("example.com.", "host IN TXT first\n")
			st.with("includes " + st.path("includes"))
			metricsAt := "127.0.0.1:" + freePort(t)
			s := startServer(t, st.dir, block(".", "prometheus "+metricsAt, st.directive("main")))
			live := s.full(2)
			w, changes := bearWitness(t, s), s.setChanges()
			count := func() float64 {
				v, _ := metric(t, metricsAt, "reload_errors_total")
				return v
			}
			tt.spoil(t, st)
			if tt.counted {
				sees(t, patience, "the fault to be counted", count, func(n float64) bool { return n > 0 })
			}
			rounds(t, 3, st.edges...)
			// Trouble of the machine alone may change the set; that a file was to blame shows in who is left.
			if got := s.apex(); !slices.Equal(got, live) && s.setChanges() == changes {
				t.Errorf("the set is %v, was %v", got, live)
			}
			if got := s.texts("host." + zone); got != "first" {
				t.Errorf("the rest of the zone says %q, want first", got)
			}
			if got := len(st.operator().edges()); got != len(st.edges) {
				t.Errorf("there are %d edges, want %d", got, len(st.edges))
			}
			faults := count()
			answers := w.answers()
			tt.mend(t, st)
			st.at(live[0]).set(t, serverError)
			s.leaves(10*swapBound, live[0])
			s.full(2)
			fault(t, "files: "+tt.name, answers, "as before; all edges known, and the rest of the zone answered",
				fmt.Sprintf("the last good version stays; %.0f faults counted; once it is mended a dead edge leaves, %s", faults, st.saved(t, s)))
		})
	}
}

func relist(t *testing.T, st *site) {
	t.Helper()
	st.list(st.edges...)
}

func truncateTo(t *testing.T, path string, size int64) {
	t.Helper()
	must(t, os.Truncate(path, size))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
