package figures

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What Add writes comes out as a table.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures")
	t.Setenv(Variable, path)
	Add(t, "soak", "memory", "20 MB | 30 MB", "flat")
	Add(t, "soak", "descriptors", "3", "flat")
	Add(t, "kill", "kills", "1", "300")
	Add(t, "soak", "descriptors", "4", "flat")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	rows[1].Failed = true
	got, err := Replace("before\n<!-- table soak -->\nold\n<!-- end -->\nafter\n", map[string]string{"soak": Table(rows, "soak"), "reload": Table(rows, "reload")})
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n<!-- table soak -->\n| What | Measured | Bound |\n|---|---|---|\n" +
		"| descriptors | 4 | flat |\n| memory | 20 MB \\| 30 MB | flat |\n<!-- end -->\nafter\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if kills := Table(rows, "kill"); !strings.Contains(kills, "| **FAILED** kills | 1 | 300 |\n") {
		t.Errorf("got %s\nwant a row that says that it failed", kills)
	}
}

func TestReadFaults(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "x\n", "no such table": `{"table":"none","name":"x"}` + "\n"} {
		if rows, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %v, want an error", name, rows)
		}
	}
}

// The document has a place for every table, and the rows that it shows are of checks that there still are: a check that was
// renamed or removed must not live on in its table.
func TestDocument(t *testing.T) {
	doc, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{"machine": "x"}
	for name := range Tables {
		tables[name] = "x\n"
	}
	if _, err := Replace(string(doc), tables); err != nil {
		t.Error(err)
	}
	var source strings.Builder
	for _, pattern := range []string{"../../test/*_test.go", "../../network/chaos_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("finding %s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
	}
	_, rest, _ := strings.Cut(string(doc), "<!-- table faults -->\n")
	faults, _, _ := strings.Cut(rest, "<!-- end -->")
	for line := range strings.Lines(faults) {
		name := strings.TrimSpace(strings.Split(strings.TrimPrefix(line, "| "), " |")[0])
		if name == Tables["faults"][0] || strings.HasPrefix(name, "|---") {
			continue
		}
		// A name is made of a prefix, the check's own and at times a number or a duration.
		_, own, _ := strings.Cut(name, ": ")
		own, _, _ = strings.Cut(own, ", ")
		if strings.HasPrefix(name, "clock: ") {
			own = "clock: "
		}
		if !strings.Contains(source.String(), own) {
			t.Errorf("the table of faults has %q, and no check is of that name", name)
		}
	}
}
