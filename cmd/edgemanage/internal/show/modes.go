package show

import (
	"cmp"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// modes lists by name what operators said of edges and canaries, of each once whatever its families or zones.
func (p *Page) modes(edges []control.Edge, canaries []control.Canary) {
	said := map[string]control.Edge{}
	zones := map[string][]string{} // of canaries
	for _, e := range edges {
		said[e.Edge] = e
	}
	for _, c := range canaries {
		said[c.Edge.Edge] = c.Edge
		zones[c.Edge.Edge] = append(zones[c.Edge.Edge], c.Zone)
	}
	var names []string
	for name, e := range said {
		if e.Mode.Mode != available && e.Mode.Mode != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if i == 0 {
			p.line(console.Bold, "  modes:")
		}
		e := said[name]
		what := e.Mode.Mode
		switch of := zones[name]; {
		case len(of) > 0:
			what += ", canary of " + strings.Join(of, " ")
		case !e.Configured:
			what += ", not configured"
		}
		p.line(modeColour(e.Mode.Mode), "    %s: %s, %s", name, what, cmp.Or(console.Until(e.Mode.Expires, p.Now), "without an end"))
		p.clipped(console.Plain, "      %s %s", console.Ago(e.Mode.At, p.Now), by(e.Mode.Author, e.Mode.Claimed, e.Mode.Comment))
	}
}
