package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// printSummary writes a summary for people.
func printSummary(out io.Writer, s trace.Summary) error {
	var b strings.Builder
	name := s.Name
	if name == "" {
		name = "trace"
	}
	fmt.Fprintf(&b, "%q: %d rounds from %s, %s covered\n", name, s.Rounds, s.From.UTC().Format(time.RFC3339), span(s.Covered))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(what string, d time.Duration) {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", what, span(d), share(d, s.Covered))
	}
	fmt.Fprintf(w, "  rotations\t%d\n", s.Rotations)
	fmt.Fprintf(w, "  substitutions\t%d\n", s.Substitutions)
	fmt.Fprintf(w, "  held by the budget\t%d\n", s.Held)
	row("longest without change", s.Calm)
	row(fmt.Sprintf("below edge_count %d", s.EdgeCount), s.Below)
	row("a failing edge live", s.Failing)
	for _, r := range s.Rungs {
		row("rung "+r.Rung.String(), r.Time)
	}
	w.Flush() // to a strings.Builder, which takes everything
	if len(s.Edges) > 0 {
		fmt.Fprintln(w, "\n  EDGE\tLIVE\tSHARE\tFAILING")
	}
	for _, e := range s.Edges {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", e.Edge, span(e.Live), share(e.Live, s.Covered), span(e.Failing))
	}
	w.Flush()
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("writing summary: %w", err)
	}
	return nil
}

// span is a duration to the tenth of a second, as in 33h20m0.5s.
func span(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

// share is part of a time in percent; nothing of no time.
func share(part, whole time.Duration) string {
	if whole <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*part.Seconds()/whole.Seconds())
}

// summary is a trace.Summary for scripts.
type summary struct {
	Name           string     `json:"name"`
	Rounds         int        `json:"rounds"`
	From           time.Time  `json:"from,omitzero"`
	CoveredSeconds float64    `json:"covered_seconds"`
	EdgeCount      int        `json:"edge_count"`
	Rotations      int        `json:"rotations"`
	Substitutions  int        `json:"substitutions"`
	Held           int        `json:"held"`
	CalmSeconds    float64    `json:"longest_without_change_seconds"`
	BelowSeconds   float64    `json:"below_edge_count_seconds"`
	FailingSeconds float64    `json:"failing_edge_live_seconds"`
	Rungs          []rungTime `json:"rungs"`
	Edges          []edgeTime `json:"edges"`
}

type rungTime struct {
	Rung    string  `json:"rung"`
	Seconds float64 `json:"seconds"`
}

type edgeTime struct {
	Edge           string  `json:"edge"`
	LiveSeconds    float64 `json:"live_seconds"`
	FailingSeconds float64 `json:"failing_seconds"`
}

func summaryOf(s trace.Summary) summary {
	out := summary{
		Name: s.Name, Rounds: s.Rounds, From: s.From, CoveredSeconds: s.Covered.Seconds(), EdgeCount: s.EdgeCount,
		Rotations: s.Rotations, Substitutions: s.Substitutions, Held: s.Held, CalmSeconds: s.Calm.Seconds(),
		BelowSeconds: s.Below.Seconds(), FailingSeconds: s.Failing.Seconds(),
		Rungs: make([]rungTime, 0, len(s.Rungs)), Edges: make([]edgeTime, 0, len(s.Edges)),
	}
	for _, r := range s.Rungs {
		out.Rungs = append(out.Rungs, rungTime{r.Rung.String(), r.Time.Seconds()})
	}
	for _, e := range s.Edges {
		out.Edges = append(out.Edges, edgeTime{e.Edge, e.Live.Seconds(), e.Failing.Seconds()})
	}
	return out
}
