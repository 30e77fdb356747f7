//go:build e2e

package test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// metricNames are the metrics on a page, each with the labels that any of its series has.
type metricNames map[string][]string

var (
	selectorPattern = regexp.MustCompile(`((?:coredns|process|go)_[a-z0-9_]+)\s*(\{[^}]*\})?`)
	matcherPattern  = regexp.MustCompile(`([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"`)
	clausePattern   = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	quotedPattern   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	legendPattern   = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
)

// labelsOf are the labels of a series, or of the matchers of a selector.
func labelsOf(series string) map[string]string {
	labels := map[string]string{}
	for _, m := range matcherPattern.FindAllStringSubmatch(series, -1) {
		labels[m[1]] = m[2]
	}
	return labels
}

// namesOn reads a page of metrics.
func namesOn(page string) metricNames {
	names := metricNames{}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line+" ", "{ ")]
		for label := range labelsOf(line) {
			if !slices.Contains(names[name], label) {
				names[name] = append(names[name], label)
			}
		}
		if names[name] == nil {
			names[name] = []string{}
		}
		slices.Sort(names[name])
	}
	return names
}

// scraped are the labels that Prometheus adds to all that it takes from a target.
var scraped = []string{"instance", "job"}

// check returns what an expression asks for and the server does not have.
func (n metricNames) check(expr string) (faults []string) {
	used := slices.Clone(scraped)
	for _, m := range selectorPattern.FindAllStringSubmatch(expr, -1) {
		name, labels := m[1], n[m[1]]
		if labels == nil {
			faults = append(faults, "there is no metric "+name)
			continue
		}
		used = append(used, labels...)
		for label := range labelsOf(m[2]) {
			if !slices.Contains(labels, label) && !slices.Contains(scraped, label) {
				faults = append(faults, fmt.Sprintf("%s has no label %s", name, label))
			}
		}
	}
	// Of what is aggregated or matched a label may come from any of the metrics.
	for _, m := range clausePattern.FindAllStringSubmatch(quotedPattern.ReplaceAllString(expr, ""), -1) {
		for _, label := range strings.Split(m[1], ",") {
			if label = strings.TrimSpace(label); label != "" && !slices.Contains(used, label) {
				faults = append(faults, "no metric of it has the label "+label)
			}
		}
	}
	return faults
}

// The rules, their tests and the dashboard ask for nothing that the server does not have.
func (n metricNames) checkKit(t *testing.T) {
	t.Run("names in the rules", func(t *testing.T) {
		for _, a := range readAlerts(t) {
			for _, fault := range n.check(a.Expr) {
				t.Errorf("%s: %s", a.Name, fault)
			}
		}
	})
	t.Run("names in the tests of the rules", func(t *testing.T) {
		for _, s := range readScenarios(t) {
			for _, in := range s.Input {
				name, _, _ := strings.Cut(in.Series, "{")
				if name == "up" {
					continue
				}
				want := slices.Sorted(slices.Values(append(slices.Clone(scraped), n[name]...)))
				if diff := cmp.Diff(want, slices.Sorted(maps.Keys(labelsOf(in.Series)))); diff != "" {
					t.Errorf("%s: labels of %s (-server +test):\n%s", s.Name, name, diff)
				}
			}
		}
	})
	t.Run("names in the dashboard", func(t *testing.T) {
		d, queries := readDashboard(t)
		for _, q := range queries {
			for _, fault := range n.check(q.expr) {
				t.Errorf("panel %q: %s: %s", q.panel, q.expr, fault)
			}
		}
		for _, v := range d.Templating.List {
			for _, fault := range n.check(strings.ReplaceAll(string(v.Query), `\"`, `"`)) {
				t.Errorf("variable %q: %s", v.Name, fault)
			}
		}
	})
	t.Run("names in the README", func(t *testing.T) {
		n.checkReadme(t)
	})
}

// checkReadme compares the list of metrics in the README with the page, both ways.
func (n metricNames) checkReadme(t *testing.T) {
	t.Helper()
	listed := map[string][]string{}
	entry := regexp.MustCompile("`(coredns_edgemanage_\\w+)\\{([^}]*)\\}`")
	for _, m := range entry.FindAllStringSubmatch(readFile(t, "../README.md"), -1) {
		labels := strings.Split(m[2], ", ")
		slices.Sort(labels)
		listed[m[1]] = labels
	}
	has := map[string][]string{}
	for name, labels := range n {
		if !strings.HasPrefix(name, "coredns_edgemanage_") || strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count") {
			continue
		}
		if histogram, ok := strings.CutSuffix(name, "_bucket"); ok {
			name, labels = histogram, slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return l == "le" })
		}
		has[name] = labels
	}
	if diff := cmp.Diff(has, listed); diff != "" {
		t.Errorf("metrics (-server +README):\n%s", diff)
	}
}
