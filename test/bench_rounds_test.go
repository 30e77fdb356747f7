//go:build e2e && bench

package test

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// network sizes, each with an interval that gives about as many probes a second as the largest has at 60 s.
type size struct {
	edges    int
	interval time.Duration
}

var sizes = []size{{100, time.Second}, {1000, 6 * time.Second}, {10000, time.Minute}}

// measureRounds runs networks of several sizes with full histories and says what a round costs, beside that answers go on.
func measureRounds(t *testing.T, r *results) {
	for _, secure := range []bool{false, true} {
		scheme := "HTTP"
		if secure {
			scheme = "HTTPS"
		}
		part := "rounds over " + scheme
		for _, size := range inEarnest(sizes, sizes[:2]) {
			t.Run(fmt.Sprintf("%s, %d edges", scheme, size.edges), func(t *testing.T) { measureRound(t, r, part, size, secure) })
		}
	}
}

func measureRound(t *testing.T, r *results, part string, of size, secure bool) {
	f := newFarm(t, of.edges, secure)
	st := f.site(of.interval)
	samples := fill(t, st.path("state/main"), of.edges, of.interval)
	idle := newServer(t, t.TempDir(), block(".", "whoami"))
	idle.start()
	idle.awaitAnswers()
	s := f.serve(st, st.directive("main", "example.org"))
	// The first round is told apart: after a start all edges are probed in one go.
	f.awaitRound(1, time.Minute+of.interval)
	s.full(4)

	during := inEarnest(max(of.interval, 20*time.Second), 3*time.Second)
	changes := s.setChanges()
	probes, spent, written, began := f.count(), processorTime(t, s.cmd.Process.Pid), s.written(), time.Now()
	var answers, beside load
	var asking sync.WaitGroup
	asking.Go(func() { answers = put(t, s.addr, []string{"example.org"}, 100, during) })
	asking.Go(func() { beside = put(t, idle.addr, []string{"whoami.example.org"}, 100, during) })
	asking.Wait()
	took := time.Since(began)
	probes, spent, written = f.count()-probes, processorTime(t, s.cmd.Process.Pid)-spent, s.written()-written
	answers.check(t, part)
	share := 100 * spent.Seconds() / took.Seconds()
	round := took.Seconds() / of.interval.Seconds()
	// Each change of the set writes the whole document, about a megabyte with ten thousand edges.
	wrote := fmt.Sprintf("by the kernel's account, in whole pages, with %d changes of the set", s.setChanges()-changes)
	what := func(s string) string { return fmt.Sprintf("%d edges each %s: %s", of.edges, of.interval, s) }
	if of.edges == 10000 && !secure {
		r.bound(t, part, what("share of a core"), share, "%", 15, "")
		r.bound(t, part, what("resident"), float64(s.memory())/1e6, "MB", 400, fmt.Sprintf("%d samples in the journal", samples))
		r.bound(t, part, what("written a round"), float64(written)/1e6/round, "MB", 1, wrote)
	} else {
		r.add(t, part, what("share of a core"), share, "%", "")
		r.add(t, part, what("resident"), float64(s.memory())/1e6, "MB", "")
		r.add(t, part, what("written a round"), float64(written)/1e6/round, "MB", wrote)
	}
	r.add(t, part, what("a probe"), float64(spent.Microseconds())/float64(probes), "µs", fmt.Sprintf("of %d, in processor time, with all that follows from it", probes))
	r.add(t, part, what("99 of 100 answers"), milliseconds(quantile(answers.latencies, 0.99)), "ms",
		fmt.Sprintf("an idle server beside it: %s ms", readable(milliseconds(quantile(beside.latencies, 0.99)))))
	r.add(t, part, what("slowest answer"), milliseconds(quantile(answers.latencies, 1)), "ms",
		fmt.Sprintf("an idle server beside it: %s ms", readable(milliseconds(quantile(beside.latencies, 1)))))
}

var writeBytes = regexp.MustCompile(`(?m)^write_bytes: (\d+)$`)

// written is what the process has caused to be written to disks, in bytes.
func (s *server) written() int {
	s.t.Helper()
	io, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	m := writeBytes.FindSubmatch(io)
	if m == nil {
		s.t.Fatalf("no write_bytes in\n%s", io)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// measureHanging has nine of ten edges hang until the deadline, and looks whether the others are probed on time all the same.
func measureHanging(t *testing.T, r *results) {
	of := inEarnest(sizes[2], sizes[0])
	const part = "nine of ten edges hang until the deadline"
	f := newFarm(t, of.edges, false)
	for i, addr := range f.edges {
		f.hangs[addr] = i%10 != 0
	}
	st := f.site(of.interval)
	s := f.serve(st, st.directive("main", "example.org"))
	f.awaitRound(1, 10*of.interval)
	f.forget()
	spent, began := processorTime(t, s.cmd.Process.Pid), time.Now()
	f.awaitRound(2, 10*of.interval)
	share := 100 * (processorTime(t, s.cmd.Process.Pid) - spent).Seconds() / time.Since(began).Seconds()
	gaps := func(hangs bool) (all []time.Duration) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for addr, times := range f.probed {
			if f.hangs[addr] != hangs {
				continue
			}
			for i := range times[1:] {
				all = append(all, times[i+1].Sub(times[i]))
			}
		}
		return all
	}
	healthy, hanging := gaps(false), gaps(true)
	edges := fmt.Sprintf("%d edges each %s", of.edges, of.interval)
	r.add(t, part, edges+": between two probes of a healthy edge", median(healthy).Seconds(), "s", fmt.Sprintf("of %d", len(healthy)))
	r.bound(t, part, edges+": longest", quantile(healthy, 1).Seconds(), "s", 1.05*of.interval.Seconds(), "")
	r.add(t, part, edges+": longest between two probes of one that hangs", quantile(hanging, 1).Seconds(), "s", fmt.Sprintf("of %d", len(hanging)))
	r.add(t, part, edges+": share of a core", share, "%", "")
	r.add(t, part, edges+": resident", float64(s.memory())/1e6, "MB", "histories just begun")
	hanger := func(addr string) bool { return f.hangs[netip.MustParseAddr(addr)] }
	if set := s.full(4); slices.ContainsFunc(set, hanger) {
		t.Errorf("the set is %v, with an edge that hangs", set)
	}
}
