//go:build e2e

package test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// alert is a rule of alerts.yml.
type alert struct {
	Name        string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func readAlerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	readYAML(t, alertsFile, &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no alert", alertsFile)
	}
	return all
}

// scenario is a test of alerts_test.yml.
type scenario struct {
	Name  string `yaml:"name"`
	Input []struct {
		Series string `yaml:"series"`
	} `yaml:"input_series"`
	Queries []struct {
		At      string `yaml:"eval_time"`
		Samples []struct {
			Labels string `yaml:"labels"`
		} `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

func readScenarios(t *testing.T) []scenario {
	t.Helper()
	var file struct {
		Tests []scenario `yaml:"tests"`
	}
	readYAML(t, alertsTestFile, &file)
	return file.Tests
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}

// promtool itself finds no fault with the rules, and its unit tests pass.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"check", "rules", alertsFile},
		{"check", "config", scrapeFile},
		{"test", "rules", alertsTestFile},
	} {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			if out, status := runProgram(t, "", "promtool", args...); status != 0 {
				t.Errorf("promtool %s ended with %d:\n%s", strings.Join(args, " "), status, out)
			}
		})
	}
}

// firing is the alert, and its labels, that a sample of ALERTS is of.
func firing(sample string) (name string, labels []string) {
	for label, value := range labelsOf(sample) {
		if label == "alertname" {
			name = value
		} else if label != "alertstate" {
			labels = append(labels, label)
		}
	}
	return name, labels
}

// Each alert has a scenario in which it is quiet, fires, and is quiet again; each says what to do; and no text names a
// label that the alert has not, which would read <no value> at the worst of times.
func TestAlertsAreTested(t *testing.T) {
	t.Parallel()
	labels := map[string][]string{}
	proven := map[string]bool{}
	for _, s := range readScenarios(t) {
		quietBefore := map[string]bool{} // fires now, and did not at some time before
		quiet := false
		for _, q := range s.Queries {
			now := map[string]bool{}
			for _, sample := range q.Samples {
				name, has := firing(sample.Labels)
				now[name], labels[name] = true, has
				if quiet {
					quietBefore[name] = true
				}
			}
			for name := range quietBefore {
				proven[name] = proven[name] || !now[name]
			}
			quiet = quiet || len(q.Samples) == 0
		}
	}
	template := regexp.MustCompile(`\$labels\.(\w+)`)
	names := map[string]bool{}
	for _, a := range readAlerts(t) {
		t.Run(a.Name, func(t *testing.T) {
			if names[a.Name] {
				t.Error("there are two of that name")
			}
			names[a.Name] = true
			if !proven[a.Name] {
				t.Error("no scenario has it quiet, then firing, then quiet")
			}
			if s := a.Labels["severity"]; s != "critical" && s != "warning" {
				t.Errorf("severity is %q, want critical or warning", s)
			}
			for _, want := range []string{"summary", "description"} {
				if a.Annotations[want] == "" {
					t.Errorf("it has no %s", want)
				}
			}
			for _, text := range a.Annotations {
				for _, m := range template.FindAllStringSubmatch(text, -1) {
					if !slices.Contains(labels[a.Name], m[1]) {
						t.Errorf("its text names the label %s, and it has %v", m[1], labels[a.Name])
					}
				}
			}
		})
	}
}

// What the texts tell an operator to type exists: the commands, and their flags.
func TestAlertsNameCommands(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`(?:^| )edgemanage ([a-z-]+)([^.;:,]*)`)
	flag := regexp.MustCompile(` (--?[a-zA-Z][a-z-]*)`)
	braces := regexp.MustCompile(`\{\{.*?\}\}`)
	help := map[string]string{}
	n := 0
	for _, a := range readAlerts(t) {
		for _, m := range command.FindAllStringSubmatch(braces.ReplaceAllString(a.Annotations["description"], "NAME"), -1) {
			n++
			name := m[1]
			if help[name] == "" {
				out, err := exec.Command(edgemanagePath, name, "--help").CombinedOutput()
				if err != nil {
					t.Errorf("%s: edgemanage %s: %v\n%s", a.Name, name, err, out)
				}
				help[name] = string(out)
			}
			for _, f := range flag.FindAllStringSubmatch(m[2], -1) {
				if !regexp.MustCompile(`(?m)^ .*` + regexp.QuoteMeta(f[1]) + `[ ,\[]`).MatchString(help[name]) {
					t.Errorf("%s: edgemanage %s has no flag %s", a.Name, name, f[1])
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d commands were found in the texts", n)
	}
}
