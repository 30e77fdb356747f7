//go:build e2e && bench

package test

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"
)

// vantage asks a server and one that has nothing to do, while the first probes a farm.
type vantage struct {
	t       testing.TB
	farm    *farm
	s, idle *server
}

// spell is what was seen of the server for a while.
type spell struct {
	took, spent     time.Duration // spent is processor time
	probes, written int           // written is in bytes
	changes         int           // of the set
	answers, idle   load
}

func (sp *spell) add(other spell) {
	sp.took, sp.spent = sp.took+other.took, sp.spent+other.spent
	sp.probes, sp.written, sp.changes = sp.probes+other.probes, sp.written+other.written, sp.changes+other.changes
	sp.answers.add(other.answers)
	sp.idle.add(other.idle)
}

// account is a spell with what has come about since the processes began.
func (w *vantage) account() spell {
	w.t.Helper()
	return spell{spent: processorTime(w.t, w.s.cmd.Process.Pid), probes: w.farm.count(), written: w.s.written(), changes: w.s.setChanges()}
}

// since is a spell without the answers.
func (w *vantage) since(before spell, began time.Time) spell {
	w.t.Helper()
	now := w.account()
	return spell{took: time.Since(began), spent: now.spent - before.spent, probes: now.probes - before.probes,
		written: now.written - before.written, changes: now.changes - before.changes}
}

// during asks both as long as is said.
func (w *vantage) during(d time.Duration) spell {
	w.t.Helper()
	return w.over(func() (answers, idle load) { return w.ask(d) })
}

// until asks both until something holds, which is looked at after each second, and for a second at least.
func (w *vantage) until(within time.Duration, what string, holds func() bool) spell {
	w.t.Helper()
	return w.over(func() (answers, idle load) {
		for end := time.Now().Add(within); ; {
			own, others := w.ask(time.Second)
			answers.add(own)
			idle.add(others)
			if holds() {
				return answers, idle
			}
			if time.Now().After(end) {
				w.t.Fatalf("waiting for %s: it does not hold after %s", what, within)
			}
		}
	})
}

// change has a live edge fail, and asks both as long as is said and until the edge has left.
func (w *vantage) change(d time.Duration) spell {
	w.t.Helper()
	victim := w.s.apex()[0]
	return w.over(func() (answers, idle load) {
		w.farm.fail(victim)
		answers, idle = w.ask(d)
		w.s.leaves(patience, victim)
		return answers, idle
	})
}

func (w *vantage) over(do func() (answers, idle load)) spell {
	w.t.Helper()
	before, began := w.account(), time.Now()
	answers, idle := do()
	sp := w.since(before, began)
	sp.answers, sp.idle = answers, idle
	return sp
}

func (w *vantage) ask(d time.Duration) (answers, idle load) {
	w.t.Helper()
	var asking sync.WaitGroup
	asking.Go(func() { answers = put(w.t, w.s.addr, []string{"example.org"}, 100, d) })
	asking.Go(func() { idle = put(w.t, w.idle.addr, []string{"whoami.example.org"}, 100, d) })
	asking.Wait()
	return answers, idle
}

// beside says what a share of the answers of the idle server took at most at the same time.
func (sp *spell) beside(q float64) string {
	return fmt.Sprintf("an idle server beside it: %s ms", readable(milliseconds(quantile(sp.idle.latencies, q))))
}

// addSlowest adds the slowest answer, after a look that none was lost or wrong.
func (sp *spell) addSlowest(t *testing.T, add func(string, float64, string), what string) {
	t.Helper()
	sp.answers.check(t, what)
	if len(sp.answers.latencies) == 0 || len(sp.idle.latencies) == 0 {
		add(what, math.NaN(), "it was over before a query was answered")
		return
	}
	add(what, milliseconds(quantile(sp.answers.latencies, 1)), fmt.Sprintf("of %d; %s", len(sp.answers.latencies), sp.beside(1)))
}

// addWritten adds how many megabytes a round has written. A round always writes its samples: where the kernel counts
// nothing, nothing was measured.
func (w *vantage) addWritten(add func(string, float64, string), dir, what string, megabytes float64, sp spell) {
	w.t.Helper()
	switch {
	case inMemory(w.t, dir):
		add(what, math.NaN(), "the state is on a file system in memory: name a directory on a disk in BENCH_DIR")
	case sp.written == 0:
		add(what, math.NaN(), "the kernel counts nothing as written to a disk here")
	default:
		add(what, megabytes, fmt.Sprintf("by the kernel's account, in whole pages, with %d changes of the set", sp.changes))
	}
}

var (
	writeBytes = regexp.MustCompile(`(?m)^write_bytes: (\d+)$`)
	residentHW = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
)

// written is what the process has caused to be written to disks, in bytes.
func (s *server) written() int { return s.count("io", writeBytes) }

// highWater is the most that the process has held since it began, in bytes.
func (s *server) highWater() int { return s.count("status", residentHW) << 10 }

// count finds a number in a file that the kernel has about the process.
func (s *server) count(file string, pattern *regexp.Regexp) int {
	s.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	if err != nil {
		s.t.Fatal(err)
	}
	m := pattern.FindSubmatch(text)
	if m == nil {
		s.t.Fatalf("no %s in\n%s", pattern, text)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}
