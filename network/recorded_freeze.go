package network

import (
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// standstill is a time in which an operator stopped all changes; its end is zero while it lasts.
type standstill struct{ from, to time.Time }

func (f standstill) holds(at time.Time) bool {
	return !at.Before(f.from) && (f.to.IsZero() || at.Before(f.to))
}

// standstills are the recorded freezes, oldest first.
func (r *recording) standstills() (all []standstill) {
	for _, c := range r.stops {
		if last := len(all) - 1; last >= 0 && all[last].to.IsZero() {
			all[last].to = c.At
		}
		if slices.Equal(c.After, []string{"frozen"}) {
			all = append(all, standstill{from: c.At})
		}
	}
	return all
}

// frozen tells of freezes in the name of a trace; it is empty without any.
func (r *recording) frozen() string {
	var parts []string
	for _, f := range r.standstills() {
		to := "now"
		if !f.to.IsZero() {
			to = f.to.UTC().Format(time.RFC3339)
		}
		parts = append(parts, f.from.UTC().Format(time.RFC3339)+" to "+to)
	}
	if len(parts) == 0 {
		return ""
	}
	return ", frozen from " + strings.Join(parts, ", from ") + ": what was live then is pinned by blindforce"
}

// hold pins what was live when the network was frozen until it was unfrozen: a trace knows of no freeze, and without the pins
// its edges would come and go as they never did. What an operator said of one of them meanwhile ends its pin.
func (r *recording) hold(rounds []trace.Round, spans []span, sets []set) {
	for _, f := range r.standstills() {
		first := slices.IndexFunc(spans, func(s span) bool { return f.holds(s.last) && s.known > 0 })
		if first < 0 {
			continue
		}
		end := len(spans)
		if !f.to.IsZero() {
			if i := slices.IndexFunc(spans, func(s span) bool { return !s.last.Before(f.to) }); i >= 0 {
				end = i
			}
		}
		for _, name := range sets[spans[first].known-1].live {
			said := func(round trace.Round) bool { _, ok := round.Modes[name]; return ok }
			if first > 0 && said(rounds[first]) {
				continue
			}
			say(&rounds[first], name, selector.BlindForce)
			if end < len(rounds) && !slices.ContainsFunc(rounds[first+1:end+1], said) {
				say(&rounds[end], name, r.modeAt(name, spans[end].last))
			}
		}
	}
}

// modeAt is the mode of an edge at a time, as far as it is on record.
func (r *recording) modeAt(name string, at time.Time) selector.Mode {
	m := r.modes[name]
	for _, c := range slices.Backward(r.changes) {
		if c.Kind == "mode" && slices.Contains(edgesOf(c), name) && c.At.After(at) {
			m = modeOf(c.Before)
		}
	}
	return m
}
