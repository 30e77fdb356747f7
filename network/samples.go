package network

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
)

// Series is what is kept of an edge's probes in one family.
type Series struct {
	Edge    string
	Family  Family
	Addr    netip.Addr       // served, or what would be; the zero Addr is none
	Samples []history.Sample // oldest first; see history.Sample for their resolution
}

// fewSamples is how many samples Recent gives of an edge at least: with a window shorter than a few intervals there would
// be nothing to see.
const fewSamples = 20

// History returns all samples of an edge, or of the canary with that address, in each family that it has any in. An edge
// that is no longer configured has one for a day. The error wraps ErrNoMatch when nothing is known of the name.
func (n *Network) History(ctx context.Context, edge string) ([]Series, error) {
	if name, err := config.EdgeName(edge); err == nil {
		edge = name
	}
	var series []Series
	known := false
	err := n.do(ctx, func() {
		e := n.mem.edges[edge]
		if e == nil {
			return
		}
		known = true
		for f, m := range e.members {
			if m != nil {
				series = append(series, Series{e.name, Family(f), m.address(), m.hist.Recent(m.hist.Len())})
			}
		}
	})
	if err == nil && !known {
		err = ErrNoMatch
	}
	if err != nil {
		return nil, fmt.Errorf("reading the history of %q: %w", edge, err)
	}
	return series, nil
}

// Recent returns what happened lately to every edge and canary: the samples of the window, at least the last twenty, at
// most the newest most. They are by family, then by name; the canaries follow the edges of their family, by zone. Histories
// are copied some at a time, so that no decision waits for all of them: they may be some samples apart.
func (n *Network) Recent(ctx context.Context, most int) ([]Series, error) {
	var asked []asked
	var since time.Time
	err := n.do(ctx, func() {
		since = n.now().Add(-n.config.Window)
		asked = n.everybody()
	})
	slices.SortStableFunc(asked, compareAsked)
	series := make([]Series, 0, len(asked))
	for some := range slices.Chunk(asked, atOnce) {
		if err != nil {
			break
		}
		err = n.do(ctx, func() {
			for _, a := range some {
				// One that is no longer configured is kept for a while; one that is forgotten is left out.
				if e := n.mem.edges[a.edge]; e != nil && e.members[a.family] != nil {
					series = append(series, recent(e, a.family, since, most))
				}
			}
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading the latest samples: %w", err)
	}
	return series, nil
}

// asked is a history that is asked for: of an edge, or with the zone of a canary.
type asked struct {
	edge   string
	family Family
	zone   string
}

// compareAsked has the canaries of a family by zone, after its edges, which are in order.
func compareAsked(a, b asked) int {
	return cmp.Or(cmp.Compare(a.family, b.family), strings.Compare(a.zone, b.zone))
}

// everybody lists the histories of all edges and canaries in the families that are served.
func (n *Network) everybody() (all []asked) {
	for f := range n.mem.rotations {
		if !served(n.config, Family(f)) {
			continue
		}
		for _, e := range n.mem.order {
			if e.members[f] != nil {
				all = append(all, asked{edge: e.name, family: Family(f)})
			}
		}
	}
	for zone, c := range n.mem.canaries {
		all = append(all, asked{c.edge.name, c.family, zone})
	}
	return all
}

// recent is the part of a history that Recent gives.
func recent(e *edge, f Family, since time.Time, most int) Series {
	m := e.members[f]
	return Series{e.name, f, m.address(), m.hist.Since(since, min(fewSamples, most), most)}
}
