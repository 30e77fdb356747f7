//go:build e2e

package test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A reload, be it good or failed in whatever way, loses no query, forgets nothing and leaves exactly one engine.
func TestReload(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4).with("labels www", "ttl 60s")
	good := func() string { return block("example.org", st.directive("main")) }
	s := startServer(t, st.dir, good())
	w := watch(t, s)
	s.full(2)
	// Not the set that an engine without memory would choose: edge 1 is faster, but was away for a while.
	st.edges[0].set(t, serverError)
	s.leaves(10*swapBound, st.edges[0].addr.String())
	live := s.full(2)
	st.edges[0].set(t, healthy)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, takenPort, _ := net.SplitHostPort(taken.Addr().String())

	f := flood(t, s, live)
	for _, tt := range []struct {
		name     string
		corefile string
		says     string // on the log, when the reload has ended
		serial   bool   // the zone's content changes, so the serial rises
	}{
		{"good, nothing changed", good(), "[INFO] Reloading complete", false},
		{"broken Corefile", "example.org {\n    edgemanage main {\n", "[ERROR] SIGUSR1", false},
		{"fault in the network", strings.Replace(good(), "edge_count 2", "edge_count many", 1), "[ERROR] SIGUSR1", false},
		{"port taken", good() + block("example.net:"+takenPort, "whoami"), "[ERROR] SIGUSR1", false},
		{"another plugin does not start", good() + block("example.net", "health 127.0.0.1:"+takenPort), "[ERROR] SIGUSR1", false},
		{"network defined nowhere", good() + block("example.net", "edgemanage other"), "[ERROR] SIGUSR1", false},
		{"good, another TTL", strings.Replace(good(), "ttl 60s", "ttl 61s", 1), "[INFO] Reloading complete", true},
		{"good, another network beside", strings.Replace(good(), "ttl 60s", "ttl 61s", 1) + block("example.net", other(t)), "[INFO] Reloading complete", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			serial, ended := s.serial(), len(s.lines(tt.says))
			s.configure(tt.corefile)
			s.signal(syscall.SIGUSR1)
			eventually(t, patience, "the reload to end", func() bool { return len(s.lines(tt.says)) > ended })
			if got := s.apex(); !slices.Equal(got, live) {
				t.Errorf("the set is %v, want %v", got, live)
			}
			if got := s.serial(); got < serial || got != serial && !tt.serial {
				t.Errorf("the serial is %d, was %d", got, serial)
			}
			probedOnce(t, st.edges)
			if got := s.apex(); !slices.Equal(got, live) {
				t.Errorf("the set is %v after a few rounds, want %v", got, live)
			}
		})
	}
	f.check(t)
	w.end()
	for _, fault := range w.faults {
		t.Error(fault)
	}
}

// other is a network of its own, as a Corefile has it.
func other(t *testing.T) string {
	t.Helper()
	return newSite(t, 2).directive("other")
}

// probedOnce checks that edges are probed once an interval, by one engine: over some rounds, none is probed more than
// the time allows.
func probedOnce(t *testing.T, edges []*edge) {
	t.Helper()
	before := make([]int64, len(edges))
	for i, e := range edges {
		before[i] = e.hits.Load()
	}
	start := time.Now()
	rounds(t, 4, edges...)
	for i, e := range edges {
		// One more for the interval that had begun, and one for the reload, after which what it cancelled is probed anew.
		if n, most := e.hits.Load()-before[i], int64(time.Since(start)/interval)+2; n > most {
			t.Errorf("%s was probed %d times in %s, want at most %d: once an interval", e.name, n, time.Since(start), most)
		}
	}
}

// flooding is clients that ask all the time and count what is not answered as it should be.
type flooding struct {
	stop  chan struct{}
	ended sync.WaitGroup
	sent  atomic.Int64

	mu     sync.Mutex
	faults []string
}

func flood(t *testing.T, s *server, want []string) *flooding {
	t.Helper()
	f := &flooding{stop: make(chan struct{})}
	for range 3 {
		f.ended.Go(func() {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-f.stop:
					return
				case <-tick.C:
				}
				f.sent.Add(1)
				// An answer that takes long is late on a slow machine; one that never comes is lost.
				m, err := s.exchange(zone, dns.TypeA, 20*time.Second)
				if err == nil && slices.Equal(values(m), want) {
					continue
				}
				f.mu.Lock()
				f.faults = append(f.faults, fmt.Sprintf("answer %v, error %v", m, err))
				f.mu.Unlock()
			}
		})
	}
	return f
}

func (f *flooding) check(t *testing.T) {
	t.Helper()
	close(f.stop)
	f.ended.Wait()
	t.Logf("%d queries over the reloads, %d of them not answered with the set", f.sent.Load(), len(f.faults))
	if len(f.faults) > 0 {
		t.Errorf("%d of %d queries were not answered with the set; the first: %s", len(f.faults), f.sent.Load(), f.faults[0])
	}
}
