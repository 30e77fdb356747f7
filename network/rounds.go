package network

import (
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// trace makes the rounds of a recording, none without a sample; see Network.Trace.
func (r *recording) trace() trace.Trace {
	spans := r.spans()
	if len(spans) == 0 {
		return trace.Trace{}
	}
	t := trace.Trace{Rounds: make([]trace.Round, len(spans))}
	seen, gone := map[string]int{}, map[string]int{} // the first round that an edge has a sample in, and the one after the last
	for i, s := range spans {
		t.Rounds[i] = trace.Round{At: s.last, Modes: s.modes, Fetch: s.fetch}
		for name := range s.fetch {
			if _, ok := seen[name]; !ok {
				seen[name] = i
			}
			gone[name] = i + 1
		}
	}
	sets := r.sets()
	pinned := r.pinned(sets, spans[0].last, seen)
	r.list(t.Rounds, seen, gone, pinned)
	r.begin(t.Rounds, seen, pinned)
	r.hold(t.Rounds, spans, sets)
	t.Expect = r.expectations(spans, sets)
	return t
}

// modeOf reads the one mode of a change.
func modeOf(words []string) selector.Mode {
	if len(words) == 1 {
		if m, err := selector.ParseMode(words[0]); err == nil {
			return m
		}
	}
	return selector.Available
}

// edgesOf are the edges of a change of modes.
func edgesOf(c state.Change) []string {
	if len(c.Edges) > 0 {
		return c.Edges
	}
	return []string{c.Edge}
}

// list gives the rounds their edge lists.
func (r *recording) list(rounds []trace.Round, seen, gone map[string]int, pinned []string) {
	come, leave := map[int][]string{}, map[int][]string{}
	for _, e := range r.edges {
		from, ok := seen[e.name]
		switch {
		case !ok && !e.listed:
			continue
		case !ok, e.cut && e.listed, slices.Contains(pinned, e.name):
			from = 0
		}
		come[from] = append(come[from], e.name)
		if e.listed {
			continue
		}
		left := r.left(e)
		to, _ := slices.BinarySearchFunc(rounds, left, func(round trace.Round, at time.Time) int { return round.At.Compare(at) })
		to = max(to, gone[e.name])
		leave[to] = append(leave[to], e.name)
	}
	list := []string{}
	for i := range rounds {
		if i > 0 && come[i] == nil && leave[i] == nil {
			continue
		}
		list = slices.DeleteFunc(append(slices.Clone(list), come[i]...), func(name string) bool { return slices.Contains(leave[i], name) })
		slices.Sort(list)
		rounds[i].Edges = list
	}
}

// left is when an edge that is not listed any more was taken off the list: when it left the set by that, and else an
// interval after its last sample.
func (r *recording) left(e recorded) time.Time {
	last := e.samples[len(e.samples)-1].At
	for _, c := range r.changes {
		if c.Kind == "set" && c.At.After(last) && slices.Contains(c.Before, e.name) && !slices.Contains(c.After, e.name) {
			return c.At
		}
	}
	return last.Add(r.interval)
}

// set is a live set, and from when on it is known.
type set struct {
	from time.Time
	live []string
}

// sets are the recorded live sets, oldest first.
func (r *recording) sets() (sets []set) {
	for _, c := range r.changes {
		if c.Kind == "set" {
			sets = append(sets, set{c.At, c.After})
		}
	}
	return sets
}

// pinned are the edges that were live at the beginning.
func (r *recording) pinned(sets []set, start time.Time, seen map[string]int) (names []string) {
	i, found := slices.BinarySearchFunc(sets, start, func(s set, at time.Time) int { return s.from.Compare(at) })
	var live []string
	switch {
	case found:
		live = sets[i].live
	case i > 0:
		live = sets[i-1].live
	default:
		for _, c := range r.changes {
			if c.Kind == "set" {
				live = c.Before
				break
			}
		}
	}
	for _, name := range live {
		if _, ok := seen[name]; ok {
			names = append(names, name)
		}
	}
	return names
}

// begin gives the first round the modes that stood then, and holds the pinned edges until each has a sample.
func (r *recording) begin(rounds []trace.Round, seen map[string]int, pinned []string) {
	stood := maps.Clone(r.modes)
	for _, c := range slices.Backward(r.changes) {
		if c.Kind == "mode" && !c.At.Before(rounds[0].At) {
			for _, edge := range edgesOf(c) {
				stood[edge] = modeOf(c.Before)
			}
		}
	}
	release := 1
	for _, name := range pinned {
		release = max(release, seen[name])
	}
	for _, name := range pinned {
		for i := 1; i < len(rounds); i++ {
			if _, said := rounds[i].Modes[name]; said {
				break // what an operator said ends it
			}
			if i == release {
				say(&rounds[i], name, stood[name])
				break
			}
		}
		stood[name] = selector.BlindForce
	}
	for name, m := range stood {
		if _, said := rounds[0].Modes[name]; !said && m != selector.Available {
			say(&rounds[0], name, m)
		}
	}
}

func say(round *trace.Round, name string, m selector.Mode) {
	if round.Modes == nil {
		round.Modes = map[string]selector.Mode{}
	}
	round.Modes[name] = m
}

// expectations are the recorded sets, each for the rounds up to the next change. Nothing is expected of a round that was not
// decided by the rules alone: while the network was frozen, or when an operator's change came before its samples were decided
// on.
func (r *recording) expectations(spans []span, sets []set) []trace.Expect {
	if len(sets) == 0 {
		return nil
	}
	stops := r.standstills()
	expect := make([]trace.Expect, len(spans))
	for i, s := range spans {
		frozen := slices.ContainsFunc(stops, func(f standstill) bool { return f.holds(s.last) })
		together := i+1 < len(spans) && spans[i+1].modes != nil && spans[i+1].last.Sub(s.last) <= gather
		if s.known > 0 && !frozen && !together {
			expect[i].Live = append([]string{}, sets[s.known-1].live...)
		}
	}
	return expect
}
