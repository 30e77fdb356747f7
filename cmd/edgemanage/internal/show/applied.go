package show

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Applied shows what an operator's change was, and what changed because of it; of a preview, what would.
func (p *Page) Applied(a control.Applied) {
	if a.Preview {
		p.line(console.Warn, "PREVIEW: nothing was changed in %s; this would happen:", a.Network)
	}
	if len(a.Edges) > 1 {
		p.line(console.Plain, "%s of %s match:", console.Plural(len(a.Edges), "edge"), a.Network)
	}
	for _, e := range a.Edges {
		absent := ""
		if !e.Configured {
			absent = " (not configured: the mode waits for it)"
		}
		p.line(console.Bold, "%s%s", e.Edge, absent)
		p.line(console.Plain, "  was %s", p.Mode(e.Before))
		p.line(modeColour(e.After.Mode), "  %s %s", p.tense(a, "is", "would be"), p.Mode(e.After))
	}
	p.freezeChange(a)
	for _, f := range a.Families {
		foreseen := a
		foreseen.Preview = a.Preview || a.Later
		p.outcome(foreseen, f)
	}
	p.warnings(a.Families)
	switch {
	case a.Preview:
	case a.Later:
		p.line(console.Dim, "saved; the next run of edgemanage once obeys it, and writes the zone files")
	default:
		saved := "saved"
		if !a.Saved {
			saved = "not saved"
		}
		p.line(console.Dim, "%s, serial %d", saved, a.Serial)
	}
}

// freezeChange shows a freeze or its end; a change of a mode has neither.
func (p *Page) freezeChange(a control.Applied) {
	switch {
	case len(a.Edges) > 0:
	case a.After != nil:
		f := a.After
		p.line(console.Banner, "FROZEN: %s: no change but an operator's, %s", a.Network, cmp.Or(console.Until(f.Expires, p.Now), "until unfreeze"))
		p.line(console.Plain, "  %s", by(f.Author, f.Claimed, f.Comment))
	case a.Before != nil:
		f := a.Before
		p.line(console.Good, "%s is no longer frozen", a.Network)
		p.line(console.Plain, "  it was, for %s, %s", console.Span(p.Now.Sub(f.At)), by(f.Author, f.Claimed, f.Comment))
	default:
		p.line(console.Plain, "%s was not frozen", a.Network)
	}
}

// outcome shows a family's set before and after, and each edge that moved with its reason.
func (p *Page) outcome(a control.Applied, f control.FamilyOutcome) {
	if slices.Equal(f.Before, f.After) && f.RungBefore == f.RungAfter {
		if len(f.After) > 0 {
			p.line(console.Plain, "%s: %s; rung %s, live: %s", f.Family, p.tense(a, "nothing changed", "nothing would change"), f.RungAfter, strings.Join(f.After, " "))
		}
	} else {
		rung := "rung " + f.RungAfter
		if f.RungBefore != f.RungAfter {
			rung = fmt.Sprintf("rung %s -> %s", f.RungBefore, f.RungAfter)
		}
		p.line(rungColour(f.RungAfter), "%s: %s", f.Family, rung)
		p.line(console.Plain, "  before: %s", orNone(f.Before))
		p.line(console.Plain, "  %s: %s", p.tense(a, "after", "would be"), orNone(f.After))
		for _, m := range f.Left {
			p.line(console.Bad, "  - %s  %s", m.Edge, m.Reason)
		}
		for _, m := range f.Entered {
			p.line(console.Good, "  + %s  %s", m.Edge, m.Reason)
		}
	}
}

// warnings shows each warning once, with the families that it is of.
func (p *Page) warnings(all []control.FamilyOutcome) {
	of := map[string][]string{}
	var texts []string
	for _, f := range all {
		for _, w := range f.Warnings {
			if of[w] == nil {
				texts = append(texts, w)
			}
			of[w] = append(of[w], f.Family)
		}
	}
	for _, w := range texts {
		p.wrapped(console.Warn, "", "  ", fmt.Sprintf("warning, %s: %s", strings.Join(of[w], " and "), w))
	}
}

func (p *Page) tense(a control.Applied, is, would string) string {
	if a.Preview {
		return would
	}
	return is
}

func orNone(names []string) string { return cmp.Or(strings.Join(names, " "), "none") }
