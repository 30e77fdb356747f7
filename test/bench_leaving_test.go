//go:build e2e && bench

package test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const leavingPart = "from an edge's death to the first answer without it"

// deaths are the ways in which edges die here, each with the time within which such an edge must have left. What refuses or
// answers wrongly is seen at once, what hangs at the deadline.
var deaths = []struct {
	behaviour
	bound time.Duration
}{{refusing, interval + time.Second}, {hanging, swapBound}, {wrongBody, interval + time.Second}}

func leavingGoals() (all []goal) {
	for _, d := range deaths {
		all = append(all, goal{leavingPart, longest("edgemanage", d.behaviour), "s", atMost(d.bound.Seconds())})
	}
	return all
}

func death(who string, b behaviour) string {
	return fmt.Sprintf("%s, %s, interval %s", who, b, interval)
}

func longest(who string, b behaviour) string { return death(who, b) + ": longest" }

// trial is how long it took for one edge to leave, or that it had not when the trial ended.
type trial struct {
	took time.Duration
	left bool
}

// measureLeaving kills edges at random moments, with this server and with gdnsd's http_status at the same time beside it, on
// edges of its own.
func measureLeaving(t *testing.T, r *results) {
	ours, theirs := make([][]trial, len(deaths)), map[string][][]trial{}
	passed := t.Run("all", func(t *testing.T) {
		for i, d := range deaths {
			t.Run("edgemanage, "+string(d.behaviour), func(t *testing.T) {
				t.Parallel()
				ours[i] = leaveOurs(t, d.behaviour, inEarnest(30, 2))
			})
		}
		t.Run("gdnsd", func(t *testing.T) {
			t.Parallel()
			theirs = leaveGdnsd(t, inEarnest(10, 2))
		})
	})
	if !passed {
		return // the trials are not whole
	}
	for i, d := range deaths {
		r.distribution(t, "edgemanage", d.behaviour, ours[i], d.bound)
	}
	for _, kind := range gdnsdKinds {
		for i, d := range deaths {
			r.distribution(t, kind.name, d.behaviour, theirs[kind.name][i], 0)
		}
	}
}

// distribution adds the figures of one way to die; bound is 0 where nothing is promised.
func (r *results) distribution(t testing.TB, who string, b behaviour, trials []trial, bound time.Duration) {
	t.Helper()
	var times []time.Duration
	for _, tr := range trials {
		if tr.left {
			times = append(times, tr.took)
		}
	}
	if len(times) < len(trials) {
		r.add(t, leavingPart, death(who, b)+": never left", float64(len(trials)-len(times)), fmt.Sprintf("of %d", len(trials)), fmt.Sprintf("watched for %s", gdnsdWatch))
		return
	}
	note := fmt.Sprintf("half within %s s, 90 %% within %s s, of %d trials", readable(median(times).Seconds()), readable(quantile(times, 0.9).Seconds()), len(times))
	if bound == 0 {
		r.add(t, leavingPart, longest(who, b), quantile(times, 1).Seconds(), "s", note)
		return
	}
	r.bound(t, leavingPart, longest(who, b), quantile(times, 1).Seconds(), "s", bound.Seconds(), note)
}

// leaveOurs has one live edge after the other die; each is back and probed before the next one dies.
func leaveOurs(t *testing.T, b behaviour, trials int) (all []trial) {
	path, err := benchServer()
	if err != nil {
		t.Fatal(err)
	}
	st := newSite(t, 8).with("edge_count 3")
	for _, e := range st.edges {
		e.slow(0)
	}
	s := newServer(t, st.dir, block("example.org", st.directive("main")))
	s.path = path
	s.start()
	s.awaitAnswers()
	for range trials {
		live := s.full(3)
		<-time.After(rand.N(interval)) // at any moment of the edge's turn
		dead := live[rand.IntN(len(live))]
		st.at(dead).set(t, b)
		all = append(all, trial{s.leaves(10*swapBound, dead), true})
		st.at(dead).set(t, healthy)
		rounds(t, 1, st.at(dead))
	}
	return all
}

// gdnsdKinds are the two ways in which gdnsd is configured: as eager as it can be, and by its defaults. Its timeout is in
// whole seconds and below the interval.
var gdnsdKinds = []struct{ name, thresholds string }{
	{"gdnsd, down_thresh 1", "up_thresh => 1, ok_thresh => 1, down_thresh => 1"},
	{"gdnsd, default thresholds", "up_thresh => 20, ok_thresh => 10, down_thresh => 10"},
}

// gdnsdWatch is for how long an edge of gdnsd's is waited for: by default it takes ten failures.
const gdnsdWatch = 15 * interval

// leaveGdnsd has as many edges die as there are trials, for each way to die, every one behind a name of its own with a
// healthy one beside it.
func leaveGdnsd(t *testing.T, trials int) map[string][][]trial {
	st := newSite(t, trials*len(deaths)+1)
	for _, e := range st.edges {
		e.slow(0)
	}
	spare, dying := st.edges[len(st.edges)-1], st.edges[:len(st.edges)-1]
	dir, dnsPort := t.TempDir(), freePort(t)
	config := gdnsdOptions(dir, dnsPort) + "service_types => {\n"
	for i, kind := range gdnsdKinds {
		config += fmt.Sprintf("  kind%d => { plugin => http_status, port => %s, url_path => /object, vhost => www.example.org, interval => %d, timeout => %d, %s }\n",
			i, st.port, int(interval.Seconds()), int(timeout.Seconds()), kind.thresholds)
	}
	config += "}\nplugins => { multifo => {\n  up_thresh => 0.1\n"
	records := "@ SOA ns1.example.net. hostmaster.example.org. 7 300 300 1209600 60\n@ NS ns1.example.net.\n"
	name := func(kind, edge int) string { return fmt.Sprintf("k%d-e%d", kind, edge) }
	for k := range gdnsdKinds {
		for i, e := range dying {
			config += fmt.Sprintf("  %s => { service_types => kind%d, dying => %s, spare => %s }\n", name(k, i), k, e.addr, spare.addr)
			records += fmt.Sprintf("%s 0 DYNA multifo!%s\n", name(k, i), name(k, i))
		}
	}
	write(t, dir, "config", config+"} }\n")
	write(t, dir, "zones/example.org", records)
	d := startDaemon(t, dir, dnsPort, "gdnsd", "-c", dir)
	has := func(kind, edge int) bool {
		m, err := lookup(d.addr, name(kind, edge)+"."+zone, dns.TypeA)
		return err != nil || slices.Contains(values(m), dying[edge].addr.String())
	}
	eventually(t, patience, "gdnsd to answer", func() bool {
		_, err := lookup(d.addr, zone, dns.TypeSOA)
		return err == nil
	})
	rounds(t, 2, st.edges...)

	var mu sync.Mutex
	all := map[string][][]trial{}
	for _, kind := range gdnsdKinds {
		all[kind.name] = make([][]trial, len(deaths))
	}
	var watching sync.WaitGroup
	for i, e := range dying {
		way := i / trials
		watching.Go(func() {
			<-time.After(rand.N(2 * interval))
			e.set(t, deaths[way].behaviour)
			died := time.Now()
			for k, kind := range gdnsdKinds {
				watching.Go(func() {
					tick := time.NewTicker(20 * time.Millisecond)
					defer tick.Stop()
					var tr trial
					for tr.took = time.Since(died); tr.took < gdnsdWatch && !tr.left; tr.took = time.Since(died) {
						tr.left = !has(k, i)
						<-tick.C
					}
					mu.Lock()
					defer mu.Unlock()
					all[kind.name][way] = append(all[kind.name][way], tr)
				})
			}
		})
	}
	watching.Wait()
	return all
}
