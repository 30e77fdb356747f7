//go:build e2e

package test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/miekg/dns"
)

// Within what of a decision the first zone, and every zone, answers with it.
const (
	firstZoneBound  = 100 * time.Millisecond
	everyZoneBound  = time.Second
	wholeZones      = 10000
	apexZones       = 100000
	recordsIncluded = 20
)

var residentSet = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory is what the process holds, in bytes.
func (s *server) memory() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	m := residentSet.FindSubmatch(status)
	if m == nil {
		s.t.Fatalf("no VmRSS in\n%s", status)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n << 10
}

// leftAt is when it was decided that an edge leave.
func (s *site) leftAt(e *edge) (at time.Time) {
	s.t.Helper()
	eventually(s.t, patience, "the change to be recorded", func() bool {
		changes, err := state.ReadChanges(s.path("state/main"), 20)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range changes {
			if c.Kind == "set" && slices.Contains(c.Before, e.name) && !slices.Contains(c.After, e.name) {
				at = c.At
				return true
			}
		}
		return false
	})
	return at
}

// startLarge starts a server without the race detector and waits for its first decision.
func startLarge(t *testing.T, st *site, corefile string) (s *server, took time.Duration) {
	t.Helper()
	path, err := plainServer()
	if err != nil {
		t.Fatal(err)
	}
	s = newServer(t, st.dir, corefile)
	s.path = path
	s.start()
	s.awaitAnswers()
	s.full(2)
	return s, time.Since(s.started)
}

// without asks each name for A, over several connections, until the answer is one without an address. It returns how
// many answers still had it.
func without(addr string, names []string, gone string) (stale int64, err error) {
	const askers = 8
	faults := make([]error, askers)
	var had atomic.Int64
	var asking sync.WaitGroup
	for i := range askers {
		asking.Go(func() {
			c := &dns.Client{Timeout: time.Second}
			conn, err := c.Dial(addr)
			if err != nil {
				faults[i] = err
				return
			}
			defer conn.Close()
			for j := i; j < len(names); j += askers {
				m := new(dns.Msg).SetQuestion(names[j], dns.TypeA)
				for start := time.Now(); ; {
					r, _, err := c.ExchangeWithConn(m, conn)
					if set := values(orEmpty(r)); err == nil && r.Rcode == dns.RcodeSuccess && len(set) > 0 && !slices.Contains(set, gone) {
						break
					}
					if err == nil {
						had.Add(1)
					}
					if time.Since(start) > patience {
						faults[i] = fmt.Errorf("%s: %v %w", names[j], r, err)
						return
					}
				}
			}
		})
	}
	asking.Wait()
	return had.Load(), errors.Join(faults...)
}

func orEmpty(m *dns.Msg) *dns.Msg {
	if m == nil {
		return new(dns.Msg)
	}
	return m
}

// Ten thousand whole zones answer with a change of the set soon after it is decided, in chains that end at their apex too.
func TestManyWholeZones(t *testing.T) {
	st := newSite(t, 4)
	rest := "www IN CNAME @\n@ IN MX 10 mail\nmail IN A 198.51.100.7\n*.apps IN CNAME @\n"
	for i := range recordsIncluded - 4 {
		rest += fmt.Sprintf("host%d IN A 198.51.100.%d\n", i, i+10)
	}
	names := make([]string, wholeZones)
	for i := range names {
		zone := fmt.Sprintf("zone%05d.example.org.", i)
		st.include(zone, rest)
		names[i] = "www." + zone
	}
	st.include(zone, "")
	st.with("includes " + st.path("includes"))
	s, took := startLarge(t, st, block(".", st.directive("main")))
	started := s.memory()
	if _, err := without(s.addr, names, "none"); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d zones of %d records beside the apex: first decision after %s; %d bytes a zone after the start, %d when each has been asked",
		wholeZones, recordsIncluded, took.Round(time.Millisecond), started/wholeZones, s.memory()/wholeZones)
	for range 3 {
		dead := s.apex()[0]
		st.at(dead).set(t, serverError)
		s.leaves(10*swapBound, dead)
		first := time.Now()
		stale, err := without(s.addr, names, dead)
		if err != nil {
			t.Fatal(err)
		}
		every := time.Now()
		decided := st.leftAt(st.at(dead))
		t.Logf("a change is answered by the first zone %s after the decision, bound %s; all %d have been asked after %s, bound %s; %d answers were as before",
			first.Sub(decided).Round(time.Millisecond), firstZoneBound, wholeZones, every.Sub(decided).Round(time.Millisecond), everyZoneBound, stale)
		if first.Sub(decided) > 10*firstZoneBound || every.Sub(decided) > 10*everyZoneBound {
			t.Error("that is more than ten times as long")
		}
		st.at(dead).set(t, healthy)
		rounds(t, 2, st.edges...)
	}
}

// A hundred thousand zones without includes load and answer.
func TestManyApexes(t *testing.T) {
	st := newSite(t, 4)
	names := make([]string, apexZones)
	for i := range names {
		names[i] = fmt.Sprintf("zone%06d.example.org.", i)
	}
	s, took := startLarge(t, st, block(".", st.directive("main", strings.Join(names, " "), zone)))
	t.Logf("%d zones: first decision after %s; %d bytes a zone", apexZones, took.Round(time.Millisecond), s.memory()/apexZones)
	for range 2 {
		dead := s.apex()[0]
		st.at(dead).set(t, serverError)
		s.leaves(10*swapBound, dead)
		start := time.Now()
		stale, err := without(s.addr, names, dead)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("all of them have been asked %s after the first answer with a change; %d answers were as before", time.Since(start).Round(time.Millisecond), stale)
		st.at(dead).set(t, healthy)
		rounds(t, 2, st.edges...)
	}
	t.Logf("%d bytes a zone when each has been asked", s.memory()/apexZones)
}
