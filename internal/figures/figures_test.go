package figures

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What Add writes comes out as a table, with what was expected and did not come.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures")
	t.Setenv(Variable, path)
	Expect(t, "soak", "memory", "descriptors", "apex")
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
	for i := range rows {
		rows[i].At, rows[i].Load = time.Date(2026, 11, 23, 10, 5+i, 0, 0, time.UTC), fmt.Sprint(1+i)
		rows[i].Begun = rows[i].At.Add(-time.Minute)
		rows[i].Failed = rows[i].Failed || rows[i].Table == "kill"
	}
	rows = Complete(rows, "soak")
	table := func(name string) string { return Table(rows, name, "1 × Z80") }
	got, err := Replace("before\n<!-- table soak -->\nold\n<!-- end -->\nafter\n", map[string]string{"soak": table("soak"), "reload": table("reload")})
	if err != nil {
		t.Fatal(err)
	}
	want := "before\n<!-- table soak -->\n| What | Measured | Bound |\n|---|---|---|\n" +
		"| **FAILED** apex | not measured | not measured |\n| descriptors | 4 | flat |\n| memory | 20 MB \\| 30 MB | flat |\n" +
		"\n*2026-11-23 10:04 to 10:08 UTC, load average 1.0 to 4.0; 1 × Z80*\n<!-- end -->\nafter\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if kills := table("kill"); !strings.Contains(kills, "| **FAILED** kills | 1 | 300 |\n") {
		t.Errorf("got %s\nwant a row that says that it failed", kills)
	}
	parts := "| Part | Lasted |\n|---|---|\n| **FAILED** TestSoak | did not begin |\n| make soak | 4m0s |\n"
	if got := table("parts"); !strings.HasPrefix(got, parts) {
		t.Errorf("got %s\nwant %s", got, parts)
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
	tables := map[string]string{}
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
	var parts []string
	for _, m := range regexp.MustCompile(`(?m)^func (Test(?:Chaos|Soak)\w*)\(`).FindAllStringSubmatch(source.String(), -1) {
		parts = append(parts, m[1])
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(parts)), slices.Concat(Parts["chaos"], Parts["soak"])); diff != "" {
		t.Errorf("parts (-tests that there are +listed):\n%s", diff)
	}
	_, rest, _ := strings.Cut(string(doc), "<!-- table faults -->\n")
	faults, _, _ := strings.Cut(rest, "<!-- end -->")
	for line := range strings.Lines(faults) {
		name := strings.TrimSpace(strings.Split(strings.TrimPrefix(line, "| "), " |")[0])
		if name == "" || strings.HasPrefix(name, "*2") || name == Tables["faults"][0] || strings.HasPrefix(name, "|---") {
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
