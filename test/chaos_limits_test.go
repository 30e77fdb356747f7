//go:build e2e && chaos

package test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// TestChaosDescriptors starts the server with 64 descriptors, of which the first round of two hundred slow edges wants more: it
// must find some for its own sockets. Later it is the probes that find none, which is our own trouble: no edge may be
// withdrawn for it.
func TestChaosDescriptors(t *testing.T) {
	t.Parallel()
	figures.Part(t)
	figures.Expect(t, "faults", "limits: 64 descriptors, 200 slow edges")
	st := newSite(t, 200).with("edge_count 4")
	for _, e := range st.edges {
		e.slow(1200 * time.Millisecond)
	}
	metricsAt := "127.0.0.1:" + freePort(t)
	s := newServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
	s.prefix = []string{"sh", "-c", `ulimit -n 64 && exec "$@"`, "sh"}
	s.start()
	s.awaitAnswers()
	for _, e := range st.edges {
		e.slow(10 * time.Millisecond)
	}
	s.full(4)
	rounds(t, 2, st.edges[:20]...)
	live, changes := s.apex(), s.setChanges()
	w := bearWitness(t, s)
	for _, e := range st.edges {
		e.slow(1200 * time.Millisecond)
	}
	ended := func() float64 { return probes(t, metricsAt, "local") + probes(t, metricsAt, "ok") }
	before := probes(t, metricsAt, "local")
	during := eventually(t, patience, "probes to be our own trouble", func() bool { return probes(t, metricsAt, "local") > before+100 })
	// Two rounds, in which some edges may never get a descriptor.
	from := ended()
	eventually(t, patience, "two rounds to end", func() bool { return ended() >= from+float64(2*len(st.edges)) })
	local := probes(t, metricsAt, "local")
	answers := w.answers()
	if got := s.apex(); !slices.Equal(got, live) || s.setChanges() != changes {
		t.Errorf("the set is %v, was %v, after %d changes", got, live, s.setChanges()-changes)
	}
	for _, e := range st.edges {
		e.slow(10 * time.Millisecond)
	}
	sees(t, patience, "the trouble to be over", func() float64 {
		from := probes(t, metricsAt, "local")
		rounds(t, 2, st.edges[:4]...)
		return probes(t, metricsAt, "local") - from
	}, func(more float64) bool { return more == 0 })
	fault(t, "limits: 64 descriptors, 200 slow edges", answers, "as before, no edge withdrawn",
		fmt.Sprintf("%s; %.0f probes ended as local, within %s and two rounds, and none once the edges were fast again", st.saved(t, s), local, during.Round(time.Second)))
}

// TestChaosMemory gives the server less memory than it wants. Collecting garbage all the time costs processor time; it must
// not cost an answer.
func TestChaosMemory(t *testing.T) {
	t.Parallel()
	figures.Part(t)
	figures.Expect(t, "faults", "limits: GOMEMLIMIT=16MiB, 100 edges, 1,000 zones")
	st := newSite(t, 100).with("edge_count 4")
	for _, e := range st.edges {
		e.slow(10 * time.Millisecond)
	}
	for i := range 1000 {
		st.include(fmt.Sprintf("zone%d.example.org.", i), "mail IN A 198.51.100.7\n@ IN MX 10 mail\n")
	}
	st.include(zone, "mail IN A 198.51.100.7\n")
	st.with("includes " + st.path("includes"))
	s := newServer(t, st.dir, block(".", st.directive("main")))
	s.env = []string{"GOMEMLIMIT=16MiB"}
	s.start()
	s.awaitAnswers()
	live := s.full(4)
	w := bearWitness(t, s)
	rounds(t, 2, st.edges...)
	st.at(live[0]).set(t, serverError)
	left := s.leaves(10*swapBound, live[0])
	s.full(4)
	rounds(t, 2, st.edges[5:9]...)
	fault(t, "limits: GOMEMLIMIT=16MiB, 100 edges, 1,000 zones", w.answers(),
		fmt.Sprintf("a dead edge left in %s", left.Round(100*time.Millisecond)), fmt.Sprintf("%s; %d MB resident at most", st.saved(t, s), s.peak()>>20))
}
