package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

var update = flag.Bool("update", false, "write the golden files and the man pages anew")

// golden compares with a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, diff)
	}
}

// TestGolden: what people see, exit codes included. The files are to be read: they are the manual's pictures.
func TestGolden(t *testing.T) {
	outage := control.Mode{Mode: "unavailable", Comment: "flood", Author: "root", Claimed: "alice", At: now, Expires: now.Add(2 * time.Hour)}
	was := control.Mode{Mode: "available"}
	set := control.Applied{
		Network: "web", Saved: true, Serial: 1773280001,
		Edges: []control.EdgeMode{{Edge: "edge1.example.net", Configured: true, Before: was, After: outage}},
		Families: []control.FamilyOutcome{
			{
				Family: "ipv4", Before: []string{"edge1.example.net", "edge2.example.net"}, After: []string{"edge2.example.net", "edge4.example.net"}, RungBefore: "full", RungAfter: "full",
				Left: []control.Move{{Edge: "edge1.example.net", Reason: "out: unavailable"}}, Entered: []control.Move{{Edge: "edge4.example.net", Reason: "live: filled, pass_threshold, average 0.211s"}},
			},
			{Family: "ipv6", Before: []string{"edge9.example.net"}, After: []string{"edge9.example.net"}, RungBefore: "short", RungAfter: "short"},
		},
	}
	preview := set
	preview.Preview, preview.Saved = true, false
	preview.Edges = append(preview.Edges, control.EdgeMode{Edge: "edge11.example.net", Before: was, After: outage})
	preview.Families = []control.FamilyOutcome{{Family: "ipv4", Before: []string{"edge1.example.net"}, After: []string{}, RungBefore: "short", RungAfter: "none", Left: set.Families[0].Left, Warnings: []string{"no edge is left"}}}
	unsaved := set
	unsaved.Saved, unsaved.Why = false, "writing state.json: no space left on device"
	freeze := control.Applied{Network: "web", Saved: true, Serial: 7, After: &control.Freeze{Comment: "uplink flaps", Author: "root", At: now, Expires: now.Add(30 * time.Minute)}}
	thaw := control.Applied{Network: "web", Saved: true, Serial: 8, Before: &control.Freeze{Comment: "uplink flaps", Author: "root", Claimed: "alice", At: ago(10 * time.Minute)}}

	// Edges whose names do not resolve yet stood under "not configured", and the operator went looking in the edge lists.
	unresolved := calm()["/v1/edges"].(control.Edges)
	unresolved.Edges = append([]control.Edge{{
		Edge: "edge7.example.net", Configured: true, Grade: "unknown", Rule: "none", Mode: was,
		Reason: "out: no address is known in the families that are served",
	}}, unresolved.Edges[5:]...)
	// A canary is known by its zone: the address alone says nothing at night. A set whose edges moved is no other order.
	rare := control.Changes{Changes: []control.Change{
		{Network: "web", At: ago(time.Minute), Kind: "canary", Family: "ipv4", Zone: "shop.example.com.", Edge: "192.0.2.201", Before: []string{"in"}, After: []string{"out"}, Reason: "grade fail: not used"},
		{Network: "web", At: ago(time.Hour), Kind: "set", Family: "ipv4", Before: []string{"edge1.example.net"}, After: []string{"edge1.example.net"}, Rung: "full", Serial: 1773276404, Reason: "addresses changed to [192.0.2.11]"},
	}}

	// An operator who took a canary out was told nowhere that it is out, nor who did it and until when.
	moded := calm()["/v1/canaries"].(control.Canaries)
	moded.Canaries[1].Edge.Mode = outage
	// A warning of both families stood there twice, and whose it was could not be told.
	warned := set
	warned.Families = slices.Clone(set.Families)
	warned.Families[0].Warnings = []string{"no candidate would be left: it is not done without force", "frozen by root until 2026-03-12T02:40:04Z: uplink flaps"}
	warned.Families[1].Warnings = []string{"frozen by root until 2026-03-12T02:40:04Z: uplink flaps"}

	tests := []struct {
		name    string
		answers map[string]any
		more    map[string]any // instead of some of answers
		args    []string
	}{
		{"status", calm(), nil, []string{"status"}},
		{"status-dire", dire(), nil, []string{"status"}},
		{"status-colour", dire(), nil, []string{"status", "--color", "always"}},
		{"status-json", calm(), nil, []string{"status", "--format", "json"}},
		{"status-empty", calm(), map[string]any{"/v1/networks": control.Networks{Version: "1.2.3", At: now}, "/v1/changes": control.Changes{}}, []string{"status"}},
		{"edges", calm(), nil, []string{"edges"}},
		{"edges-csv", calm(), nil, []string{"edges", "--format", "csv"}},
		{"edges-json", calm(), nil, []string{"edges", "--format", "json", "--color", "always"}},
		{"edges-none", calm(), map[string]any{"/v1/edges": control.Edges{Network: "web"}}, []string{"edges", "--grade", "unknown"}},
		{"edges-unresolved", calm(), map[string]any{"/v1/edges": unresolved}, []string{"edges"}},
		{"edges-network-required", calm(), map[string]any{"/v1/edges": refusal{http.StatusBadRequest, control.CodeNetworkRequired, "the server has several networks: name one: lab, web"}}, []string{"edges"}},
		{"explain", calm(), nil, []string{"explain", "edge*"}},
		{"history", calm(), nil, []string{"history", "edge6.example.net"}},
		{"history-csv", calm(), nil, []string{"history", "edge6.example.net", "--format", "csv"}},
		{"changes", calm(), nil, []string{"changes"}},
		{"changes-csv", calm(), nil, []string{"changes", "--format", "csv"}},
		{"changes-rare", calm(), map[string]any{"/v1/changes": rare}, []string{"changes"}},
		{"changes-rare-csv", calm(), map[string]any{"/v1/changes": rare}, []string{"changes", "--format", "csv"}},
		{"status-canary", calm(), map[string]any{"/v1/changes": rare}, []string{"status"}},
		{"canaries", calm(), nil, []string{"canaries"}},
		{"canaries-csv", calm(), nil, []string{"canaries", "--format", "csv"}},
		{"canaries-mode", calm(), map[string]any{"/v1/canaries": moded}, []string{"canaries"}},
		{"canaries-mode-csv", calm(), map[string]any{"/v1/canaries": moded}, []string{"canaries", "--format", "csv"}},
		{"status-canary-mode", calm(), map[string]any{"/v1/canaries": moded}, []string{"status"}},
		{"mode-warnings", map[string]any{"/v1/mode": warned}, nil, []string{"mode", "edge1.example.net", "unavailable", "--comment", "flood", "--for", "2h"}},
		{"mode", map[string]any{"/v1/mode": set}, nil, []string{"mode", "edge1.example.net", "unavailable", "--comment", "flood", "--for", "2h"}},
		{"mode-preview", map[string]any{"/v1/mode": preview}, nil, []string{"mode", "edge1*", "unavailable", "--comment", "flood", "--for", "2h", "--preview"}},
		{"mode-not-saved", map[string]any{"/v1/mode": unsaved}, nil, []string{"mode", "edge1.example.net", "unavailable", "--comment", "flood"}},
		{"mode-no-candidate", map[string]any{"/v1/mode": refusal{http.StatusConflict, control.CodeNoCandidate, "no edge would be left"}}, nil, []string{"mode", "*", "unavailable", "--comment", "flood"}},
		{"freeze", map[string]any{"/v1/freeze": freeze}, nil, []string{"freeze", "--comment", "uplink flaps", "--for", "30m"}},
		{"unfreeze", map[string]any{"/v1/unfreeze": thaw}, nil, []string{"unfreeze"}},
		{"unfreeze-not-frozen", map[string]any{"/v1/unfreeze": control.Applied{Network: "web", Saved: true, Serial: 8}}, nil, []string{"unfreeze"}},
		{"check-rotation", calm(), nil, []string{"check", "rotation"}},
		{"check-latency", calm(), nil, []string{"check", "latency"}},
		{"check-integrity", calm(), nil, []string{"check", "integrity"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t, tt.answers)
			for path, answer := range tt.more {
				f.set(path, answer)
			}
			code, stdout, stderr := ask(t, tt.args...)
			got := fmt.Sprintf("$ edgemanage %s\n%sexit status %d\n", strings.Join(tt.args, " "), stdout+stderr, code)
			golden(t, filepath.Join("testdata", "golden", tt.name+".txt"), got)
			coloured := tt.name == "status-colour"
			for i, r := range got {
				if r != '\n' && r != '\x1b' && (r < ' ' || r == '\u202e' || r >= 0x7f && r < 0xa0) || r == '\x1b' && !coloured {
					t.Errorf("byte %d of the output is %q", i, r)
				}
			}
		})
	}
}
