package network

import (
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// standstill is a time in which an operator, or the want of contact, stopped changes; its end is zero while it lasts.
type standstill struct{ from, to time.Time }

func (f standstill) holds(at time.Time) bool {
	return !at.Before(f.from) && (f.to.IsZero() || at.Before(f.to))
}

// standstills are the recorded times in which a set stood still, oldest first; of a freeze, and for want of contact, of which
// a trace knows nothing either.
func (r *recording) standstills() (all []standstill) {
	all = append(r.stopped("freeze", "frozen"), r.outOfContact()...)
	slices.SortFunc(all, func(a, b standstill) int { return a.from.Compare(b.from) })
	merged := all[:0]
	for _, f := range all {
		last := len(merged) - 1
		switch {
		case last < 0 || !merged[last].holds(f.from):
			merged = append(merged, f)
		case f.to.IsZero() || !merged[last].to.IsZero() && f.to.After(merged[last].to):
			merged[last].to = f.to
		}
	}
	return merged
}

// outOfContact are the times without contact. Each is on record when it had lasted for a while, and its end before the edges
// were asked anew.
func (r *recording) outOfContact() []standstill {
	all := r.stopped("contact", noContact)
	for i := range all {
		all[i].from = all[i].from.Add(-quiet - gather)
		if !all[i].to.IsZero() {
			all[i].to = all[i].to.Add(gather)
		}
	}
	return all
}

// stopped are the times between the records of a kind with that word and the next ones of that kind.
func (r *recording) stopped(kind, word string) (all []standstill) {
	for _, c := range r.stops {
		if c.Kind != kind {
			continue
		}
		if last := len(all) - 1; last >= 0 && all[last].to.IsZero() {
			all[last].to = c.At
		}
		if slices.Equal(c.After, []string{word}) {
			all = append(all, standstill{from: c.At})
		}
	}
	return all
}

// pauses tells of standstills in the name of a trace; it is empty without any.
func (r *recording) pauses() string {
	tell := func(what string, all []standstill) string {
		var parts []string
		for _, f := range all {
			to := "now"
			if !f.to.IsZero() {
				to = f.to.UTC().Format(time.RFC3339)
			}
			parts = append(parts, f.from.UTC().Format(time.RFC3339)+" to "+to)
		}
		if len(parts) == 0 {
			return ""
		}
		return ", " + what + " from " + strings.Join(parts, ", from ")
	}
	text := tell("frozen", r.stopped("freeze", "frozen")) + tell("without contact to any edge", r.outOfContact())
	if text == "" {
		return ""
	}
	return text + ": what was live then is pinned by blindforce"
}

// hold pins what was live when a standstill began until it ended: a trace knows of none, and without the pins its edges would
// come and go as they never did. What an operator said of one of them meanwhile ends its pin.
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
