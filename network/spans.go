package network

import (
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// span is what one round is made of: samples, or what an operator did between two of them.
type span struct {
	last  time.Time
	fetch map[string]trace.Fetch
	modes map[string]selector.Mode
	known int // how many changes of the set there were before the next span
}

// sample is one of any edge.
type sample struct {
	edge string
	at   time.Time
	trace.Fetch
}

// samples are all of a recording, oldest first.
func (r *recording) samples() (all []sample) {
	for _, e := range r.edges {
		for _, s := range e.samples {
			if !s.At.After(r.until) {
				all = append(all, sample{e.name, s.At, trace.Fetch{Took: s.Took, Failed: s.Failed}})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sample) int { return a.at.Compare(b.at) })
	return all
}

// spans divides the samples, backwards: the last ones before a change are those that it was decided by, so they must be in
// one round, with nothing after them.
func (r *recording) spans() []span {
	d := division{changes: r.changes, sets: len(r.sets()), delisted: map[time.Time]bool{}}
	d.known = d.sets
	for _, e := range r.edges {
		if !e.listed && len(e.samples) > 0 {
			d.delisted[r.left(e)] = true
		}
	}
	for _, s := range slices.Backward(r.samples()) {
		d.passChanges(s.at)
		d.add(s)
	}
	slices.Reverse(d.spans)
	return d.spans
}

// division is how samples are divided, from the newest to the oldest.
type division struct {
	spans    []span
	open     bool           // the last of spans takes further samples
	changes  []state.Change // that are still before what was divided
	sets     int            // how many of them are of the set
	known    int            // how many were when the last span began
	delisted map[time.Time]bool
}

// begin begins a span.
func (d *division) begin(s span) *span {
	if s.fetch == nil {
		s.fetch = map[string]trace.Fetch{}
	}
	s.known, d.known = d.known, d.sets
	d.spans = append(d.spans, s)
	return &d.spans[len(d.spans)-1]
}

// passChanges passes over the changes after a time. What an operator did has a span of its own, as there was a decision at
// once; modes that were set together have one, since it was one decision.
func (d *division) passChanges(at time.Time) {
	var together *span
	for len(d.changes) > 0 && d.changes[len(d.changes)-1].At.After(at) {
		c := d.changes[len(d.changes)-1]
		d.changes, d.open = d.changes[:len(d.changes)-1], false
		if c.Kind == "mode" {
			if together == nil || !together.last.Equal(c.At) {
				together = d.begin(span{last: c.At, modes: map[string]selector.Mode{}})
			}
			for _, edge := range edgesOf(c) {
				if _, later := together.modes[edge]; !later {
					together.modes[edge] = modeOf(c.After)
				}
			}
			continue
		}
		together = nil
		d.sets--
		if d.delisted[c.At] {
			d.begin(span{last: c.At})
		}
	}
}

// add puts a sample into the open span, or into another one.
func (d *division) add(s sample) {
	var open *span
	if d.open {
		open = &d.spans[len(d.spans)-1]
		if _, again := open.fetch[s.edge]; again || open.last.Sub(s.at) >= gather {
			d.open = false
		}
	}
	if !d.open {
		open, d.open = d.begin(span{last: s.at}), true
	}
	open.fetch[s.edge] = s.Fetch
}
