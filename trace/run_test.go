package trace

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t *testing.T, data string) Trace {
	t.Helper()
	tr, err := Parse(t.Name(), []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Each trace states its own expectation.
func TestRun(t *testing.T) {
	tests := []struct {
		name, data string
	}{
		{"an edge never probed is unknown", `{"settings": {"edge_count": 2},
			"rounds": [{"at": 60, "edges": ["a", "b"], "fetch": {"a": 0.1}}],
			"expect": [{"live": ["a"], "rotated": true, "rung": "short", "health": {"a": "pass_threshold", "b": "unknown"}}]}`},
		{"the first set is compared with the empty one", `{"rounds": [{"at": 60, "edges": [], "fetch": {}}],
			"expect": [{"live": [], "rotated": false, "rung": "none", "health": {}}]}`},
		{"an edge not probed keeps its grade", `{"settings": {"edge_count": 1},
			"rounds": [
				{"at": 60, "edges": ["a"], "fetch": {"a": 0.1}},
				{"at": 61, "fetch": {"a": 2}},
				{"at": 4000, "fetch": {}}],
			"expect": [{}, {"health": {"a": "pass"}}, {"live": ["a"], "rotated": false, "health": {"a": "pass"}}]}`},
		{"modes last, and wait for edges that are not listed", `{"settings": {"edge_count": 1},
			"rounds": [
				{"at": 60, "edges": ["b"], "modes": {"a": "unavailable"}, "fetch": {"b": 0.2}},
				{"at": 120, "edges": ["a", "b"], "fetch": {"a": 0.1, "b": null}},
				{"at": 180, "modes": {"a": "available"}, "fetch": {"a": 0.1, "b": null}}],
			"expect": [
				{"live": ["b"], "health": {"b": "pass_threshold"}},
				{"live": ["b"], "rung": "hold", "health": {"b": "fail"}},
				{"live": ["a"], "rotated": true, "rung": "full"}]}`},
		{"fall and rise", `{"settings": {"edge_count": 1, "fall": 2, "rise": 2},
			"rounds": [
				{"at": 60, "edges": ["a"], "fetch": {"a": 0.1}}, {"at": 120, "fetch": {"a": null}}, {"at": 180, "fetch": {"a": null}},
				{"at": 240, "fetch": {"a": 0.1}}, {"at": 300, "fetch": {"a": 0.1}}],
			"expect": [
				{"health": {"a": "pass_threshold"}}, {"health": {"a": "pass_threshold"}}, {"health": {"a": "fail"}},
				{"health": {"a": "fail"}}, {"health": {"a": "pass_threshold"}}]}`},
		{"an edge that returns within a day has its history", `{"settings": {"edge_count": 1},
			"rounds": [
				{"at": 0, "edges": ["a", "b"], "fetch": {"a": 0.1, "b": 0.2}},
				{"at": 60, "edges": ["b"], "fetch": {"b": 0.2}},
				{"at": 86399, "edges": ["a", "b"], "fetch": {}}],
			"expect": [{"live": ["a"]}, {"live": ["b"], "health": {"b": "pass_threshold"}},
				{"live": ["b"], "rotated": false, "health": {"a": "pass_threshold", "b": "pass_threshold"}}]}`},
		{"an edge that returns after a day has none", `{"settings": {"edge_count": 1},
			"rounds": [
				{"at": 0, "edges": ["a", "b"], "fetch": {"a": 0.1, "b": 0.2}},
				{"at": 60, "edges": ["b"], "fetch": {}},
				{"at": 86400, "edges": ["b", "a"], "fetch": {}}],
			"expect": [{}, {}, {"health": {"a": "unknown", "b": "pass_threshold"}}]}`},
		{"fallback addresses are the live set, without a grade", `{"settings": {"edge_count": 1, "fallback": ["192.0.2.9", "192.0.2.10", "192.0.2.1"]},
			"rounds": [
				{"at": 60, "edges": ["192.0.2.1"], "fetch": {"192.0.2.1": 0.1}},
				{"at": 120, "modes": {"192.0.2.1": "unavailable"}, "fetch": {}},
				{"at": 180, "fetch": {}}],
			"expect": [
				{"live": ["192.0.2.1"], "rung": "full"},
				{"live": ["192.0.2.10", "192.0.2.9"], "rotated": true, "rung": "fallback", "health": {}},
				{"live": ["192.0.2.10", "192.0.2.9"], "rotated": false, "rung": "fallback", "health": {}}]}`},
		{"a change of rung alone is no rotation", `{"settings": {"edge_count": 1},
			"rounds": [{"at": 60, "edges": ["a"], "fetch": {"a": 0.1}}, {"at": 120, "fetch": {"a": null}}],
			"expect": [{"rung": "full"}, {"live": ["a"], "rotated": false, "rung": "hold"}]}`},
		{"the budget runs over the rounds", `{"settings": {"edge_count": 1, "keep": "better", "max_changes": 1, "max_changes_per": 100},
			"rounds": [
				{"at": 0, "edges": ["a", "b"], "fetch": {"a": 0.1, "b": 2}},
				{"at": 60, "fetch": {"a": 2, "b": 0.1}},
				{"at": 120, "fetch": {"a": 0.1, "b": 5}},
				{"at": 159, "fetch": {}},
				{"at": 160, "fetch": {}}],
			"expect": [{"live": ["a"]}, {"live": ["b"]}, {"live": ["b"]}, {"live": ["b"]}, {"live": ["a"]}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := mustParse(t, tt.data)
			for _, d := range Compare(tr, Run(tr)) {
				t.Error(d)
			}
		})
	}
}

func TestResultJSON(t *testing.T) {
	tr := mustParse(t, `{"name": "example", "settings": {"edge_count": 1}, "rounds": [
		{"at": 1700000060.5, "edges": ["a", "b"], "fetch": {"a": 0.153, "b": null}},
		{"at": 1700000120, "edges": [], "fetch": {}}]}`)
	got, err := json.Marshal(Run(tr))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		`{"name":"example","rounds":[`,
		`{"at":1700000060.5,"live":["a"],"rotated":true,"rung":"full","health":{"a":"pass_threshold","b":"fail"},`,
		`"reasons":{"a":"live: filled, pass_threshold, average 0.153s","b":"out: not passing, fail, average 10.000s"}},`,
		`{"at":1700000120,"live":[],"rotated":true,"rung":"none","health":{},"reasons":{"a":"out: no longer configured"}}]}`,
	}, "")
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestCompare(t *testing.T) {
	const rounds = `{"settings": {"edge_count": 1}, "rounds": [
		{"at": 60, "edges": ["a", "b"], "fetch": {"a": 0.1, "b": 0.2}},
		{"at": 120.5, "fetch": {"a": 0.1, "b": null}}], "expect": [{}, %]}`
	tests := []struct {
		name, expect string
		want         []string
	}{
		{"nothing", `{}`, nil},
		{"as it is", `{"live": ["a"], "rotated": false, "rung": "full", "health": {"a": "pass_threshold", "b": "fail"}}`, nil},
		{"live", `{"live": ["b", "a"]}`, []string{`round 1 (at 120.5): live: got [a], want [a b]`}},
		{"no live edge", `{"live": []}`, []string{`round 1 (at 120.5): live: got [a], want []`}},
		{"rotated and rung", `{"rotated": true, "rung": "short"}`, []string{
			`round 1 (at 120.5): rotated: got false, want true`,
			`round 1 (at 120.5): rung: got full, want short`,
		}},
		{"grade", `{"health": {"a": "pass", "c": "fail"}}`, []string{
			`round 1 (at 120.5): health["a"]: got pass_threshold, want pass`,
			`round 1 (at 120.5): health["b"]: got fail, want absent`,
			`round 1 (at 120.5): health["c"]: got absent, want fail`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := mustParse(t, strings.Replace(rounds, "%", tt.expect, 1))
			var got []string
			for _, d := range Compare(tr, Run(tr)) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
