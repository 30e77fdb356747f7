package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/includes"
)

// zonesDir writes includes, some of them bad, and returns their directory.
func zonesDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"example.org.zone":      "@ MX 10 mail\nmail A 192.0.2.9\n",
		"odd.example.org.zone":  "@ MX 10 mail\n",
		"bad.example.org.zone":  "@ NS ns1.example.net.\n\n@ A 192.0.2.1\nwww CNAME @\n",
		"many.example.org.zone": strings.Repeat("@ SOA\n", 150),
		"notes.txt":             "",
	} {
		write(t, dir, name, text)
	}
	return dir
}

// including is a Corefile of a network whose includes are in a directory.
func including(t *testing.T, key, dir string, more ...string) string {
	t.Helper()
	return write(t, t.TempDir(), "Corefile", fmt.Sprintf(`%s {
    edgemanage web {
        edges    ./missing
        object   https://www.example.org/ ./missing
        ns       ns1.example.org
        includes %s
        labels   www
    }
}
`, key, dir)+strings.Join(more, "\n"))
}

func TestCheckZonesText(t *testing.T) {
	dir := zonesDir(t)
	want := `DIR/bad.example.org.zone:1: bad.example.org. NS: at the apex of the zone: expected none, they are those of the network
DIR/bad.example.org.zone:3: bad.example.org. A: expected none: the name carries the live addresses
DIR/bad.example.org.zone:4: www.bad.example.org. CNAME: expected none: the name carries the live addresses
`
	code, stdout, stderr := execute(t, "check-zones", including(t, ".", dir))
	stdout = strings.ReplaceAll(stdout, dir, "DIR")
	lines := strings.SplitAfter(stdout, "\n")
	if diff := cmp.Diff(want, strings.Join(lines[:min(3, len(lines))], "")); diff != "" {
		t.Error(diff)
	}
	end := `DIR/many.example.org.zone: and 50 faults more
DIR: leaving out "DIR/notes.txt": expected a name that ends in .zone (warning)
DIR/odd.example.org.zone:1: odd.example.org. MX: mail.odd.example.org. has no address in the zone (warning)
includes: 4 checked, 2 bad; faults: 153, warnings: 2
`
	if got := strings.Join(lines[max(0, len(lines)-5):], ""); got != end {
		t.Error(cmp.Diff(end, got))
	}
	if want := "edgemanage: includes with a fault: 2 of 4\n"; code != 1 || stderr != want {
		t.Errorf("got exit code %d and %q, want 1 and %q", code, stderr, want)
	}
}

func TestCheckZonesJSON(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "example.org.zone", "\n@ NS ns\n")
	write(t, dir, "example.net.zone", "@ MX 10 mail\n")
	code, stdout, _ := execute(t, "check-zones", "--format", "json", dir)
	var got includes.Report
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("reading %q: %v", stdout, err)
	}
	want := includes.Report{
		Files: 2, Bad: 1,
		Faults:   []includes.Finding{{Path: filepath.Join(dir, "example.org.zone"), Line: 2, Text: "example.org. NS: at the apex of the zone: expected none, they are those of the network"}},
		Warnings: []includes.Finding{{Path: filepath.Join(dir, "example.net.zone"), Line: 1, Text: "example.net. MX: mail.example.net. has no address in the zone"}},
	}
	if diff := cmp.Diff(want.Faults, got.Faults); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Warnings, got.Warnings); diff != "" {
		t.Error(diff)
	}
	if code != 1 || got.Files != want.Files || got.Bad != want.Bad {
		t.Errorf("got exit code %d, %d files, %d bad; want 1, 2, 1", code, got.Files, got.Bad)
	}
	if code, stdout, _ := execute(t, "check-zones", "--format", "json", t.TempDir()); code != 0 || stdout != `{"files":0,"bad":0,"faults":[],"warnings":[]}`+"\n" {
		t.Errorf("of no includes got exit code %d and %q, want lists that are empty", code, stdout)
	}
}

func TestCheckZonesExitCodes(t *testing.T) {
	fine := t.TempDir()
	write(t, fine, "example.org.zone", "")
	www := t.TempDir()
	write(t, www, "example.org.zone", "www A 192.0.2.1\n")
	other := "example.org {\nedgemanage apex {\nedges 192.0.2.1\nobject http://e/\nns ns1.example.org\n}\n}\n"
	both := including(t, ".", www, other)
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string // part
		stderr string // part
	}{
		{"fine", []string{including(t, ".", fine)}, 0, "includes: 1 checked, 0 bad; faults: 0, warnings: 0\n", ""},
		{"under no key", []string{including(t, "example.net", fine)}, 0, "example.org. is under no key of the server blocks that serve network web", ""},
		{"under a key with a port", []string{including(t, "tls://org:853", fine)}, 0, "warnings: 0\n", ""},
		{"one network of two has includes", []string{both}, 1, "faults: 1", "includes with a fault: 1 of 1"},
		{"it alone", []string{"-A", "web", both}, 1, "faults: 1", "includes with a fault: 1 of 1"},
		{"the other", []string{"-A", "apex", both}, 2, "", "no network to check has includes"},
		{"no such network", []string{"-A", "mars", both}, 2, "", `there is no network "mars"`},
		{"directory gone", []string{including(t, ".", fine+"x")}, 2, "", "listing includes"},
		{"a directory", []string{www}, 0, "1 checked, 0 bad", ""},
		{"a directory with a label", []string{"--label", "WWW", www}, 1, "example.org.zone:1: www.example.org. A", "1 of 1"},
		{"a label that is none", []string{"--label", "www.", www}, 2, "", `reading --label "www.": expected a name relative to the zones`},
		{"a label for a Corefile", []string{"--label", "www", both}, 2, "", "a Corefile has labels of its own"},
		{"a network for a directory", []string{"-A", "web", www}, 2, "", "--network is for a Corefile"},
		{"missing", []string{fine + "x"}, 2, "", "no such file"},
		{"format", []string{"--format", "xml", fine}, 2, "", `reading --format "xml": expected text or json`},
		{"nothing", nil, 2, "", "accepts 1 arg(s)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"check-zones"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("got exit code %d, stdout %q, stderr %q", code, stdout, stderr)
			}
		})
	}
}
