package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const recorded = `{"name": "example", "settings": {"edge_count": 1}, "rounds": [
  {"at": 1700000060, "edges": ["192.0.2.1", "192.0.2.2"], "fetch": {"192.0.2.1": 0.153, "192.0.2.2": 0.6}}],
  "expect": [{"live": ["192.0.2.1"], "rotated": true, "health": {"192.0.2.1": "pass_threshold", "192.0.2.2": "pass_threshold"}}]}`

func TestReplay(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	file := write("good.json", recorded)
	differs := write("differs.json", strings.Replace(recorded, `"live": ["192.0.2.1"]`, `"live": []`, 1))
	bad := write("bad.json", "{\n\"round\": []}")
	silent := write("silent.json", strings.Replace(recorded, `"expect": [{`, `"expect": [], "name": "x", "rounds": [{`, 1))
	noExpect := write("noexpect.json", `{"rounds": [{"at": 60, "edges": [], "fetch": {}}]}`)
	missing := filepath.Join(dir, "missing.json")

	const decided = `{"name":"example","rounds":[{"at":1700000060,"live":["192.0.2.1"],"rotated":true,"rung":"full",` +
		`"health":{"192.0.2.1":"pass_threshold","192.0.2.2":"pass_threshold"},` +
		`"reasons":{"192.0.2.1":"live: filled, pass_threshold, average 0.153s",` +
		`"192.0.2.2":"out: not needed, pass_threshold, average 0.600s, edge_count 1 is reached"}}]}` + "\n"
	tests := []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string // stderr need only begin so
	}{
		{"one file", []string{file}, 0, decided, ""},
		{"one object a file", []string{file, file}, 0, decided + decided, ""},
		{"agrees", []string{"--check", file}, 0, "", ""},
		{"differs", []string{file, "--check", differs}, 1,
			differs + ": round 0 (at 1700000060): live: got [192.0.2.1], want []\n",
			"edgemanage: differences from the expected outcome: 1\n"},
		{"differs with another setting", []string{"--check", file, "--set", "goodenough=500ms", "--set", "keep=better"}, 1,
			file + ": round 0 (at 1700000060): health[\"192.0.2.2\"]: got pass, want pass_threshold\n",
			"edgemanage: differences from the expected outcome: 1\n"},
		{"seconds", []string{"--check", file, "--set", "goodenough=0.7"}, 0, "", ""},
		{"nothing to check", []string{"--check", noExpect}, 2, "", "edgemanage: checking \"" + noExpect + "\": it expects nothing\n"},
		{"bad file, the other is decided", []string{bad, file}, 2, decided,
			"edgemanage: reading trace \"" + bad + "\": line 2: round: unknown field, want one of name, settings, rounds, expect\n"},
		{"field twice", []string{silent}, 2, "", "edgemanage: reading trace \"" + silent + "\": line 3: name: given twice\n"},
		{"no such file", []string{missing}, 2, "", "edgemanage: reading trace: open " + missing},
		{"no file", nil, 2, "", "edgemanage: requires at least 1 arg(s)"},
		{"unknown flag", []string{"--cheque", file}, 2, "", "edgemanage: unknown flag: --cheque\n"},
		{"unknown setting", []string{"--set", "edges=2", file}, 2, "",
			`edgemanage: reading --set "edges=2": setting edges: unknown setting, want one of edge_count, min_live, `},
		{"setting without a value", []string{"--set", "keep", file}, 2, "", "edgemanage: reading --set \"keep\": want name=value\n"},
		{"rotation", []string{"--set", "rotate_every=-1h", file}, 2, "",
			"edgemanage: reading --set \"rotate_every=-1h\": setting rotate_every: \"-1h\" is not a duration above zero\n"},
		{"more edges than a Corefile may ask for", []string{"--set", "edge_count=33", file}, 2, "",
			"edgemanage: overriding settings of \"" + file + "\": edge_count 33 is above 32, the most that a Corefile may have\n"},
		{"settings that do not go together", []string{"--set", "min_live=2", file}, 2, "",
			"edgemanage: overriding settings of \"" + file + "\": settings: min_live 2 is above edge_count 1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"replay"}, tt.args...)...)
			if code != tt.code {
				t.Errorf("got exit code %d, want %d", code, tt.code)
			}
			if stdout != tt.stdout {
				t.Errorf("got  stdout %q\nwant stdout %q", stdout, tt.stdout)
			}
			if !strings.HasPrefix(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("got  stderr %q\nwant stderr %q", stderr, tt.stderr)
			}
			for line := range strings.Lines(stdout) {
				if strings.HasPrefix(line, "{") && !json.Valid([]byte(line)) {
					t.Errorf("got %q, want one JSON object a line", line)
				}
			}
		})
	}
}
