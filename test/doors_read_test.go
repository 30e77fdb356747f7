//go:build e2e

package test

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// A pipe that nobody writes, a device without an end or a directory in place of a file that the server reads stops no start
// and fills no memory: it is refused by its name, or the server works without it.
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
				}
				if err := makes(file); err != nil {
					t.Fatal(err)
				}
				st.with(strings.NewReplacer("FILE", file, "INCLUDES", st.path("includes"), "STATE", st.path("state")).Replace(tt.property))
				if tt.name == "state" {
					st.with("includes " + st.path("includes"))
				}
				s := newServer(t, st.dir, block(".", st.directive("main", zone)))
				s.start()
				eventually(t, patience, "the server to answer or to end", func() bool { return !s.running() || s.answersWith(2) })
				if s.running() != tt.starts {
					t.Errorf("it runs: %t, want %t\n%s", s.running(), tt.starts, s.log())
				}
				if !tt.starts && len(s.lines(file, "not a regular file")) == 0 {
					t.Errorf("the log does not say what %s is:\n%s", file, s.log())
				}
			})
		}
	}
}
