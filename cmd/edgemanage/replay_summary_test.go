package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An edge fails for a minute; with fall 2 it stays live all along.
const flapping = `{"name": "net ipv4", "settings": {"edge_count": 1}, "rounds": [
  {"at": 1700000000, "edges": ["a.example.net", "b"], "fetch": {"a.example.net": 0.1, "b": 0.2}},
  {"at": 1700000060, "fetch": {"a.example.net": null, "b": 0.2}},
  {"at": 1700000120.5, "fetch": {"a.example.net": 0.1, "b": 0.2}},
  {"at": 1700000180, "fetch": {}}]}`

func TestReplaySummary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rounds.json")
	if err := os.WriteFile(file, []byte(flapping), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"for people", []string{"--summary", file}, 0, `"net ipv4": 4 rounds from 2023-11-14T22:13:20Z, 3m0s covered
  rotations               1
  substitutions           1
  held by the budget      0
  longest without change  2m0s  66.7%
  below edge_count 1      0s    0.0%
  a failing edge live     0s    0.0%
  rung full               3m0s  100.0%

  EDGE           LIVE  SHARE  FAILING
  b              2m0s  66.7%  0s
  a.example.net  1m0s  33.3%  0s
`, ""},
		{"another setting", []string{"--summary", "--set", "fall=2", file}, 0, `"net ipv4": 4 rounds from 2023-11-14T22:13:20Z, 3m0s covered
  rotations               0
  substitutions           0
  held by the budget      0
  longest without change  3m0s    100.0%
  below edge_count 1      0s      0.0%
  a failing edge live     1m0.5s  33.6%
  rung full               3m0s    100.0%

  EDGE           LIVE  SHARE   FAILING
  a.example.net  3m0s  100.0%  1m0.5s
`, ""},
		{"for scripts", []string{"--summary=json", "--set", "fall=2", file}, 0,
			`{"name":"net ipv4","rounds":4,"from":"2023-11-14T22:13:20Z","covered_seconds":180,"edge_count":1,"rotations":0,"substitutions":0,` +
				`"held":0,"longest_without_change_seconds":180,"below_edge_count_seconds":0,"failing_edge_live_seconds":60.5,` +
				`"rungs":[{"rung":"full","seconds":180}],"edges":[{"edge":"a.example.net","live_seconds":180,"failing_seconds":60.5}]}` + "\n", ""},
		{"another format", []string{"--summary=csv", file}, 2, "", "edgemanage: reading --summary=\"csv\": expected text or json\n"},
		{"with a check", []string{"--summary", "--check", file}, 2, "", "edgemanage: reading --summary: it cannot be had with --check\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"replay"}, tt.args...)...)
			if code != tt.code || stderr != tt.stderr {
				t.Errorf("got exit code %d, stderr %q, want %d, %q", code, stderr, tt.code, tt.stderr)
			}
			if diff := cmp.Diff(tt.stdout, stdout); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(stdout, " \n") {
				t.Error("got blanks at the end of a line")
			}
		})
	}
}
