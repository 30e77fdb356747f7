package page

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

type canariesView struct {
	Total  int
	Active int
	Moded  bool   // an operator said something about one of them
	Killed string // why none is used, or empty
	Rows   []canaryView
	More   int
	All    string
}

type canaryView struct {
	rowView
	Zone      string
	Displaced string
}

// showCanaries makes the table of canaries by zone. Of too many those that are not used stand in it first: somebody waits
// for them.
func showCanaries(r reading, now time.Time) canariesView {
	c := r.canaries
	v := canariesView{Total: len(c.Canaries), All: "/v1/canaries?network=" + url.QueryEscape(r.network.Network)}
	if c.Killed {
		v.Killed = fmt.Sprintf("None is used: %d fail, and canary_killer is %d.", c.Failing, c.Killer)
	}
	list := slices.Clone(c.Canaries)
	slices.SortStableFunc(list, func(a, b control.Canary) int { return cmp.Compare(used(a), used(b)) })
	keep := min(len(list), most)
	v.More = len(list) - keep
	list = list[:keep]
	slices.SortStableFunc(list, func(a, b control.Canary) int { return cmp.Compare(a.Zone, b.Zone) })
	for _, c := range list {
		row := showEdge(c.Edge, r, now)
		row.Key, row.Live, row.Reason = plain(c.Zone), c.Active, plain(c.Reason)
		v.Moded = v.Moded || row.Mode != nil
		v.Rows = append(v.Rows, canaryView{rowView: row, Zone: plain(c.Zone), Displaced: plain(c.Displaced)})
	}
	for _, c := range c.Canaries {
		v.Active += used(c)
	}
	return v
}

func used(c control.Canary) int {
	if c.Active {
		return 1
	}
	return 0
}
