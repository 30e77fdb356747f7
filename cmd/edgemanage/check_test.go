package main

import (
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// TestCheck: what a monitor sees. The last change of the sets was three hours ago, the slowest live edge takes 0.52 s, and
// no edge serves something else, unless a test changes that.
func TestCheck(t *testing.T) {
	networks := func(change func(*control.Network)) func(map[string]any) {
		return func(answers map[string]any) {
			all := answers["/v1/networks"].(control.Networks)
			change(&all.Networks[0])
		}
	}
	edges := func(change func(*control.Edge)) func(map[string]any) {
		return func(answers map[string]any) {
			all := answers["/v1/edges"].(control.Edges)
			for i := range all.Edges {
				change(&all.Edges[i])
			}
		}
	}
	outcomes := func(wrong map[string]string) func(map[string]any) {
		return edges(func(e *control.Edge) {
			if outcome, ok := wrong[e.Edge]; ok {
				e.Outcome = outcome
			}
		})
	}
	tests := []struct {
		name   string
		change func(map[string]any)
		args   string
		code   int
		want   string
	}{
		{"calm", nil, "rotation", 0, "EDGE_ROTATE OK - web: 0 changes of the live set in 10m; ipv4 rung full with 3 live | frequency=0;4;8;0\n"},
		{"a longer period", nil, "rotation --period 24h", 0, "EDGE_ROTATE OK - web: 1 change of the live set in 1d, the last 3h ago; ipv4 rung full with 3 live | frequency=1;4;8;0\n"},
		{"a change too many", nil, "rotation --period 24h -w 0", 1, "EDGE_ROTATE WARN - web: 1 change of the live set in 1d, the last 3h ago; ipv4 rung full with 3 live | frequency=1;0;8;0\n"},
		{"critical before warning", nil, "rotation --period 24h -w 0 -c 0", 2, "EDGE_ROTATE CRIT - web: 1 change of the live set in 1d, the last 3h ago; ipv4 rung full with 3 live | frequency=1;0;0;0\n"},
		{"many changes", func(answers map[string]any) {
			var all []control.Change
			for i := range 9 {
				all = append(all, control.Change{Network: "web", Kind: "set", At: ago(time.Duration(i) * time.Minute), Before: []string{"edge1.example.net"}}, control.Change{Network: "web", Kind: "mode", At: ago(time.Minute)})
			}
			answers["/v1/changes"] = control.Changes{Changes: all}
		}, "rotation", 2, "EDGE_ROTATE CRIT - web: 9 changes of the live set in 10m, the last just now; ipv4 rung full with 3 live | frequency=9;4;8;0\n"},
		{"the first set of all", func(answers map[string]any) {
			answers["/v1/changes"] = control.Changes{Changes: []control.Change{{Network: "web", Kind: "set", At: ago(time.Minute), Before: []string{}, After: []string{"edge1.example.net"}}}}
		}, "rotation -w 0", 0, "EDGE_ROTATE OK - web: 0 changes of the live set in 10m; ipv4 rung full with 3 live | frequency=0;0;8;0\n"},
		{"frozen, late and on a low rung", networks(func(n *control.Network) {
			n.Frozen, n.Late, n.LastRound, n.Families[0].Rung = &control.Freeze{}, true, ago(7*time.Minute), "hold"
		}), "rotation", 0, "EDGE_ROTATE OK - web: 0 changes of the live set in 10m; ipv4 rung hold with 3 live, FROZEN, last round LATE: 7m ago | frequency=0;4;8;0\n"},
		{"modes lost", networks(func(n *control.Network) { n.ModesLost = true }), "rotation", 1, "EDGE_ROTATE WARN - web: 0 changes of the live set in 10m; ipv4 rung full with 3 live, MODES LOST | frequency=0;4;8;0\n"},
		{"not saved", networks(func(n *control.Network) { n.StateError = "disk | full" }), "rotation", 1, "EDGE_ROTATE WARN - web: 0 changes of the live set in 10m; ipv4 rung full with 3 live, STATE NOT SAVED | frequency=0;4;8;0\n"},
		{"modes lost and too many changes", networks(func(n *control.Network) { n.ModesLost = true }), "rotation --period 24h -c 0", 2, "EDGE_ROTATE CRIT - web: 1 change of the live set in 1d, the last 3h ago; ipv4 rung full with 3 live, MODES LOST | frequency=1;4;0;0\n"},
		{"undecided", networks(func(n *control.Network) { n.Ready = false }), "rotation", 3, "EDGE_ROTATE UNKNOWN - web has no decision yet\n"},
		{"several networks", func(answers map[string]any) { answers["/v1/networks"] = dire()["/v1/networks"] }, "rotation", 3, "EDGE_ROTATE UNKNOWN - the server has 2 networks: --network must name one of: lab, web\n"},
		{"a wrong period", nil, "rotation --period day", 3, "EDGE_ROTATE UNKNOWN - reading --period \"day\": expected a length of time such as 90m or 2h\n"},
		{"a wrong threshold", nil, "rotation -w 5:1", 3, "EDGE_ROTATE UNKNOWN - reading --warning: reading threshold \"5:1\": it starts above its end: expected a range such as 10, 10:, ~:10, 10:20 or @10:20\n"},
		{"an unknown flag", nil, "rotation --frequency 1", 3, "EDGE_ROTATE UNKNOWN - unknown flag: --frequency\n"},
		{"an argument", nil, "rotation web", 3, "EDGE_ROTATE UNKNOWN - unknown command \"web\" for \"edgemanage check rotation\"\n"},

		{"fast", nil, "latency", 0, "ACTIVE_EDGE_LATENCY OK - web: the slowest live edge is edge2.example.net (ipv4) with 520ms, the mean of the last 5m; ipv4 rung full with 3 live | slowestactive=0.52s;0.7;5.35;0;10\n"},
		{"slow", nil, "latency -w 0.5", 1, "ACTIVE_EDGE_LATENCY WARN - web: the slowest live edge is edge2.example.net (ipv4) with 520ms, the mean of the last 5m; ipv4 rung full with 3 live | slowestactive=0.52s;0.5;5.35;0;10\n"},
		{"live though it fails", edges(func(e *control.Edge) {
			if e.Edge == "edge3.example.net" {
				e.WindowSeconds, e.LastFailed = 9.4, true
			}
		}), "latency", 2, "ACTIVE_EDGE_LATENCY CRIT - web: the slowest live edge is edge3.example.net (ipv4) with 10.0s, its last probe failed; ipv4 rung full with 3 live | slowestactive=10s;0.7;5.35;0;10\n"},
		{"slow until now", edges(func(e *control.Edge) {
			if e.Edge == "edge3.example.net" {
				e.WindowSeconds = 9.4
			}
		}), "latency", 2, "ACTIVE_EDGE_LATENCY CRIT - web: the slowest live edge is edge3.example.net (ipv4) with 9.40s, the mean of the last 5m; ipv4 rung full with 3 live | slowestactive=9.4s;0.7;5.35;0;10\n"},
		{"frozen while it fails", func(answers map[string]any) {
			networks(func(n *control.Network) { n.Frozen = &control.Freeze{} })(answers)
			edges(func(e *control.Edge) { e.LastFailed, e.LastSeconds = e.Edge == "edge1.example.net", 0.01 })(answers)
		}, "latency -w 20 -c 30", 1, "ACTIVE_EDGE_LATENCY WARN - web: the slowest live edge is edge1.example.net (ipv4) with 10.0s, its last probe failed; ipv4 rung full with 3 live, FROZEN | slowestactive=10s;20;30;0;10\n"},
		{"on a low rung", networks(func(n *control.Network) { n.Families[0].Rung = "hold" }), "latency", 1, "ACTIVE_EDGE_LATENCY WARN - web: the slowest live edge is edge2.example.net (ipv4) with 520ms, the mean of the last 5m; ipv4 rung hold with 3 live | slowestactive=0.52s;0.7;5.35;0;10\n"},
		{"on rung short", networks(func(n *control.Network) { n.Families[0].Rung = "short" }), "latency", 0, "ACTIVE_EDGE_LATENCY OK - web: the slowest live edge is edge2.example.net (ipv4) with 520ms, the mean of the last 5m; ipv4 rung short with 3 live | slowestactive=0.52s;0.7;5.35;0;10\n"},
		{"the fallback", func(answers map[string]any) {
			networks(func(n *control.Network) { n.Families[0].Rung, n.Families[0].Live = "fallback", nil })(answers)
			edges(func(e *control.Edge) { e.Live = false })(answers)
		}, "latency", 1, "ACTIVE_EDGE_LATENCY WARN - web: no live edge has a sample; ipv4 rung fallback with 0 live\n"},
		{"nothing to answer", func(answers map[string]any) {
			networks(func(n *control.Network) {
				n.Families[0].Rung, n.Families[0].Live, n.StateError = "none", nil, "disk full"
			})(answers)
			edges(func(e *control.Edge) { e.Live = false })(answers)
		}, "latency", 2, "ACTIVE_EDGE_LATENCY CRIT - web: no live edge has a sample; ipv4 rung none with 0 live, STATE NOT SAVED\n"},
		{"no live edge", edges(func(e *control.Edge) { e.Live = false }), "latency", 3, "ACTIVE_EDGE_LATENCY UNKNOWN - web has no live edge with a sample; ipv4 rung full with 3 live\n"},
		{"no sample", edges(func(e *control.Edge) { e.Samples = 0 }), "latency", 3, "ACTIVE_EDGE_LATENCY UNKNOWN - web has no live edge with a sample; ipv4 rung full with 3 live\n"},
		{"too fast", nil, "latency -c 1:", 2, "ACTIVE_EDGE_LATENCY CRIT - web: the slowest live edge is edge2.example.net (ipv4) with 520ms, the mean of the last 5m; ipv4 rung full with 3 live | slowestactive=0.52s;0.7;1:;0;10\n"},

		{"all the same", nil, "integrity", 0, "EDGE_TESTMATCH OK - web: 0 of 6 edges have another content than the object; that of 1 is not known; ipv4 rung full with 3 live | notok=0;0;1;0;6\n"},
		{"one wrong", outcomes(map[string]string{"edge4.example.net": "checksum"}), "integrity", 1, "EDGE_TESTMATCH WARN - web: 1 of 6 edges has another content than the object: edge4.example.net (ipv4, checksum); that of 1 is not known; ipv4 rung full with 3 live | notok=1;0;1;0;6\n"},
		{"two wrong", outcomes(map[string]string{"edge1.example.net": "size", "edge5.example.net": "checksum"}), "integrity", 2, "EDGE_TESTMATCH CRIT - web: 2 of 6 edges have another content than the object: edge1.example.net (ipv4, size), edge5.example.net (ipv4, checksum); that of 1 is not known; ipv4 rung full with 3 live | notok=2;0;1;0;6\n"},
		{"wrong in both families", func(answers map[string]any) {
			all := answers["/v1/edges"].(control.Edges)
			all.Edges = []control.Edge{{Edge: "e1", Family: "ipv4", Outcome: "size"}, {Edge: "e1", Family: "ipv6", Outcome: "size"}}
			answers["/v1/edges"] = all
		}, "integrity", 1, "EDGE_TESTMATCH WARN - web: 1 of 1 edge has another content than the object: e1 (ipv4, size), e1 (ipv6, size); ipv4 rung full with 3 live | notok=1;0;1;0;1\n"},
		{"not probed yet", edges(func(e *control.Edge) { e.Outcome = "" }), "integrity", 3, "EDGE_TESTMATCH UNKNOWN - no edge of web has been probed yet; ipv4 rung full with 3 live\n"},
		{"nobody answers", edges(func(e *control.Edge) { e.Outcome = "timeout" }), "integrity", 3, "EDGE_TESTMATCH UNKNOWN - web: the content of no edge is known, the last probes failed otherwise; ipv4 rung full with 3 live\n"},
		{"a fault of this machine", edges(func(e *control.Edge) { e.Outcome = "local" }), "integrity", 3, "EDGE_TESTMATCH UNKNOWN - web: the content of no edge is known, the last probes failed otherwise; ipv4 rung full with 3 live\n"},
		{"modes lost, and the content the same", networks(func(n *control.Network) { n.ModesLost = true }), "integrity", 0, "EDGE_TESTMATCH OK - web: 0 of 6 edges have another content than the object; that of 1 is not known; ipv4 rung full with 3 live, MODES LOST | notok=0;0;1;0;6\n"},

		{"no check", nil, "", 3, "EDGEMANAGE UNKNOWN - expected rotation, latency or integrity\n"},
		{"another check", nil, "rotate", 3, "EDGEMANAGE UNKNOWN - unknown command \"rotate\" for \"edgemanage check\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answers := calm()
			if tt.change != nil {
				tt.change(answers)
			}
			newFake(t, answers)
			code, stdout, stderr := ask(t, append([]string{"check"}, strings.Fields(tt.args)...)...)
			if code != tt.code || stdout != tt.want || stderr != "" {
				t.Errorf("got %d, %q\n%s\nwant %d\n%s", code, stderr, stdout, tt.code, tt.want)
			}
		})
	}
}
