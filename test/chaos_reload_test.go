//go:build e2e && chaos

package test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// TestChaosReload reloads under load, a third of the time a Corefile that fails, each in a place of its own. No query is
// lost, one engine is left, and what the process holds stays what it was.
func TestChaosReload(t *testing.T) {
	figures.Part(t)
	figures.Expect(t, "reload", append([]string{"reloads under load", "queries", "engines in the end", "serial and set"}, heldRows...)...)
	st := newSite(t, 6).with("labels www", "edge_count 3")
	metricsAt := "127.0.0.1:" + freePort(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, takenPort, _ := net.SplitHostPort(taken.Addr().String())
	beside := newSite(t, 2)
	corefile := func(directive string, more ...string) string {
		return block("example.org", "prometheus "+metricsAt, directive) + strings.Join(more, "")
	}
	good := func() string { return corefile(st.directive("main")) }
	fault := func(property string) string {
		was := strings.Fields(property)[0]
		before, had := st.body[was]
		defer func() {
			if delete(st.body, was); had {
				st.body[was] = before
			}
		}()
		return corefile(st.with(property).directive("main"))
	}
	goods := []func() string{
		good,
		func() string { st.with("max_changes 0"); return good() },
		func() string { st.with("max_changes 7 1h"); return good() },
		func() string { st.with("window 6m"); return good() },
		func() string { return corefile(st.directive("main"), block("example.net", beside.directive("other"))) },
	}
	fails := []func() string{
		func() string { return "example.org {\n    edgemanage main {\n" },
		func() string { return fault("edge_count many") },
		func() string { return fault("edges " + st.path("nowhere")) },
		func() string { return fault("object http://www.example.org/ " + st.path("nowhere")) },
		func() string { return fault("status 127.0.0.1:" + takenPort) },
		func() string { return fault("control " + strings.Repeat("long/", 30) + "socket") },
		func() string { return good() + block("example.net:"+takenPort, "whoami") },
		func() string { return good() + block("example.net", "health 127.0.0.1:"+takenPort) },
		func() string { return good() + block("example.net", "edgemanage other") },
		func() string { return good() + block("example.net", "nosuchplugin") },
	}

	s := startServer(t, st.dir, good())
	w := watch(t, s)
	live := s.full(3)
	f := flood(t, s, live)
	tr := newTrend(t, s, metricsAt)
	tr.look()
	reloads, failed := scaled(300), 0
	var slowest time.Duration
	for i := range reloads {
		text, says := goods[i%len(goods)](), "[INFO] Reloading complete"
		if i%3 == 2 {
			text, says = fails[i/3%len(fails)](), "[ERROR] SIGUSR1"
			failed++
		}
		ended := len(s.lines(says))
		s.configure(text)
		s.signal(syscall.SIGUSR1)
		took := eventually(t, patience, fmt.Sprintf("reload %d to end with %q", i+1, says), func() bool { return len(s.lines(says)) > ended })
		slowest = max(slowest, took)
		if got := s.apex(); !slices.Equal(got, live) {
			t.Fatalf("after reload %d the set is %v, want %v", i+1, got, live)
		}
		if i%5 == 4 {
			tr.look()
		}
		// The next one comes at any moment of a round.
		<-time.After(rand.N(150 * time.Millisecond))
	}
	s.configure(good())
	s.signal(syscall.SIGUSR1)
	probedOnce(t, st.edges)
	f.check(t)
	w.end()
	for _, fault := range slices.Compact(w.faults) {
		t.Error(fault)
	}
	row := func(name, measured, bound string) { figures.Add(t, "reload", name, measured, bound) }
	row("reloads under load", fmt.Sprintf("%d, %d of them failing in %d ways; the slowest took %s", reloads, failed, min(failed, len(fails)), slowest.Round(time.Millisecond)), "300, a third failing")
	row("queries", fmt.Sprintf("%d, %d not answered with the set", f.sent.Load(), len(f.faults)), "0 lost or otherwise")
	row("engines in the end", "each edge is probed once an interval", "one")
	row("serial and set", fmt.Sprintf("%d serials seen, none fell, none stood for two sets", len(w.serials)), "only rises")
	tr.flat(row, 12, 0.25)
}
