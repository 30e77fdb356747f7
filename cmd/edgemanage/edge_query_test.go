package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// queried is a network with an edge in two families, one that has never been probed, and one that was out and is back.
func queried() map[string]any {
	answers := calm()
	edges := answers["/v1/edges"].(control.Edges)
	edges.Edges = slices.Clone(edges.Edges)
	edges.Edges[5].Grade = "unknown"
	second := edges.Edges[3] // edge4: out in IPv4, live in IPv6
	second.Family, second.Live, second.Grade = "ipv6", true, "fail"
	edges.Edges = append(edges.Edges, second)
	answers["/v1/edges"] = edges
	changes := answers["/v1/changes"].(control.Changes)
	changes.Changes = append([]control.Change{
		{Network: "web", At: ago(100*time.Second + 900*time.Millisecond), Kind: "mode", Edge: "edge1.example.net", Before: []string{"unavailable"}, After: []string{"available"}},
		{Network: "web", At: ago(time.Hour), Kind: "mode", Edge: "edge1.example.net", Before: []string{"available"}, After: []string{"unavailable"}},
		{Network: "web", At: ago(time.Minute), Kind: "canary", Edge: "edge2.example.net"},
	}, changes.Changes...)
	answers["/v1/changes"] = changes
	return answers
}

// TestEdgeQuery: what scripts that read edge_query get, to the byte. That program printed no header over nothing, put no
// quotes in CSV, and told a JSON object its health and state only when verbose.
func TestEdgeQuery(t *testing.T) {
	const comment = `[alice] disk \x1b[2J\x1b]0;owned\adies\nedge1 is fine \u202etxt.exe\u009b31m`
	plain := "edge1.example.net\t100\nedge2.example.net\t-1\nedge3.example.net\t-1\nedge4.example.net\t-1\nedge5.example.net\t10800\nedge6.example.net\t-1\n"
	tests := []struct {
		name string
		args string
		want string
	}{
		{"flat", "-f flat", plain},
		{"by its long name", "--format flat", plain},
		{"with the flags that scripts have", "--dnet web --query flat", plain},
		{"csv", "-f csv -s in", "edge1.example.net,100\nedge2.example.net,-1\nedge3.example.net,-1\nedge4.example.net,-1\n"},
		{"json", "-f json -m unavailable", `{"edge": "edge5.example.net", "time_since_state_change": "10800"}` + "\n"},
		{"quiet", "-q --state out", "edge5.example.net\nedge6.example.net\n"},
		{"quiet json", "-q --format json -m unavailable", `{"edge": "edge5.example.net"}` + "\n"},
		{"verbose", "-v -m unavailable", "unavailable\tout\tpass\tedge5.example.net\t10800\t" + comment + "\n"},
		{"verbose csv", "-v --format csv -H pass_window", "available,in,pass_window,edge2.example.net,-1,\n"},
		{"verbose json", "-vf json -H pass_window", `{"edge": "edge2.example.net", "time_since_state_change": "-1", "health": "pass_window", "state": "in"}` + "\n"},
		{"verbose wins over quiet", "-qv -H pass_window", "available\tin\tpass_window\tedge2.example.net\t-1\t\n"},
		{"both in json", "-qvf json -H pass_window", `{"edge": "edge2.example.net", "health": "pass_window", "state": "in"}` + "\n"},
		{"header", "--header -s in -H pass_window", "edgename\tduration\nedge2.example.net\t-1\n"},
		{"header of names", "--header -q -H pass_window", "edgename\nedge2.example.net\n"},
		{"header of all", "--header -vf csv -H pass_window", "mode,state,health,edgename,duration,comment\navailable,in,pass_window,edge2.example.net,-1,\n"},
		{"header of nothing", "--header -m blindforce", ""},
		{"no header in json", "--header -qf json -H pass_window", `{"edge": "edge2.example.net"}` + "\n"},
		{"not probed yet counts as pass", "-q --health pass", "edge5.example.net\nedge6.example.net\n"},
		{"not probed yet", "-q -H unknown", "edge6.example.net\n"},
		{"in two families", "-v -H pass_threshold -m available -s in -f csv", "available,in,pass_threshold,edge1.example.net,100,\navailable,in,pass_threshold,edge3.example.net,-1,\navailable,in,pass_threshold,edge4.example.net,-1,\n"},
		{"none is like that", "-q -H fail", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			newFake(t, queried())
			code, stdout, stderr := ask(t, append([]string{"edges"}, strings.Fields(tt.args)...)...)
			if code != 0 || stderr != "" {
				t.Errorf("got exit code %d and %q", code, stderr)
			}
			if diff := cmp.Diff(tt.want, stdout); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if strings.HasPrefix(stdout, "{") && !json.Valid(bytes.TrimSpace([]byte(stdout))) {
				t.Errorf("%s is no JSON", stdout)
			}
		})
	}
}

// TestEdgeQueryRequests: filters are not left to the server, where an edge is two, and names alone need no changes.
func TestEdgeQueryRequests(t *testing.T) {
	changes := "GET /v1/changes?limit=1000&network=web"
	tests := []struct {
		name   string
		args   string
		code   int
		asked  []string
		stderr string // must be part of it
	}{
		{"filters", "-A web -s in -m force -H fail -f flat", 0, []string{"GET /v1/edges?network=web", changes}, ""},
		{"what narrows it safely", "-q --family ipv6 edge1*", 0, []string{"GET /v1/edges?edge=edge1%2A&family=ipv6"}, ""},
		{"names alone", "-qf json", 0, []string{"GET /v1/edges"}, ""},
		{"ours as before", "--format csv -s in", 0, []string{"GET /v1/edges?live=true"}, ""},
		{"ours as before, in JSON", "--format json -H fail", 0, []string{"GET /v1/edges?grade=fail"}, ""},
		{"a format that it had not", "-f table", 2, nil, `reading the format "table": edge_query had flat, csv or json`},
		{"a table that it had not", "-q --format table", 2, nil, `reading the format "table": edge_query had flat, csv or json`},
		{"an empty format", "--query=", 2, nil, `reading the format ""`},
		{"two formats", "-f csv --format csv", 2, nil, "reading --query: it is not for --format"},
		{"a wrong state", "-f flat -s up", 2, nil, `reading --state "up": expected live, in or out`},
		{"a wrong health", "-f flat -H good", 2, nil, `reading --grade: parsing grade "good"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, queried())
			code, _, stderr := ask(t, append([]string{"edges"}, strings.Fields(tt.args)...)...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stderr, tt.code, tt.stderr)
			}
			if diff := cmp.Diff(tt.asked, f.asked()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("no changes to be had", func(t *testing.T) {
		f := newFake(t, queried())
		f.set("/v1/changes", refusal{500, control.CodeInternal, "no"})
		if code, stdout, _ := ask(t, "edges", "-f", "flat"); code != 1 || stdout != "" {
			t.Errorf("got exit code %d and %q, want 1 and nothing: durations would be wrong", code, stdout)
		}
	})
}
