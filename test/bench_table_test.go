//go:build e2e && bench

package test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// figure is one line of the table.
type figure struct {
	Part  string  `json:"part"`
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Goal is what the value should not exceed, nil when it is there to compare with.
	Goal *float64 `json:"goal,omitempty"`
	Note string   `json:"note,omitempty"`
	// Missing says why there is no value, empty where there is one.
	Missing string `json:"missing,omitempty"`
	// Failed says that the part of the run that this is of has failed.
	Failed bool `json:"failed,omitempty"`
}

// results are the figures of one run, in the order in which they were measured.
type results struct {
	Machine string   `json:"machine"`
	Figures []figure `json:"figures"`
	// Took is how long each part of the run took, in the order in which they ran.
	Took []span `json:"took"`
}

// span is how long a part of the run took.
type span struct {
	Part    string  `json:"part"`
	Seconds float64 `json:"seconds"`
}

// add adds a figure without a goal.
func (r *results) add(t testing.TB, part, what string, value float64, unit, note string) {
	r.Figures = append(r.Figures, figure{Part: part, What: what, Value: value, Unit: unit, Note: note})
	t.Logf("%s: %s %s %s", what, readable(value), unit, note)
}

// bound adds a figure with its goal.
func (r *results) bound(t testing.TB, part, what string, value float64, unit string, goal float64, note string) {
	r.add(t, part, what, value, unit, note)
	r.Figures[len(r.Figures)-1].Goal = &goal
}

// missing adds a figure that could not be measured.
func (r *results) missing(t testing.TB, part, what, unit string, goal *float64, why string) {
	r.Figures = append(r.Figures, figure{Part: part, What: what, Unit: unit, Goal: goal, Missing: why})
	t.Logf("%s: not measured: %s", what, why)
}

// readable has three digits that count.
func readable(v float64) string {
	switch {
	case v >= 100 || v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// verdict is whether the goal is met.
func (f figure) verdict() (goal, met string) {
	switch {
	case f.Goal == nil && f.Missing != "":
		return "", "**not measured**"
	case f.Goal == nil && f.Failed:
		return "", "**failed**"
	case f.Goal == nil:
		return "", ""
	case f.Missing != "":
		met = "**not measured**"
	case f.Failed:
		met = "**failed**"
	case f.Value > *f.Goal:
		met = "**no**"
	default:
		met = "yes"
	}
	return "≤ " + readable(*f.Goal), met
}

// cells are those of the row.
func (f figure) cells() []string {
	value, note := readable(f.Value)+" "+f.Unit, f.Note
	if f.Missing != "" {
		value, note = "–", f.Missing
	} else if f.Failed {
		note = strings.TrimSuffix("of a part that failed; "+note, "; ")
	}
	goal, met := f.verdict()
	return []string{f.What, value, goal, met, note}
}

// markdown is the table, with the machine above it.
func (r *results) markdown() string {
	var b strings.Builder
	if smoke {
		b.WriteString("**A smoke run: the figures mean nothing.**\n\n")
	}
	fmt.Fprintf(&b, "%s\n", r.Machine)
	took, whole := make([]string, len(r.Took)), 0.0
	for i, span := range r.Took {
		took[i] = fmt.Sprintf("%s %.0f s", span.Part, span.Seconds)
		whole += span.Seconds
	}
	fmt.Fprintf(&b, "\nMeasuring took %.1f minutes: %s.\n", whole/60, strings.Join(took, ", "))
	part := ""
	for _, f := range r.Figures {
		if f.Part != part {
			part = f.Part
			fmt.Fprintf(&b, "\n| %s | measured | goal | met | |\n|---|---:|---:|---|---|\n", part)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(f.cells(), " | "))
	}
	return b.String()
}

// publish prints the table and writes it where it is wanted.
func (r *results) publish(t *testing.T) {
	r.Machine = strings.TrimSpace(figures.Machine())
	table := r.markdown()
	fmt.Println("\n" + table)
	if path := os.Getenv("BENCH_OUT"); path != "" {
		content := []byte(table)
		if strings.HasSuffix(path, ".json") {
			encoded, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			content = append(encoded, '\n')
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Error(err)
		}
	}
	if path := os.Getenv("BENCH_DOC"); path != "" {
		doc, err := figures.Replace(readFile(t, path), map[string]string{"performance": table})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(doc), 0o644); err != nil {
			t.Error(err)
		}
	}
}
