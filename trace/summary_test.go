package trace

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestSummarize(t *testing.T) {
	start := time.Unix(1700000000, 0).UTC()
	ok, bad := Fetch{Took: 100 * time.Millisecond}, Fetch{Failed: true}
	slow := Fetch{Took: time.Second}
	// round is minute n of a trace in which each edge is fetched, or not when it is left out.
	round := func(n int, fetch map[string]Fetch) Round {
		r := Round{At: start.Add(time.Duration(n) * time.Minute), Fetch: fetch}
		if n == 0 {
			r.Edges = []string{"a", "b", "c"}
		}
		return r
	}
	two := func(change func(*Settings)) Settings {
		s := Defaults()
		s.Selection.EdgeCount = 2
		if change != nil {
			change(&s)
		}
		return s
	}
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	tests := []struct {
		name     string
		settings Settings
		rounds   []Round
		want     Summary
	}{
		{"nothing", two(nil), nil, Summary{EdgeCount: 2}},
		{"one round takes no time", two(nil), []Round{round(0, map[string]Fetch{"a": ok, "b": ok})},
			Summary{Rounds: 1, From: start, EdgeCount: 2, Edges: []EdgeTime{{Edge: "a"}, {Edge: "b"}}}},
		{"calm", two(nil), []Round{
			round(0, map[string]Fetch{"a": ok, "b": ok, "c": slow}), round(1, map[string]Fetch{"a": ok}), round(3, map[string]Fetch{"b": ok}),
		}, Summary{
			Rounds: 3, From: start, Covered: minutes(3), EdgeCount: 2, Calm: minutes(3),
			Rungs: []RungTime{{selector.Full, minutes(3)}},
			Edges: []EdgeTime{{Edge: "a", Live: minutes(3)}, {Edge: "b", Live: minutes(3)}},
		}},
		{"an edge fails and is replaced", two(nil), []Round{
			round(0, map[string]Fetch{"a": ok, "b": ok, "c": slow}),
			round(4, map[string]Fetch{"a": bad, "b": ok, "c": slow}),
			round(5, map[string]Fetch{"a": bad, "b": ok, "c": slow}),
		}, Summary{
			Rounds: 3, From: start, Covered: minutes(5), EdgeCount: 2, Rotations: 1, Substitutions: 1, Calm: minutes(4),
			Rungs: []RungTime{{selector.Full, minutes(5)}},
			Edges: []EdgeTime{{Edge: "b", Live: minutes(5)}, {Edge: "a", Live: minutes(4)}, {Edge: "c", Live: minutes(1)}},
		}},
		{"what fall costs", two(func(s *Settings) { s.Grading.Fall = 2 }), []Round{
			round(0, map[string]Fetch{"a": ok, "b": ok, "c": slow}),
			round(4, map[string]Fetch{"a": bad, "b": ok, "c": slow}),
			round(5, map[string]Fetch{"a": bad, "b": ok, "c": slow}),
			round(6, map[string]Fetch{"b": ok}),
		}, Summary{
			Rounds: 4, From: start, Covered: minutes(6), EdgeCount: 2, Rotations: 1, Substitutions: 1, Calm: minutes(5), Failing: minutes(1),
			Rungs: []RungTime{{selector.Full, minutes(6)}},
			Edges: []EdgeTime{{Edge: "b", Live: minutes(6)}, {Edge: "a", Live: minutes(5), Failing: minutes(1)}, {Edge: "c", Live: minutes(1)}},
		}},
		{"all fail: too few, and those held are failing", two(nil), []Round{
			round(0, map[string]Fetch{"a": ok, "b": ok, "c": bad}),
			round(1, map[string]Fetch{"a": bad}),
			round(2, map[string]Fetch{"b": bad}),
			round(4, map[string]Fetch{"a": ok}),
			round(5, map[string]Fetch{"b": ok}),
		}, Summary{
			Rounds: 5, From: start, Covered: minutes(5), EdgeCount: 2, Rotations: 3, Substitutions: 1, Calm: minutes(3),
			Below: minutes(4), Failing: minutes(2),
			Rungs: []RungTime{{selector.Full, minutes(1)}, {selector.Short, minutes(2)}, {selector.Hold, minutes(2)}},
			Edges: []EdgeTime{{Edge: "b", Live: minutes(4), Failing: minutes(2)}, {Edge: "a", Live: minutes(2)}},
		}},
		{"the budget holds", two(func(s *Settings) { s.Selection.MaxChanges = 1; s.Selection.Keep = selector.Better }), []Round{
			round(0, map[string]Fetch{"a": slow, "b": slow, "c": bad}),
			round(1, map[string]Fetch{"c": ok}),
			round(2, map[string]Fetch{"b": ok}),
			round(3, map[string]Fetch{"b": ok}),
		}, Summary{
			Rounds: 4, From: start, Covered: minutes(3), EdgeCount: 2, Rotations: 1, Substitutions: 1, Held: 1, Calm: minutes(2),
			Rungs: []RungTime{{selector.Full, minutes(3)}},
			Edges: []EdgeTime{{Edge: "a", Live: minutes(3)}, {Edge: "c", Live: minutes(2)}, {Edge: "b", Live: minutes(1)}},
		}},
		{"a clock that was set back", two(nil), []Round{
			round(0, map[string]Fetch{"a": ok, "b": ok}), round(5, map[string]Fetch{"a": ok}),
			round(1, map[string]Fetch{"a": ok}), round(2, map[string]Fetch{"a": ok}),
		}, Summary{
			Rounds: 4, From: start, Covered: minutes(6), EdgeCount: 2, Calm: minutes(6), Rungs: []RungTime{{selector.Full, minutes(6)}},
			Edges: []EdgeTime{{Edge: "a", Live: minutes(6)}, {Edge: "b", Live: minutes(6)}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Summarize(Trace{Settings: tt.settings, Rounds: tt.rounds})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
