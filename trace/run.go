package trace

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Result is what a trace comes to. Its JSON is what the replay command prints.
type Result struct {
	Name   string        `json:"name"`
	Rounds []RoundResult `json:"rounds"`
}

// RoundResult is one decision.
type RoundResult struct {
	At      Seconds                  `json:"at"`
	Live    []string                 `json:"live"`    // sorted as bytes; on rung fallback the addresses
	Rotated bool                     `json:"rotated"` // Live is not that of the round before; at first, not empty
	Rung    selector.Rung            `json:"rung"`
	Health  map[string]history.Grade `json:"health"`  // of every edge listed and not unavailable
	Reasons map[string]string        `json:"reasons"` // of every edge listed, and of those removed from the live set
}

// Seconds is a time that is written as seconds since the epoch.
type Seconds struct{ time.Time }

// String returns the seconds, with a fraction only when there is one.
func (s Seconds) String() string {
	return strconv.FormatFloat(float64(s.UnixMicro())/1e6, 'f', -1, 64)
}

// MarshalJSON encodes the seconds as a number.
func (s Seconds) MarshalJSON() ([]byte, error) { return []byte(s.String()), nil }

// keepRemoved is how long an edge taken off the list keeps its history: when it
// returns within it, counted from its last sample, it is the edge it was.
const keepRemoved = 24 * time.Hour

// Run decides the rounds of a trace.
func Run(t Trace) Result {
	result := Result{Name: t.Name, Rounds: make([]RoundResult, 0, len(t.Rounds))}
	for _, round := range Rounds(t) {
		result.Rounds = append(result.Rounds, round)
	}
	return result
}

// Rounds decides the rounds of a trace one after the other, with their indices. It is for long ones: the reasons for every
// edge in every round of a day are more than fits into memory.
func Rounds(t Trace) iter.Seq2[int, RoundResult] {
	return func(yield func(int, RoundResult) bool) {
		r := newRun(t.Settings)
		for i, round := range t.Rounds {
			d, live := r.round(round)
			if !yield(i, r.report(round.At, d, live)) {
				return
			}
		}
	}
}

func newRun(s Settings) *run {
	return &run{settings: s, edges: make(map[string]*edge), modes: make(map[string]selector.Mode)}
}

// run is the state that one round leaves to the next.
type run struct {
	settings      Settings
	list          []string
	listed        map[string]bool  // those in list
	edges         map[string]*edge // removed ones too: they may return
	modes         map[string]selector.Mode
	lastLive      []string
	published     []string // lastLive, or the fallback addresses
	substitutions []time.Time
	rotation      selector.Rotation
}

type edge struct {
	history *history.History
	grade   history.Grade // as of its last probe
}

// round decides a round, and says what is answered: the live edges, or on rung fallback the addresses, sorted as bytes.
func (r *run) round(round Round) (d selector.Decision, live []string) {
	if round.Edges != nil {
		r.relist(round.Edges, round.At)
	}
	for name, mode := range round.Modes {
		r.modes[name] = mode
	}
	for name, f := range round.Fetch {
		e := r.edges[name]
		e.history.Add(history.Sample{At: round.At, Took: f.Took, Failed: f.Failed}, r.settings.Grading)
		e.grade = e.history.Grade(round.At, r.settings.Grading)
	}
	d = selector.Select(selector.Input{
		Candidates:    r.candidates(),
		LastLive:      r.lastLive,
		Substitutions: r.substitutions,
		Now:           round.At,
		Rotation:      r.rotation,
	}, r.settings.Selection)
	r.lastLive, r.rotation = d.Live, d.Rotation
	for range d.Substituted {
		r.substitutions = append(r.substitutions, round.At)
	}
	live = append([]string{}, d.Live...) // [] rather than null in JSON
	for _, a := range d.Fallback {
		live = append(live, a.String())
	}
	slices.Sort(live)
	return d, live
}

// relist takes a new edge list over, forgetting what is too old of edges that return.
func (r *run) relist(list []string, now time.Time) {
	listed := make(map[string]bool, len(list))
	for _, name := range list {
		listed[name] = true
		e := r.edges[name]
		if e != nil && !r.listed[name] {
			if last, ok := e.history.Last(); !ok || now.Sub(last.At) >= keepRemoved {
				e = nil
			}
		}
		if e == nil {
			r.edges[name] = &edge{history: history.New(r.settings.Grading.Size), grade: history.Unknown}
		}
	}
	r.list, r.listed = list, listed
}

func (r *run) candidates() []selector.Candidate {
	out := make([]selector.Candidate, 0, len(r.list))
	for _, name := range r.list {
		e := r.edges[name]
		addr, _ := netip.ParseAddr(name) // the zero address of a host name is right
		out = append(out, selector.Candidate{
			Name:    name,
			Addr:    addr,
			Mode:    r.modes[name],
			Grade:   e.grade,
			Average: e.history.Average(r.settings.Grading),
		})
	}
	return out
}

func (r *run) report(at time.Time, d selector.Decision, live []string) RoundResult {
	out := RoundResult{
		At:      Seconds{at},
		Live:    live,
		Rotated: !slices.Equal(live, r.published),
		Rung:    d.Rung,
		Health:  make(map[string]history.Grade),
		Reasons: make(map[string]string),
	}
	r.published = live
	for _, v := range d.Verdicts {
		out.Reasons[v.Name] = v.String()
		if v.Mode != selector.Unavailable && v.Rule != selector.RuleRemoved {
			out.Health[v.Name] = v.Grade
		}
	}
	return out
}
