package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// queryFormats are those of edge_query, the first its default.
var queryFormats = []string{"flat", "csv", "json"}

// edgeQuery prints edges as edge_query did, the program of the Python edgemanage, for the scripts that read that: one line an
// edge, with fields that are neither quoted nor aligned. That program knew one family; an edge that has two is live when it is
// in either, and has the grade of the first.
type edgeQuery struct {
	format                 string
	quiet, verbose, header bool
}

// flags adds its flags to cmd.
func (q *edgeQuery) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&q.format, "query", "f", "", "print as edge_query did, in this `format`: "+oneOf(queryFormats))
	f.BoolVarP(&q.quiet, "quiet", "q", false, "names alone, as edge_query did")
	f.BoolVarP(&q.verbose, "verbose", "v", false, "all fields, as edge_query did")
	f.BoolVar(&q.header, "header", false, "the names of the fields first, as edge_query did")
	complete(cmd, "query", queryFormats...)
}

// asked says whether the command line is one for edge_query. A format of --format that both have is that of edge_query only
// beside another flag of it.
func (q *edgeQuery) asked(cmd *cobra.Command, format string) (bool, error) {
	given := cmd.Flags().Changed
	switch {
	case given("query") && given("format"):
		return false, badInput(errors.New("reading --query: it is not for --format"))
	case given("query"):
	case !q.quiet && !q.verbose && !q.header && format != "flat":
		return false, nil
	case given("format"):
		q.format = format
	default:
		q.format = queryFormats[0]
	}
	if !slices.Contains(queryFormats, q.format) {
		return false, badInput(fmt.Errorf("reading the format %q: edge_query had %s", q.format, oneOf(queryFormats)))
	}
	return true, nil
}

// run asks the server for all edges and filters them here: what is printed of an edge may be of two of the server's.
func (q *edgeQuery) run(ctx context.Context, s *server, out io.Writer, want control.EdgesQuery) error {
	client := s.client()
	answer, err := client.Edges(ctx, control.EdgesQuery{Network: want.Network, Edge: want.Edge, Family: want.Family})
	if err != nil {
		return asked(err)
	}
	set := map[string]time.Time{}
	if !q.quiet || q.verbose {
		changes, err := client.Changes(ctx, control.ChangesQuery{Network: answer.Network, Limit: mostChanges})
		if err != nil {
			return asked(err)
		}
		set = modesSet(changes.Changes)
	}
	var b strings.Builder
	head := q.header && q.format != "json"
	for _, e := range merged(answer.Edges) {
		if !fits(e, want) {
			continue
		}
		if head {
			head = false
			b.WriteString(q.line([]string{"mode", "state", "health", "edgename", "duration", "comment"}))
		}
		b.WriteString(q.entry(e, set[e.Edge], s.now()))
	}
	return emit(out, b.String())
}

// mostChanges is how many changes the server remembers at least.
const mostChanges = 1000

// modesSet finds when the mode of each edge was set last, also of those that are available again, which have no time.
func modesSet(changes []control.Change) map[string]time.Time {
	set := map[string]time.Time{}
	for _, c := range changes { // the newest first
		if _, later := set[c.Edge]; c.Kind == "mode" && !later {
			set[c.Edge] = c.At
		}
	}
	return set
}

// merged has one entry for each edge that is configured, by name.
func merged(edges []control.Edge) []control.Edge {
	byName := map[string]control.Edge{}
	for _, e := range edges {
		if !e.Configured {
			continue
		}
		if first, ok := byName[e.Edge]; ok {
			first.Live = first.Live || e.Live
			e = first
		}
		byName[e.Edge] = e
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b control.Edge) int { return cmp.Compare(a.Edge, b.Edge) })
}

// fits says whether an edge passes the filters. It is enough that the grade is the one wanted or the one printed.
func fits(e control.Edge, want control.EdgesQuery) bool {
	return (want.Grade == "" || want.Grade == e.Grade || want.Grade == health(e)) &&
		(want.Mode == "" || want.Mode == e.Mode.Mode) && (want.Live == nil || *want.Live == e.Live)
}

// health is the grade, of an edge that has not been probed what the Python edgemanage says of one.
func health(e control.Edge) string {
	if e.Grade == history.Unknown.String() {
		return history.Pass.String()
	}
	return e.Grade
}

// entry is the line of an edge whose mode was set last at a time; zero is not known.
func (q *edgeQuery) entry(e control.Edge, set, now time.Time) string {
	if !e.Mode.At.IsZero() {
		set = e.Mode.At
	}
	duration := "-1"
	if !set.IsZero() {
		duration = strconv.Itoa(max(0, int(now.Sub(set)/time.Second)))
	}
	state := "out"
	if e.Live {
		state = "in"
	}
	if q.format == "json" {
		return q.object(e.Edge, duration, health(e), state)
	}
	return q.line([]string{e.Mode.Mode, state, health(e), e.Edge, duration, signed(e.Mode)})
}

// line joins those of the six fields that are asked for.
func (q *edgeQuery) line(fields []string) string {
	switch {
	case q.verbose:
	case q.quiet:
		fields = fields[3:4]
	default:
		fields = fields[3:5]
	}
	separator := "\t"
	if q.format == "csv" {
		separator = ","
	}
	safe := make([]string, len(fields))
	for i, field := range fields {
		safe[i] = console.Safe(field)
	}
	return strings.Join(safe, separator) + "\n"
}

// object is a line of JSON, with the order and the spaces that Python's json gives it: there are scripts that cut it.
func (q *edgeQuery) object(edge, duration, health, state string) string {
	fields := []string{`"edge": ` + quoted(edge)}
	if !q.quiet {
		fields = append(fields, `"time_since_state_change": `+quoted(duration))
	}
	if q.verbose {
		fields = append(fields, `"health": `+quoted(health), `"state": `+quoted(state))
	}
	return "{" + strings.Join(fields, ", ") + "}\n"
}

func quoted(s string) string {
	b, err := json.Marshal(console.Safe(s))
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return string(b)
}

// signed is a comment as edge_conf wrote it, with whoever made it.
func signed(m control.Mode) string {
	author := cmp.Or(m.Claimed, m.Author)
	if m.Mode == selector.Available.String() || m.Comment == "" || author == "" {
		return m.Comment
	}
	return "[" + author + "] " + m.Comment
}
