//go:build e2e && bench

package test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// measureStarting times a server with many edges of full history and many whole zones from its exec to the first right
// answers: after it was stopped, and after kill -9 at any moment of a round. Right is the set that stood before, and a record
// of an include. The histories are read after that, before the first probe.
func measureStarting(t *testing.T, r *results) {
	const part, startBound = "from exec to the first right answer", 3 * time.Second
	edges, zones, starts := inEarnest(10000, 1000), inEarnest(wholeZones, 1000), inEarnest(7, 1)
	f := newFarm(t, edges, false)
	st := f.site(time.Minute)
	samples := fill(t, st.path("state/main"), edges, time.Minute)
	include := ""
	for i := range recordsIncluded {
		include += fmt.Sprintf("host%d IN A 198.51.100.%d\n", i, i)
	}
	for i := range zones {
		st.include(fmt.Sprintf("zone%05d.example.org.", i), include)
	}
	st.with("includes " + st.path("includes"))
	s := f.serve(st, st.directive("main"))
	f.awaitRound(1, 2*time.Minute)
	apex := fmt.Sprintf("zone%05d.example.org.", zones-1)
	host := "host7." + apex
	set, _ := sees(t, patience, "the first decision", func() []string { return s.set(apex, dns.TypeA) }, func(set []string) bool { return len(set) == 4 })

	for _, how := range []string{"stopped", "killed"} {
		var apexes, hosts, spent, probed []time.Duration
		for range starts {
			if how == "stopped" {
				s.stop()
			} else {
				<-time.After(rand.N(2 * time.Second))
				s.kill()
			}
			f.forget()
			s.start()
			apexes = append(apexes, s.firstRight(t, apex, set))
			spent = append(spent, processorTime(t, s.cmd.Process.Pid))
			hosts = append(hosts, s.firstRight(t, host, []string{"198.51.100.7"}))
			sees(t, patience, "the first probe", f.count, func(n int) bool { return n > 0 })
			probed = append(probed, time.Since(s.started))
		}
		note := func(all []time.Duration) string {
			return fmt.Sprintf("half within %s s, of %d starts with %d edges, %d samples, %d zones of %d records", readable(median(all).Seconds()), len(all), edges, samples, zones, recordsIncluded)
		}
		r.bound(t, part, how+" before: the live set, longest", quantile(apexes, 1).Seconds(), "s", startBound.Seconds(), note(apexes))
		r.bound(t, part, how+" before: a record of an include, longest", quantile(hosts, 1).Seconds(), "s", startBound.Seconds(), note(hosts))
		r.add(t, part, how+" before: processor time until then", median(spent).Seconds(), "s", "")
		r.add(t, part, how+" before: the first probe", median(probed).Seconds(), "s", "every history is read by then")
	}
	r.add(t, part, "resident when every history is loaded", float64(s.memory())/1e6, "MB", "")
}

// firstRight waits for an answer, which must be right when it comes, and returns how long after the exec it came.
func (s *server) firstRight(t *testing.T, name string, want []string) time.Duration {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for time.Since(s.started) < patience {
		if m, err := s.exchange(name, dns.TypeA, 100*time.Millisecond); err == nil {
			if got := values(m); !slices.Equal(got, want) {
				t.Errorf("the first answer for %s is %v, want %v", name, got, want)
			}
			return time.Since(s.started)
		}
		<-tick.C
	}
	t.Fatalf("no answer for %s in %s", name, patience)
	return 0
}
