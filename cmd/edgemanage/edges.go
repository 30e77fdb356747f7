package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

var (
	grades = []string{"pass_threshold", "pass_window", "pass_average", "pass", "unknown", "fail"}
	modes  = []string{"available", "force", "blindforce", "unavailable"}
)

// newEdges makes `edgemanage edges`.
func newEdges(c clock) *cobra.Command {
	var grade, state, mode, family string
	cmd := &cobra.Command{
		Use:   "edges [GLOB]",
		Short: "List edges with state, grade, latency, mode and the reason",
		Long: `List the edges of a network, or those that the pattern GLOB matches, with their
state, grade, last probe, means over the window and the history, mode, address,
and the rule that put them in or out. With several filters an edge must pass
all. Edges that are not configured are listed when they have a mode.

Scripts that read edge_query, a program of the Python edgemanage, go on with
"edges" in its place: with -f, -q, -v, --header or --format flat what is printed
is, line for line, what it printed, by name and for configured edges alone. Its
--health and --dnet are known too, and its states in and out. Where an edge has
two families it is in when it is live in one, and its health is of the first.
` + exitStatus,
		Example: `  edgemanage edges
  edgemanage edges --state live
  edgemanage edges --grade fail --format csv 'edge1*.example.net'
  edgemanage edges -A mynet -s in -f flat -q`,
		Args: oneArgAtMost,
	}
	s := newServer(cmd, c, "table", "csv", "json", "flat")
	f := cmd.Flags()
	f.StringVarP(&grade, "grade", "H", "", "only edges of this `grade`: "+oneOf(grades))
	f.StringVarP(&state, "state", "s", "", "only edges that are live or out; in is another word for live")
	f.StringVarP(&mode, "mode", "m", "", "only edges of this `mode`: "+oneOf(modes))
	f.StringVar(&family, "family", "", "only this `family`: ipv4 or ipv6")
	var query edgeQuery
	query.flags(cmd)
	alias(cmd, map[string]string{"health": "grade", "dnet": "network"})
	complete(cmd, "grade", grades...)
	complete(cmd, "state", "live", "out")
	complete(cmd, "mode", modes...)
	complete(cmd, "family", "ipv4", "ipv6")
	completeArgs(cmd, s)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q := s.edges(first(args))
		q.Family = family
		if err := filter(&q, grade, state, mode); err != nil {
			return badInput(err)
		}
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		ctx, cancel := s.asking(cmd.Context())
		defer cancel()
		if as, err := query.asked(cmd, s.format); err != nil || as {
			if err != nil {
				return err
			}
			return query.run(ctx, s, out, q)
		}
		edges, err := s.client().Edges(ctx, q)
		if err != nil {
			return asked(err)
		}
		if s.format == "csv" {
			return edgesCSV(out, edges)
		}
		return s.print(out, p, edges, func() { p.Edges(edges) })
	}
	s.orFile(cmd, "c", "state-dir")
	return cmd
}

// edges asks for the edges of the network that a pattern matches, or for all.
func (s *server) edges(glob string) control.EdgesQuery {
	return control.EdgesQuery{Network: s.network, Edge: glob}
}

// filter takes up filters that are not empty.
func filter(q *control.EdgesQuery, grade, state, mode string) error {
	if err := checkFamily(q.Family); err != nil {
		return err
	}
	if grade != "" {
		if _, err := history.ParseGrade(grade); err != nil {
			return fmt.Errorf("reading --grade: %w", err)
		}
	}
	if mode != "" {
		if _, err := selector.ParseMode(mode); err != nil {
			return fmt.Errorf("reading --mode: %w", err)
		}
	}
	q.Grade, q.Mode = grade, mode
	switch state {
	case "":
	case "live", "in", "out":
		live := state != "out"
		q.Live = &live
	default:
		return fmt.Errorf("reading --state %q: expected live, in or out", state)
	}
	return nil
}

func checkFamily(family string) error {
	switch family {
	case "", "ipv4", "ipv6":
		return nil
	}
	return fmt.Errorf("reading --family %q: expected ipv4 or ipv6", family)
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func edgesCSV(out io.Writer, edges control.Edges) error {
	rows := [][]string{{
		"network", "edge", "configured", "family", "address", "state", "grade", "last_at", "last_seconds", "last_failed", "outcome", "error",
		"window_seconds", "average_seconds", "samples", "mode", "comment", "author", "claimed", "mode_at", "mode_expires", "rule", "reason",
	}}
	for _, e := range edges.Edges {
		state := "out"
		if e.Live {
			state = "live"
		}
		rows = append(rows, []string{
			edges.Network, e.Edge, strconv.FormatBool(e.Configured), e.Family, e.Address, state, e.Grade, stamp(e.LastAt), decimal(e.LastSeconds), strconv.FormatBool(e.LastFailed), e.Outcome, e.Error,
			decimal(e.WindowSeconds), decimal(e.AverageSeconds), strconv.Itoa(e.Samples), e.Mode.Mode, e.Mode.Comment, e.Mode.Author, e.Mode.Claimed, stamp(e.Mode.At), stamp(e.Mode.Expires), e.Rule, e.Reason,
		})
	}
	return writeCSV(out, rows)
}

// writeCSV writes rows as RFC 4180 has it, but for line ends, and with what would harm a terminal escaped.
func writeCSV(out io.Writer, rows [][]string) error {
	w := csv.NewWriter(out)
	for _, row := range rows {
		for i := range row {
			row[i] = console.Safe(row[i])
		}
		if err := w.Write(row); err != nil {
			return fmt.Errorf("writing CSV: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// stamp is a time as in the API, and empty for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
