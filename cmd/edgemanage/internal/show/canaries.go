package show

import (
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Canaries shows the canary of each zone.
func (p *Page) Canaries(c control.Canaries) {
	if len(c.Canaries) == 0 {
		p.line(console.Plain, "%s: no canaries", c.Network)
		return
	}
	switch {
	case c.Killed:
		p.line(console.Bad, "%s: %d fail, none is used until fewer than %d do (canary_killer)", c.Network, c.Failing, c.Killer)
	default:
		p.line(console.Bold, "%s: %s, %d failing", c.Network, console.Plural(len(c.Canaries), "canary"), c.Failing)
	}
	t := console.Table{Header: []string{"ZONE", "CANARY", "USED", "GRADE", "LAST", "WINDOW", "INSTEAD OF", "WHY"}}
	for _, canary := range c.Canaries {
		used := console.Text("no")
		if canary.Active {
			used = console.Cell{Text: "yes", Colour: console.Good}
		}
		e := canary.Edge
		t.Rows = append(t.Rows, []console.Cell{
			console.Text(canary.Zone), console.Text(e.Edge), used, grade(e), last(e), mean(e.WindowSeconds), console.Text(canary.Displaced), console.Text(canary.Reason),
		})
	}
	p.table(t)
	p.modes(nil, c.Canaries)
}
