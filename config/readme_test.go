package config

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmeProperties: the README has every property with its arguments, in the grammar and in the list that explains them.
func TestReadmeProperties(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "\n~~~ txt\nedgemanage NETWORK [ZONES...] {\n")
	grammar, rest, ok := strings.Cut(rest, "\n}\n~~~\n")
	if !ok {
		t.Fatal("README.md has no grammar")
	}
	var got []string
	for line := range strings.Lines(grammar) {
		if words := strings.Fields(line); len(words) > 0 {
			got = append(got, strings.Join(words, " "))
		}
	}
	slices.Sort(got)
	var want []string
	for _, p := range properties {
		want = append(want, p.usage)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the grammar (-properties +README):\n%s", diff)
	}
	explained := map[string]bool{}
	for _, entry := range regexp.MustCompile("(?m)^\\* (`.*)$").FindAllStringSubmatch(rest, -1) {
		names, _, _ := strings.Cut(entry[1], ": ") // one entry may explain two
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(names, -1) {
			explained[name[1]] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if !explained[name] {
			t.Errorf("nothing explains %s", name)
		}
	}
}
