package show

import (
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Edges shows a table of edges a family, one of those that are configured and in no family, and one of those that have a
// mode and are not configured.
func (p *Page) Edges(e control.Edges) {
	for _, f := range e.Families {
		t := edgeTable(e.Edges, f.Family, true)
		if len(t.Rows) == 0 {
			continue
		}
		p.gap()
		p.line(rungColour(f.Rung), "%s %s: rung %s, %d live", e.Network, f.Family, f.Rung, len(f.Live))
		p.table(t)
	}
	if t := edgeTable(e.Edges, "", true); len(t.Rows) > 0 {
		p.gap()
		p.line(console.Warn, "%s: configured, and no address is known in a family that is served", e.Network)
		p.table(t)
	}
	if t := edgeTable(e.Edges, "", false); len(t.Rows) > 0 {
		p.gap()
		p.line(console.Warn, "%s: not configured, the mode waits for the edge", e.Network)
		p.table(t)
	}
	if len(e.Edges) == 0 {
		p.line(console.Plain, "%s: no edge is like that", e.Network)
	}
}

// edgeTable is of the edges of a family, or of those without one that are configured or not; the reason stands last, for it
// may be long.
func edgeTable(edges []control.Edge, family string, configured bool) console.Table {
	t := console.Table{Header: []string{"EDGE", "STATE", "GRADE", "LAST", "WINDOW", "MEAN", "MODE", "ADDRESS", "WHY"}}
	for _, e := range edges {
		if e.Family != family || family == "" && e.Configured != configured {
			continue
		}
		average := mean(e.AverageSeconds)
		if e.Samples == 0 {
			average = console.Number("")
		}
		t.Rows = append(t.Rows, []console.Cell{
			console.Text(e.Edge), State(e), grade(e), last(e), mean(e.WindowSeconds), average, mode(e.Mode),
			console.Text(e.Address), console.Text(strings.TrimPrefix(strings.TrimPrefix(e.Reason, "live: "), "out: ")),
		})
	}
	return t
}

// State is the cell that says live or out.
func State(e control.Edge) console.Cell {
	if e.Live {
		return console.Cell{Text: "live", Colour: console.Good}
	}
	return console.Text("out")
}

// last is the time of the last probe, or how it failed.
func last(e control.Edge) console.Cell {
	switch {
	case e.LastAt.IsZero():
		return console.Number("")
	case e.LastFailed && e.Outcome != "" && e.Outcome != "ok":
		return console.Cell{Text: e.Outcome, Colour: console.Bad, Right: true}
	case e.LastFailed:
		return console.Cell{Text: "failed", Colour: console.Bad, Right: true}
	}
	return console.Number(console.Seconds(e.LastSeconds))
}

// mean is a cell of a mean; 0 is one without samples.
func mean(seconds float64) console.Cell {
	if seconds == 0 {
		return console.Number("")
	}
	return console.Number(console.Seconds(seconds))
}

func grade(e control.Edge) console.Cell {
	return console.Cell{Text: e.Grade, Colour: gradeColour(e.Grade)}
}

func mode(m control.Mode) console.Cell {
	if m.Mode == available {
		return console.Text("")
	}
	return console.Cell{Text: m.Mode, Colour: modeColour(m.Mode)}
}
