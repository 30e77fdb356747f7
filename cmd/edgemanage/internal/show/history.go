package show

import (
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// History shows the samples of an edge, the newest last, as they would scroll by.
func (p *Page) History(h control.History) {
	for _, s := range h.Series {
		p.gap()
		p.line(console.Bold, "%s  %s  %s: %s (UTC)", h.Edge, s.Family, s.Address, console.Plural(len(s.Samples), "sample"))
		t := console.Table{Indent: "  ", Header: []string{"AT", "AGE", "RESULT", "TOOK"}}
		for _, sample := range s.Samples {
			result := console.Cell{Text: "pass", Colour: console.Good}
			if sample.Failed {
				result = console.Cell{Text: "FAIL", Colour: console.Bad}
			}
			t.Rows = append(t.Rows, []console.Cell{
				console.Text(console.At(sample.At, p.Now)), console.Text(console.Ago(sample.At, p.Now)), result, console.Number(console.Seconds(sample.Seconds)),
			})
		}
		p.table(t)
	}
	if len(h.Series) == 0 {
		p.line(console.Plain, "%s: no samples", h.Edge)
	}
}
