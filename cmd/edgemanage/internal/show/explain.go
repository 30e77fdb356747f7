package show

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Explain shows for each edge the rule that decided, with its numbers, and what would change that.
func (p *Page) Explain(e control.Edges) {
	families := map[string]control.Family{}
	for _, f := range e.Families {
		families[f.Family] = f
	}
	for _, edge := range e.Edges {
		p.gap()
		p.explain(edge, families[edge.Family])
	}
	if len(e.Edges) == 0 {
		p.line(console.Plain, "%s: no edge is like that", e.Network)
	}
}

func (p *Page) explain(e control.Edge, f control.Family) {
	if !e.Configured {
		p.line(console.Warn, "%s: not configured", e.Edge)
	} else {
		colour := console.Bold
		if e.Live {
			colour = console.Good
		}
		p.line(colour, "%s  %s  %s", e.Edge, e.Family, cmp.Or(e.Address, "no address"))
	}
	p.wrapped(console.Plain, "  ", "    ", e.Reason)
	p.fact("grade", "%s", e.Grade)
	if e.LastAt.IsZero() {
		p.fact("last probe", "none yet")
	} else {
		p.fact("last probe", "%s, %s at %s UTC", last(e).Text, console.Ago(e.LastAt, p.Now), console.At(e.LastAt, p.Now))
		p.fact("means", "%s over the window, %s over %s", console.Seconds(e.WindowSeconds), console.Seconds(e.AverageSeconds), console.Plural(e.Samples, "sample"))
	}
	if e.Error != "" {
		p.fact("error", "%s", e.Error)
	}
	if e.Probed != "" && e.Probed != e.Address {
		p.fact("probed", "%s, which must pass before it is served", e.Probed)
	}
	p.fact("mode", "%s", p.Mode(e.Mode))
	if !e.Certificate.IsZero() {
		p.fact("certificate", "expires %s UTC (%s)", e.Certificate.UTC().Format(time.DateTime), console.Ago(e.Certificate, p.Now))
	}
	if f.Family != "" {
		p.fact("rotation", "rung %s, %d live; %s", f.Rung, len(f.Live), budget(f.Budget))
	}
	if e.Other != "" {
		p.fact("paired with", "%s", e.Other)
	}
	if e.Displaces != "" {
		p.fact("displaces", "%s, if it enters", e.Displaces)
	}
	if e.Needs != "" {
		p.fact("to enter", "%s", e.Needs)
	}
}

// fact is a line with a name and what it is.
func (p *Page) fact(name, format string, args ...any) {
	p.wrapped(console.Plain, fmt.Sprintf("  %-12s", name), strings.Repeat(" ", 14), fmt.Sprintf(format, args...))
}

// Mode is a mode with all that was said of it.
func (p *Page) Mode(m control.Mode) string {
	text := cmp.Or(m.Mode, available)
	if until := console.Until(m.Expires, p.Now); until != "" {
		text += " " + until
	}
	if !m.At.IsZero() || m.Author != "" {
		text += ", " + console.Ago(m.At, p.Now) + " " + by(m.Author, m.Claimed, m.Comment)
	}
	return text
}
