//go:build e2e

package test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe that nobody writes, a device without an end or a directory in place of a file that the server reads stops no start
// and fills no memory: it is refused by its name, or the server works without it. So it is with what is no directory in place of one.
func TestNothingButFilesIsRead(t *testing.T) {
	kinds := map[string]func(path string) error{
		"a pipe":      func(path string) error { return syscall.Mkfifo(path, 0o644) },
		"a device":    func(path string) error { return os.Symlink("/dev/zero", path) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o755) },
	}
	for _, tt := range []struct {
		name, property string // FILE is what is read
		starts         bool
	}{
		{"edge list", "edges FILE", false},
		{"object", "object http://www.example.org/ FILE", false},
		{"header", "header X-Probe @FILE", false},
		{"secret", "webhook http://127.0.0.1/ FILE", false},
		{"canaries", "canaries FILE", true},
		{"include", "includes INCLUDES", true},
		{"state", "state STATE", true},
		{"state.json", "state STATE", true},
		{"state.json.1", "state STATE", true},
		{"rounds.log", "state STATE", true},
		{"changes.jsonl", "state STATE", true},
		{"live list", "live_list FILE", true},
		{"edgestore", "legacy LEGACY", true},
		{"legacy state", "legacy LEGACY", true},
		{"zone file", "zonefiles ZONES", true},
		{"directory of legacy", "legacy FILE", true},
		{"directory of zone files", "zonefiles FILE", true},
		{"directory of the live list", "live_list FILE/live", true},
		{"directory of includes", "includes FILE", false},
	} {
		for kind, makes := range kinds {
			t.Run(tt.name+" is "+kind, func(t *testing.T) {
				t.Parallel()
				st := newSite(t, 2)
				st.include("example.net.", "@ MX 10 mail\n") // beside what is not to be read
				file := st.path("odd")
				switch tt.name {
				case "include":
					file = st.path("includes/example.com.zone")
				case "state":
					if err := os.MkdirAll(st.path("state/main/includes"), 0o755); err != nil {
						t.Fatal(err)
					}
					file = st.path("state/main/includes/example.net.")
				case "state.json", "state.json.1", "rounds.log", "changes.jsonl":
					file = st.in("state/main", tt.name)
				case "edgestore":
					file = st.in("legacy", "edge1.example.net.edgestore")
				case "legacy state":
					file = st.in("legacy", "main.state")
				case "zone file":
					file = st.in("zones", "example.net.zone")
				}
				if err := makes(file); err != nil {
					t.Fatal(err)
				}
				st.with(strings.NewReplacer("FILE", file, "INCLUDES", st.path("includes"), "STATE", st.path("state"),
					"LEGACY", st.path("legacy"), "ZONES", st.path("zones")).Replace(tt.property))
				if tt.name == "state" || tt.name == "zone file" {
					st.with("includes " + st.path("includes"))
				}
				s := newServer(t, st.dir, block(".", st.directive("main", zone)))
				s.start()
				eventually(t, patience, "the server to answer or to end", func() bool { return !s.running() || s.answersWith(2) })
				starts, says := tt.starts, "not a regular file"
				if strings.HasPrefix(tt.name, "directory of") {
					starts, says = starts || kind == "a directory", "not a directory"
				}
				if s.running() != starts {
					t.Errorf("it runs: %t, want %t\n%s", s.running(), starts, s.log())
				}
				if !starts && len(s.lines(file, says)) == 0 {
					t.Errorf("the log does not say what %s is:\n%s", file, s.log())
				}
			})
		}
	}
}

// in is a file of a directory that it makes.
func (st *site) in(dir, name string) string {
	st.t.Helper()
	if err := os.MkdirAll(st.path(dir), 0o755); err != nil {
		st.t.Fatal(err)
	}
	return filepath.Join(st.path(dir), name)
}
