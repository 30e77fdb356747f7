//go:build e2e

package test

import (
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// watcher asks for the SOA and the addresses of the apex all the time, and remembers which set each serial stood for.
type watcher struct {
	t      testing.TB
	server *server
	stop   chan struct{}
	once   sync.Once
	ended  sync.WaitGroup

	// What it saw; read after ended.
	serials []uint32 // in the order seen
	sets    map[uint32][]string
	faults  []string
}

// watch begins to watch a server. The test ends it with check.
func watch(t testing.TB, s *server) *watcher {
	t.Helper()
	w := &watcher{t: t, server: s, stop: make(chan struct{}), sets: map[uint32][]string{}}
	w.ended.Go(w.run)
	t.Cleanup(w.end)
	return w
}

func (w *watcher) end() {
	w.once.Do(func() { close(w.stop) })
	w.ended.Wait()
}

func (w *watcher) run() {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			w.look()
		}
	}
}

// look asks for the set between two serials: only when those agree is the set known to be theirs.
func (w *watcher) look() {
	before, ok := w.serial()
	if !ok {
		return
	}
	m, err := w.server.exchange(zone, dns.TypeA, time.Second)
	if err != nil {
		return
	}
	after, ok := w.serial()
	if !ok || before != after {
		return
	}
	set := values(m)
	known, seen := w.sets[after]
	if !seen {
		w.sets[after] = set
		return
	}
	if !slices.Equal(known, set) {
		w.faults = append(w.faults, "serial "+strconv.Itoa(int(after))+" stood for two sets")
	}
}

func (w *watcher) serial() (uint32, bool) {
	m, err := w.server.exchange(zone, dns.TypeSOA, time.Second)
	if err != nil || len(m.Answer) != 1 {
		return 0, false
	}
	now := m.Answer[0].(*dns.SOA).Serial
	if n := len(w.serials); n == 0 || w.serials[n-1] != now {
		if n > 0 && now < w.serials[n-1] {
			w.faults = append(w.faults, "the serial fell from "+strconv.Itoa(int(w.serials[n-1]))+" to "+strconv.Itoa(int(now)))
		}
		w.serials = append(w.serials, now)
	}
	return now, true
}

var loggedSerial = regexp.MustCompile(`serial (\d+)$`)

// check ends the watch. The serial must only have risen, one serial must have stood for one set, and each new serial must
// be that of a change of the set, as the log tells them.
func (w *watcher) check() {
	w.t.Helper()
	w.end()
	for _, f := range slices.Compact(w.faults) {
		w.t.Error(f)
	}
	changes := map[string]bool{}
	for _, line := range w.server.lines("live set") {
		if m := loggedSerial.FindStringSubmatch(line); m != nil {
			changes[m[1]] = true
		}
	}
	for _, serial := range w.serials[min(1, len(w.serials)):] {
		if !changes[strconv.Itoa(int(serial))] {
			w.t.Errorf("serial %d came without a change of the set", serial)
		}
	}
	if len(w.serials) == 0 {
		w.t.Error("no serial was ever seen")
	}
}
