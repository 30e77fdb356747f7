package show

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Status is what the server knows at a glance.
type Status struct {
	Networks control.Networks
	Edges    map[string]control.Edges    // by network
	Canaries map[string]control.Canaries // by network; only of networks with canaries
	Changes  []control.Change            // the last few, the newest first
}

// Status shows the live edges of all networks and whatever deserves attention, the gravest first.
func (p *Page) Status(s Status) {
	for _, n := range s.Networks.Networks {
		p.frozen(n)
	}
	for i, n := range s.Networks.Networks {
		if i > 0 {
			p.blank()
		}
		p.network(n, s.Edges[n.Network].Edges, s.Canaries[n.Network].Canaries)
		p.canarySummary(n, s.Canaries[n.Network])
	}
	if len(s.Networks.Networks) == 0 {
		p.line(console.Warn, "the server has no network")
	}
	if len(s.Changes) > 0 {
		p.blank()
		p.line(console.Bold, "last changes (UTC):")
		for _, c := range s.Changes {
			p.changeLine(c, len(s.Networks.Networks) > 1)
		}
	}
	p.blank()
	p.line(console.Dim, "edgemanage %s, %s UTC", s.Networks.Version, s.Networks.At.UTC().Format(time.DateTime))
}

// NoAnswer shows that the server cannot be asked.
func (p *Page) NoAnswer(err error) {
	p.wrapped(console.Banner, "", "", fmt.Sprintf("NO ANSWER at %s UTC: %v", p.Now.UTC().Format(time.TimeOnly), err))
}

// frozen is the banner that must not be overlooked.
func (p *Page) frozen(n control.Network) {
	if n.Frozen == nil {
		return
	}
	f := n.Frozen
	p.line(console.Banner, "FROZEN: %s: no change but an operator's", n.Network)
	p.line(console.Bad, "  by %s at %s (%s) %s", who(f.Author, f.Claimed), console.At(f.At, p.Now), console.Ago(f.At, p.Now),
		cmp.Or(console.Until(f.Expires, p.Now), "until unfreeze"))
	p.clipped(console.Bad, "  %s", f.Comment)
	p.blank()
}

func (p *Page) network(n control.Network, edges []control.Edge, canaries []control.Canary) {
	p.line(console.Bold, "%s: serial %d, %s, %s", n.Network, n.Serial, console.Plural(n.Zones, "zone"), p.round(n))
	if n.Late {
		p.line(console.Banner, "  LATE: last round of probes: %s; they are to come every %s", console.Ago(n.LastRound, p.Now), console.Span(seconds(n.IntervalSeconds)))
	}
	if n.DryRun {
		p.line(console.Warn, "  DRY RUN: it decides, and answers no query")
	}
	if !n.Ready {
		p.line(console.Bad, "  NOT READY: there is no decision yet")
	}
	if n.ModesLost {
		p.line(console.Banner, "  MODES LOST: the state could not be read: set anew what is unavailable or forced")
	}
	if n.StateError != "" {
		p.line(console.Bad, "  STATE NOT SAVED (%s): %s", console.Plural(int(n.StateErrors), "error"), n.StateError)
	}
	for _, f := range n.Families {
		p.family(f, n, edges)
	}
	p.modes(edges, canaries)
}

func (p *Page) round(n control.Network) string {
	if n.LastRound.IsZero() {
		return "no round of probes yet"
	}
	if n.RoundSeconds == 0 { // of one from cron nobody knows
		return "last round " + console.Ago(n.LastRound, p.Now)
	}
	return fmt.Sprintf("last round %s (took %s)", console.Ago(n.LastRound, p.Now), console.Seconds(n.RoundSeconds))
}

// family is one rotation: how it stands, its live edges, and who fails.
func (p *Page) family(f control.Family, n control.Network, edges []control.Edge) {
	if f.Edges.Total == 0 && len(f.Addresses) == 0 {
		p.line(console.Dim, "  %s: no edges", f.Family)
		return
	}
	rung := f.Rung
	if rung != "full" {
		rung = strings.ToUpper(rung)
	}
	p.line(rungColour(f.Rung), "  %s: rung %s, %d of %d live%s", f.Family, rung, len(f.Live), n.EdgeCount, p.since(f))
	if f.Rung != "full" {
		p.line(rungColour(f.Rung), "    %s", f.RungText)
	}
	if f.Standing {
		p.line(console.Warn, "    the set saved by the last run stands until all its edges are probed")
	}
	for _, w := range f.Warnings {
		p.line(console.Warn, "    warning: %s", w)
	}
	t := console.Table{Indent: "    ", Header: []string{"LIVE", "LAST", "WINDOW", "GRADE", "MODE", "ADDRESS"}}
	var failing []string
	for _, e := range edges {
		switch {
		case e.Family != f.Family:
		case e.Live:
			t.Rows = append(t.Rows, []console.Cell{console.Text(e.Edge), last(e), mean(e.WindowSeconds), grade(e), mode(e.Mode), console.Text(e.Address)})
		case e.Grade == "fail" && e.Mode.Mode != "unavailable":
			failing = append(failing, e.Edge+" ("+cmp.Or(e.Outcome, "no answer")+")")
		}
	}
	p.table(t)
	if len(t.Rows) == 0 && len(f.Addresses) > 0 {
		p.line(console.Warn, "    answers: %s", strings.Join(f.Addresses, " "))
	}
	p.line(console.Plain, "    of %s: %d passing, %d failing, %d unavailable, %d not probed", console.Plural(f.Edges.Total, "edge"),
		f.Edges.Passing, f.Edges.Failing, f.Edges.Unavailable, f.Edges.Unknown)
	if len(failing) > 0 {
		p.clipped(console.Bad, "    failing: %s", strings.Join(failing, ", "))
	}
	colour := console.Plain
	if f.Budget.Held > 0 {
		colour = console.Warn
	}
	p.line(colour, "    %s", budget(f.Budget))
}

func (p *Page) since(f control.Family) string {
	if f.Since.IsZero() {
		return ""
	}
	return fmt.Sprintf(", unchanged for %s", console.Span(p.Now.Sub(f.Since)))
}

func (p *Page) canarySummary(n control.Network, c control.Canaries) {
	switch {
	case n.Canaries == 0:
	case c.Killed:
		p.line(console.Bad, "  canaries: none of %d in use: %d fail, canary_killer is %d", n.Canaries, c.Failing, c.Killer)
	default:
		p.line(console.Plain, "  canaries: %d of %d in use, %d failing", n.Active, n.Canaries, c.Failing)
	}
}

// budget is what is left of max_changes.
func budget(b control.Budget) string {
	if b.Max == 0 {
		return "no limit of changes"
	}
	text := fmt.Sprintf("changes left: %d of %d in %s", b.Left, b.Max, console.Span(seconds(b.PerSeconds)))
	if b.Held > 0 {
		text += fmt.Sprintf(", %d HELD", b.Held)
	}
	return text
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
