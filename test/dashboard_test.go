//go:build e2e

package test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// query is an expression of the dashboard.
type query struct {
	panel, expr string
	legend      string // {{label}} stands for the label's value
	ref         string // unique in the panel
}

// panel is one of the dashboard, as far as the tests look at it. Rows that are folded hold panels of their own.
type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Place       struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Datasource map[string]string `json:"datasource"`
	Targets    []struct {
		Expr       string            `json:"expr"`
		Legend     string            `json:"legendFormat"`
		Ref        string            `json:"refId"`
		Datasource map[string]string `json:"datasource"`
	} `json:"targets"`
	Panels []panel `json:"panels"`
}

type dashboard struct {
	Title         string  `json:"title"`
	UID           string  `json:"uid"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Annotations   struct {
		List []struct {
			Name string `json:"name"`
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
	Templating struct {
		List []struct {
			Name  string          `json:"name"`
			Type  string          `json:"type"`
			Query json.RawMessage `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

func readDashboard(t *testing.T) (d dashboard, queries []query) {
	t.Helper()
	b, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatalf("reading %s: %v", dashboardFile, err)
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			queries = append(queries, query{p.Title, target.Expr, target.Legend, target.Ref})
		}
	}
	for _, a := range d.Annotations.List {
		if a.Expr != "" {
			queries = append(queries, query{panel: a.Name, expr: a.Expr})
		}
	}
	return d, queries
}

// Grafana takes the dashboard in: the panels have identities and places of their own, and all ask the data source that the
// reader chose.
func TestDashboard(t *testing.T) {
	t.Parallel()
	d, _ := readDashboard(t)
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 39 {
		t.Errorf("title %q, uid %q, schema version %d: want both, and 39 or later", d.Title, d.UID, d.SchemaVersion)
	}
	var variables []string
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	for _, want := range []string{"datasource", "instance", "network"} {
		if !slices.Contains(variables, want) {
			t.Errorf("there is no variable %s", want)
		}
	}
	ids, places := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if other, ok := ids[p.ID]; ok || p.ID == 0 {
			t.Errorf("panel %q has the id %d, which is zero or that of %q", p.Title, p.ID, other)
		}
		ids[p.ID] = p.Title
		for x := p.Place.X; x < p.Place.X+p.Place.W; x++ {
			for y := p.Place.Y; y < p.Place.Y+p.Place.H; y++ {
				if other, ok := places[[2]int{x, y}]; ok || x >= 24 {
					t.Fatalf("panel %q lies on %q, or beyond the 24 columns", p.Title, other)
				}
				places[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if p.Title == "" || p.Description == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d (%q) has no title, description or query", p.ID, p.Title)
		}
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if refs[target.Ref] || target.Ref == "" {
				t.Errorf("panel %q has two queries named %q", p.Title, target.Ref)
			}
			refs[target.Ref] = true
			if got := target.Datasource["uid"]; got != "${datasource}" {
				t.Errorf("a query of panel %q asks %q", p.Title, got)
			}
		}
	}
}
