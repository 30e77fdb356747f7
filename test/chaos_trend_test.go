//go:build e2e && chaos

package test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// holding is what a process holds at one moment.
type holding struct {
	at                     time.Duration // since the first one
	goroutines, files, kib float64
}

// trend is what a process held over a while.
type trend struct {
	t     testing.TB
	s     *server
	at    string // the metrics page
	begun time.Time
	seen  []holding
}

func newTrend(t testing.TB, s *server, metricsAt string) *trend {
	return &trend{t: t, s: s, at: metricsAt, begun: time.Now()}
}

var goroutinesNow = regexp.MustCompile(`(?m)^go_goroutines ([0-9.e+]+)$`)

// running is how many goroutines there are now.
func (tr *trend) running() float64 {
	tr.t.Helper()
	m := goroutinesNow.FindStringSubmatch(metricsPage(tr.t, tr.at))
	if m == nil {
		tr.t.Fatal("no go_goroutines on the metrics page")
	}
	goroutines, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		tr.t.Fatal(err)
	}
	return goroutines
}

// look adds what the process holds now.
func (tr *trend) look() {
	tr.t.Helper()
	goroutines := tr.running()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", tr.s.cmd.Process.Pid))
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.seen = append(tr.seen, holding{time.Since(tr.begun), goroutines, float64(len(files)), float64(tr.s.memory() >> 10)})
}

// line is one of the three over the last three quarters, the first being warming up.
type line struct {
	first, last float64 // medians of the first and last third
	most        float64
	slope       float64 // by least squares, an hour
}

func (tr *trend) of(value func(holding) float64) (l line) {
	seen := tr.seen[len(tr.seen)/4:]
	var x, y, xx, xy float64
	var all []float64
	for _, h := range seen {
		at, v := h.at.Hours(), value(h)
		x, y, xx, xy = x+at, y+v, xx+at*at, xy+at*v
		all = append(all, v)
	}
	n := float64(len(seen))
	if d := n*xx - x*x; d > 0 {
		l.slope = (n*xy - x*y) / d
	}
	third := max(1, len(all)/3)
	l.first, l.last, l.most = median(all[:third]), median(all[len(all)-third:]), slices.Max(all)
	return l
}

// heldRows are the rows of flat.
var heldRows = []string{"goroutines", "descriptors", "memory resident"}

// slopeFrom is how long a while must be for its slope to say anything.
const slopeFrom = 2 * time.Minute

// flat checks what the process holds: between the first and the last third of the time goroutines and descriptors grow by
// no more than some, and memory by no more than a part. What grows more is a leak. It reports each by a row.
func (tr *trend) flat(row func(name, measured, bound string), some, part float64) {
	tr.t.Helper()
	tr.t.Logf("held over time: %s", tr)
	for _, w := range []struct {
		name, unit string
		value      func(holding) float64
		per, most  float64
	}{
		{"goroutines", "", func(h holding) float64 { return h.goroutines }, 1, some},
		{"descriptors", "", func(h holding) float64 { return h.files }, 1, some},
		{"memory resident", " MB", func(h holding) float64 { return h.kib }, 1024, 0},
	} {
		l := tr.of(w.value)
		most, bound := w.most, fmt.Sprintf("grows by at most %.0f", w.most)
		if w.most == 0 {
			most, bound = part*l.first, fmt.Sprintf("grows by at most %.0f %%", 100*part)
		}
		if l.last-l.first > most {
			tr.t.Errorf("%s: %.0f at first and %.0f in the end, at most %.0f", w.name, l.first/w.per, l.last/w.per, l.most/w.per)
		}
		measured := fmt.Sprintf("%.0f%s at first, %.0f%s in the end, at most %.0f%s", l.first/w.per, w.unit, l.last/w.per, w.unit, l.most/w.per, w.unit)
		if time.Since(tr.begun) > slopeFrom {
			measured += fmt.Sprintf(", slope %+.1f%s an hour", l.slope/w.per, w.unit)
		}
		row(w.name, measured, bound)
	}
}

func (tr *trend) String() string {
	var b strings.Builder
	for _, h := range tr.seen {
		fmt.Fprintf(&b, "%s %.0f/%.0f/%.0fk ", h.at.Round(time.Second), h.goroutines, h.files, h.kib)
	}
	return b.String()
}
