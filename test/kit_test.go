//go:build e2e

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where the monitoring kit keeps its parts.
const (
	alertsFile     = "../examples/prometheus/alerts.yml"
	alertsTestFile = "../examples/prometheus/alerts_test.yml"
	scrapeFile     = "../examples/prometheus/prometheus.yml"
	dashboardFile  = "../examples/grafana/edgemanage.json"
)

// The kit is whole: nothing of it lies somewhere else than its README says.
func TestKitIsDescribed(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob("../examples/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(entries, "../examples/Corefile") {
		rel, err := filepath.Rel("../examples", path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), "`"+rel+"`") {
			t.Errorf("examples/README.md does not tell of %s", rel)
		}
	}
}
