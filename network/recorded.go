package network

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

const (
	// maxRecorded bounds the samples of a trace, which takes about 500 bytes for each while it is made: of more edges than it
	// has room for, fewer of each.
	maxRecorded = 500_000
	// atOnce is how many histories are copied while the network's goroutine waits.
	atOnce = 100
)

// Trace returns the recorded rounds of a family, for deciding them anew with other settings. The error wraps ErrStopped, or
// ErrInvalid when the family is not served or has no sample yet.
//
// A server decides whenever samples arrive, gathered for up to a second, and records the samples, not the decisions. So the
// rounds are worked out: back from each recorded change of a set or a mode, and from now, the samples of a second make a
// round. What is approximate about it: a round's samples all have the time of its last; edges that came or went are
// listed from their first sample, and until they left the set or an interval after their last sample; what an edge did
// before the samples that are kept of it is not known; saved sets and addresses that moved are not in it; what was live
// during a freeze, or without contact to any edge, of which the name of the trace tells, is pinned, and a place that was
// free then may be filled; and all of it is decided by the settings of today.
//
// The set that was live at the beginning is pinned there until each of its edges has a sample, as a server that starts holds
// its saved set. What is expected of a round is the recorded live set, from the first recorded change on.
func (n *Network) Trace(ctx context.Context, f Family) (trace.Trace, error) {
	select {
	case n.tracing <- struct{}{}: // one at a time: it takes memory
		defer func() { <-n.tracing }()
	case <-ctx.Done():
		return trace.Trace{}, fmt.Errorf("reading the recorded rounds of %s: %w", f, ctx.Err())
	}
	r := recording{family: f}
	if err := n.transcribe(ctx, &r); err != nil {
		return trace.Trace{}, fmt.Errorf("reading the recorded rounds of %s: %w", f, err)
	}
	t := r.trace()
	if len(t.Rounds) == 0 {
		return trace.Trace{}, fmt.Errorf("reading the recorded rounds of %s: %w time: there are no samples yet", f, ErrInvalid)
	}
	t.Name = n.config.Name + " " + f.String() + r.pauses()
	t.Settings = trace.Settings{Grading: n.rules, Selection: n.settings[f]}
	// A limit of zero needs no time, which a trace has all the same.
	t.Settings.Selection.MaxChangesPer = cmp.Or(t.Settings.Selection.MaxChangesPer, trace.Defaults().Selection.MaxChangesPer)
	return t, nil
}

// recording is what a trace is made of.
type recording struct {
	family   Family
	until    time.Time
	interval time.Duration
	edges    []recorded
	modes    map[string]selector.Mode // now
	changes  []state.Change           // of this family's set and of modes, oldest first
	stops    []state.Change           // of freezes and of contact, oldest first
}

// recorded is one edge of a recording.
type recorded struct {
	name    string
	listed  bool // now
	cut     bool // it had samples before the first that is kept
	samples []history.Sample
}

// transcribe copies what a recording needs. Histories are copied some at a time, so that no decision waits for all of them.
func (n *Network) transcribe(ctx context.Context, r *recording) error {
	if !served(n.config, r.family) {
		return fmt.Errorf("%w family: it is not served", ErrInvalid)
	}
	var names []string
	err := n.do(ctx, func() {
		r.until, r.interval = n.now(), n.config.Interval
		r.modes = map[string]selector.Mode{}
		for name, m := range n.mem.modes {
			r.modes[name] = m.Mode
		}
		rotation := n.mem.rotations[r.family]
		r.changes = []state.Change{{At: rotation.since, Kind: "set", After: rotation.names}}
		for name, e := range n.mem.edges {
			if !e.canary && e.members[r.family] != nil {
				names = append(names, name)
			}
		}
	})
	if err != nil {
		return err
	}
	r.keep(n.Changes(maxChanges))
	slices.Sort(names)
	most := max(1, maxRecorded/max(1, len(names)))
	for some := range slices.Chunk(names, atOnce) {
		err := n.do(ctx, func() {
			for _, name := range some {
				e := n.mem.edges[name]
				if e == nil || e.members[r.family] == nil {
					continue
				}
				m := e.members[r.family]
				r.edges = append(r.edges, recorded{
					name: name, listed: e.configured && m.address().IsValid(),
					cut:     m.hist.Len() >= min(most, n.config.History),
					samples: m.hist.Recent(min(most, m.hist.Len())),
				})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keep takes from all changes, the newest first, those that matter. Without a change of the set on record there is only
// since when the set is as it is.
func (r *recording) keep(changes []state.Change) {
	var kept []state.Change
	sets := false
	for _, c := range slices.Backward(changes) {
		if (c.Kind == "freeze" || c.Kind == "contact" && c.Family == r.family.String()) && !c.At.After(r.until) {
			r.stops = append(r.stops, c)
			continue
		}
		if set := c.Kind == "set" && c.Family == r.family.String(); (set || c.Kind == "mode") && !c.At.After(r.until) {
			kept = append(kept, c)
			sets = sets || set
		}
	}
	if !sets && !r.changes[0].At.IsZero() {
		kept = append(kept, r.changes[0])
	}
	// Those of one moment stay in their order.
	slices.SortStableFunc(kept, func(a, b state.Change) int { return a.At.Compare(b.At) })
	r.changes = kept
}
