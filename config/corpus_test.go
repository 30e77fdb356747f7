package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the .want files of the corpora anew; read the diff before committing it")

// TestReadCorefileFaults reads each testdata/bad/*.corefile and compares all of its faults with the .want file beside it.
func TestReadCorefileFaults(t *testing.T) {
	t.Chdir("testdata/bad") // so that messages name the file alone
	for _, file := range corpus(t, "*.corefile", 60) {
		t.Run(strings.TrimSuffix(file, ".corefile"), func(t *testing.T) {
			networks, err := ReadCorefile(file)
			if err == nil {
				t.Fatal("no fault found")
			}
			if networks != nil {
				t.Errorf("networks beside an error: %v", networks)
			}
			if strings.Contains(err.Error(), "hunter2") { // the secret of every file that has one
				t.Errorf("a secret is shown: %v", err)
			}
			compareWant(t, strings.TrimSuffix(file, ".corefile")+".want", err.Error()+"\n")
		})
	}
}

// TestParseEdgesFaults does the same for testdata/edges/bad/*.edges.
func TestParseEdgesFaults(t *testing.T) {
	t.Chdir("testdata/edges/bad")
	for _, file := range corpus(t, "*.edges", 15) {
		t.Run(strings.TrimSuffix(file, ".edges"), func(t *testing.T) {
			edges, notes, err := ReadEdges(file)
			if err == nil {
				t.Fatal("no fault found")
			}
			if edges != nil || notes != nil {
				t.Errorf("edges %v and notes %v beside an error", edges, notes)
			}
			compareWant(t, strings.TrimSuffix(file, ".edges")+".want", err.Error()+"\n")
		})
	}
}

// corpus lists the files of the working directory, and fails when there are suspiciously few.
func corpus(t *testing.T, pattern string, least int) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < least {
		t.Fatalf("%d files match %s, want at least %d", len(files), pattern, least)
	}
	return files
}

func compareWant(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("faults differ (-want +got):\n%s", diff)
	}
}
