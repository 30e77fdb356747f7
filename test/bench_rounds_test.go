//go:build e2e && bench

package test

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"
)

// network sizes, each with an interval that gives about as many probes a second as the largest has at 60 s.
type size struct {
	edges    int
	interval time.Duration
}

var sizes = []size{{100, time.Second}, {1000, 6 * time.Second}, {10000, time.Minute}}

func (of size) what(figure string) string {
	return fmt.Sprintf("%d edges each %s: %s", of.edges, of.interval, figure)
}

// What is measured of rounds.
const (
	shareOfCore     = "share of a core"
	resident        = "resident"
	residentAtMost  = "resident at most, from the start on"
	writtenCalm     = "written a round without a change of the set"
	writtenChange   = "written a round with one change of the set"
	aProbe          = "a probe"
	mostAnswers     = "99 of 100 answers"
	slowest         = "slowest answer"
	slowestFirst    = "slowest answer in the first round"
	slowestChange   = "slowest answer around a change of the set"
	slowestRotation = "slowest answer around a rotation of the journal"
)

// trials of rounds: over plain HTTP the set is changed too, and of the largest network the journal is rotated.
func roundSizes() []size { return inEarnest(sizes, sizes[:2]) }

func rotates(of size, secure bool) bool { return !secure && of == roundSizes()[len(roundSizes())-1] }

func roundsPart(secure bool) string {
	if secure {
		return "rounds over HTTPS"
	}
	return "rounds over HTTP"
}

func roundGoals() (all []goal) {
	for _, secure := range []bool{false, true} {
		for _, of := range roundSizes() {
			all = append(all, of.goals(secure)...)
		}
	}
	return all
}

// goals are the figures of one network; those of the largest over plain HTTP have something to keep to.
func (of size) goals(secure bool) (all []goal) {
	add := func(what, unit string, most float64) {
		g := goal{part: roundsPart(secure), what: of.what(what), unit: unit}
		if of == sizes[2] && !secure && most > 0 {
			g.most = &most
		}
		all = append(all, g)
	}
	add(shareOfCore, "%", 15)
	add(resident, "MB", 400)
	add(residentAtMost, "MB", 400)
	add(writtenCalm, "MB", 1)
	if !secure {
		add(writtenChange, "MB", 1)
	}
	add(aProbe, "µs", 0)
	add(mostAnswers, "ms", 0)
	add(slowest, "ms", 0)
	add(slowestFirst, "ms", 0)
	if !secure {
		add(slowestChange, "ms", 0)
	}
	if rotates(of, secure) {
		add(slowestRotation, "ms", 0)
	}
	return all
}

// measureRounds runs networks of several sizes with full histories and says what a round costs, beside that answers go on.
func measureRounds(t *testing.T, r *results) {
	for _, secure := range []bool{false, true} {
		for _, of := range roundSizes() {
			t.Run(fmt.Sprintf("%s, %d edges", roundsPart(secure), of.edges), func(t *testing.T) {
				figures := map[string]goal{}
				for _, g := range of.goals(secure) {
					figures[g.what] = g
				}
				measureRound(t, of, secure, func(what string, value float64, note string) {
					t.Helper()
					g := figures[of.what(what)]
					switch {
					case math.IsNaN(value):
						r.missing(t, g.part, g.what, g.unit, g.most, note)
					default:
						r.add(t, g.part, g.what, value, g.unit, note)
						r.Figures[len(r.Figures)-1].Goal = g.most
					}
				})
			})
		}
	}
}

// measureRound measures one network. A value that is not a number is one that could not be measured, and its note says why.
func measureRound(t *testing.T, of size, secure bool, add func(what string, value float64, note string)) {
	calmFor := inEarnest(max(of.interval, 20*time.Second), 3*time.Second)
	f := newFarm(t, of.edges, secure)
	st := f.site(of.interval)
	// Rounds are in the journal after the start, the calm one and the one with a change; then it is to be rotated soon.
	room := fullHistory / 2
	if rotates(of, secure) {
		rounds := 1 + (calmFor+of.interval+changeSeen).Seconds()/of.interval.Seconds()
		room = int(math.Ceil(rounds + max(0.3, 3/of.interval.Seconds())))
	}
	samples := fill(t, st.path("state/main"), of.edges, of.interval, fullHistory-room)
	w := &vantage{t: t, farm: f, idle: newServer(t, t.TempDir(), block(".", "whoami"))}
	w.idle.start()
	w.idle.awaitAnswers()
	journal := st.path("state/main/rounds.log")
	begun, err := os.Stat(journal)
	if err != nil {
		t.Fatal(err)
	}
	rotated := func() bool {
		now, err := os.Stat(journal)
		return err != nil || !os.SameFile(begun, now) // for a moment none has the name
	}

	w.s = f.serve(st, st.directive("main", "example.org"))

	// After a start all edges are probed in one go. Until the first decision SERVFAIL is right.
	first := w.until(time.Minute+of.interval, "all edges to be probed", f.allProbed)
	first.answers.wrong = 0
	w.s.full(4)
	w.s.awaitLine("live set")
	// The samples of the first round, each after a definition of its edge, are not to be counted as those of the next.
	sees(t, patience, "the first round to be in the journal", func() int64 {
		now, err := os.Stat(journal)
		if err != nil {
			t.Fatal(err)
		}
		return now.Size() - begun.Size()
	}, func(grown int64) bool { return grown > int64(of.edges*len(edgeName(0)+" +0=/4 0:0")) })

	calm := w.during(calmFor)
	share := 100 * calm.spent.Seconds() / calm.took.Seconds()
	add(shareOfCore, share, "")
	add(resident, float64(w.s.memory())/1e6, fmt.Sprintf("%d samples in the journal", samples))
	add(residentAtMost, float64(w.s.highWater())/1e6, "")
	perSecond := float64(calm.written) / 1e6 / calm.took.Seconds()
	w.addWritten(add, st.dir, writtenCalm, perSecond*of.interval.Seconds(), calm)
	add(aProbe, float64(calm.spent.Microseconds())/float64(calm.probes), fmt.Sprintf("of %d, in processor time, with all that follows from it", calm.probes))
	add(mostAnswers, milliseconds(quantile(calm.answers.latencies, 0.99)), calm.beside(0.99))
	calm.addSlowest(t, add, slowest)
	first.addSlowest(t, add, slowestFirst)
	if secure {
		return
	}

	// The journal goes on while the change is waited for: what is beyond a round of it does not count.
	change := w.change(of.interval + changeSeen)
	w.addWritten(add, st.dir, writtenChange, float64(change.written)/1e6-perSecond*(change.took-of.interval).Seconds(), change)
	change.addSlowest(t, add, slowestChange)
	if !rotates(of, secure) {
		return
	}
	if rotated() {
		add(slowestRotation, math.NaN(), "the journal was rotated before")
		return
	}
	rotation := w.until(time.Duration(room+1)*of.interval, "the journal to be rotated", rotated)
	rotation.add(w.during(time.Second))
	rotation.addSlowest(t, add, slowestRotation)
}

// changeSeen is how long after the probe of an edge that failed the set is another at the latest.
const changeSeen = 2 * time.Second
