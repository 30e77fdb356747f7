//go:build e2e

package test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// Ten thousand zone files are written in the background: answers and decisions go on as if nothing were.
func TestManyZoneFiles(t *testing.T) {
	path, err := plainServer()
	if err != nil {
		t.Fatal(err)
	}
	st := newSite(t, 4)
	zones := make([]string, manyZones)
	for i := range zones {
		zones[i] = fmt.Sprintf("zone%05d.example.org.", i)
	}
	last := zones[len(zones)-1]
	st.with("zonefiles " + st.path("zonefiles"))
	s := newServer(t, st.dir, block(".", st.directive("main", append(zones, zone)...)))
	s.path = path
	s.start()
	s.awaitAnswers()
	s.full(2)
	written := func() bool {
		text, err := os.ReadFile(st.zoneFile(last))
		return err == nil && strings.Contains(string(text), fmt.Sprintf("serial %d\n", s.serial()))
	}
	t.Logf("%d zones are written in %s", manyZones, eventually(t, 5*time.Minute, "every zone to be written", written).Round(time.Millisecond))
	quiet := answerTimes(t, s, 2000, func() bool { return true })

	dead := s.apex()[0]
	st.at(dead).set(t, serverError)
	s.leaves(10*swapBound, dead)
	busy := answerTimes(t, s, 100, func() bool { return written() })
	t.Logf("answers take %s; while the files are written %s", quiet, busy)
	if busy.most > patience/10 || busy.p99 > time.Second/10 {
		t.Errorf("answers take %s while the files are written, want 99 of 100 within 100ms", busy)
	}
	// Each of them, not only the last.
	serial := fmt.Sprintf("serial %d\n", s.serial())
	for _, zone := range zones {
		text, err := os.ReadFile(st.zoneFile(zone))
		if err != nil || !strings.Contains(string(text), serial) {
			t.Fatalf("%s: %v, want %s in\n%s", zone, err, serial, text)
		}
	}
}

// spread says how long answers took.
type spread struct {
	n              int
	p50, p99, most time.Duration
}

func (s spread) String() string {
	return fmt.Sprintf("%s, 99 of 100 at most %s, the slowest of %d %s", s.p50, s.p99, s.n, s.most)
}

// answerTimes asks again and again, at least so often, until it is enough.
func answerTimes(t testing.TB, s *server, least int, enough func() bool) spread {
	t.Helper()
	var took []time.Duration
	for start := time.Now(); len(took) < least || !enough(); {
		if time.Since(start) > 5*time.Minute {
			t.Fatal("it is never enough")
		}
		for range 100 {
			from := time.Now()
			if _, err := s.exchange(zone, dns.TypeA, 10*time.Second); err != nil {
				t.Fatalf("asking: %v", err)
			}
			took = append(took, time.Since(from))
		}
	}
	slices.Sort(took)
	return spread{len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1]}
}
