//go:build e2e && bench

package test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/miekg/dns"
)

const (
	startingPart  = "from exec to the first right answer"
	startsWithin  = 3 * time.Second
	firstApex     = "the live set, longest"
	firstIncluded = "a record of an include, longest"
)

// endings are the ways in which the server ends before a start, and how often each is measured.
func endings() []struct {
	how   string
	times int
} {
	return []struct {
		how   string
		times int
	}{
		{"a stop", inEarnest(5, 1)},
		{"kill -9 in the first seconds", inEarnest(3, 1)},
		{"kill -9 when a round is over", inEarnest(3, 1)},
		{"kill -9 while a set is written", inEarnest(4, 2)},
	}
}

func startingGoals() (all []goal) {
	for _, e := range endings() {
		for _, what := range []string{firstApex, firstIncluded} {
			all = append(all, goal{startingPart, "after " + e.how + ": " + what, "s", atMost(startsWithin.Seconds())})
		}
	}
	return all
}

// measureStarting times a server with many edges of full history and many whole zones from its exec to the first right
// answers: after it was stopped, and after kill -9 at moments of several kinds. Right is the set that stood before, and a
// record of an include. The histories are read after that, before the first probe.
func measureStarting(t *testing.T, r *results) {
	const part = startingPart
	edges, zones := inEarnest(10000, 1000), inEarnest(wholeZones, 1000)
	f := newFarm(t, edges, false)
	st := f.site(time.Minute)
	samples := fill(t, st.path("state/main"), edges, time.Minute, fullHistory/2)
	include := ""
	for i := range recordsIncluded {
		include += fmt.Sprintf("host%d IN A 198.51.100.%d\n", i, i)
	}
	for i := range zones {
		st.include(fmt.Sprintf("zone%05d.example.org.", i), include)
	}
	st.with("includes " + st.path("includes"))
	apex := fmt.Sprintf("zone%05d.example.org.", zones-1)
	e := &ending{t: t, farm: f, s: f.serve(st, st.directive("main")), client: control.NewClient(st.path("state/control.sock")), apex: apex}
	f.awaitRound(1, 2*time.Minute)
	host := "host7." + apex
	for _, kind := range endings() {
		var apexes, hosts, spent, probed []time.Duration
		for range kind.times {
			right := e.end(kind.how)
			f.forget()
			e.s.start()
			apexes = append(apexes, e.s.firstRight(t, apex, right))
			spent = append(spent, processorTime(t, e.s.cmd.Process.Pid))
			hosts = append(hosts, e.s.firstRight(t, host, func(got []string) bool { return slices.Equal(got, []string{"198.51.100.7"}) }))
			sees(t, patience, "the first probe", f.count, func(n int) bool { return n > 0 })
			probed = append(probed, time.Since(e.s.started))
		}
		note := func(all []time.Duration) string {
			return fmt.Sprintf("half within %s s, of %d starts with %d edges, %d samples, %d zones of %d records", readable(median(all).Seconds()), len(all), edges, samples, zones, recordsIncluded)
		}
		after := "after " + kind.how + ": "
		r.bound(t, part, after+firstApex, quantile(apexes, 1).Seconds(), "s", startsWithin.Seconds(), note(apexes))
		r.bound(t, part, after+firstIncluded, quantile(hosts, 1).Seconds(), "s", startsWithin.Seconds(), note(hosts))
		r.add(t, part, after+"processor time until then", median(spent).Seconds(), "s", "")
		r.add(t, part, after+"the first probe", median(probed).Seconds(), "s", "every history is read by then")
	}
	r.add(t, part, "resident when every history is loaded", float64(e.s.memory())/1e6, "MB", "")
}

// firstRight waits for an answer, which must be right when it comes, and returns how long after the exec it came.
func (s *server) firstRight(t *testing.T, name string, right func(set []string) bool) time.Duration {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for time.Since(s.started) < patience {
		if m, err := s.exchange(name, dns.TypeA, 100*time.Millisecond); err == nil {
			if got := values(m); !right(got) {
				t.Errorf("the first answer for %s is %v, which is not what stood before", name, got)
			}
			return time.Since(s.started)
		}
		<-tick.C
	}
	t.Fatalf("no answer for %s in %s", name, patience)
	return 0
}
