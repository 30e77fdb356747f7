package network

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
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
// most the newest most. They are by family, then by name; the canaries follow the edges of their family, by zone.
func (n *Network) Recent(ctx context.Context, most int) ([]Series, error) {
	var series []Series
	err := n.do(ctx, func() {
		since := n.now().Add(-n.config.Window)
		canaries := slices.Sorted(maps.Keys(n.mem.canaries))
		for f := range n.mem.rotations {
			if !served(n.config, Family(f)) {
				continue
			}
			for _, e := range n.mem.order {
				if m := e.members[f]; m != nil {
					series = append(series, recent(e, Family(f), since, most))
				}
			}
			for _, zone := range canaries {
				if c := n.mem.canaries[zone]; c.family == Family(f) {
					series = append(series, recent(c.edge, c.family, since, most))
				}
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("reading the latest samples: %w", err)
	}
	return series, nil
}

// recent is the part of a history that Recent gives.
func recent(e *edge, f Family, since time.Time, most int) Series {
	m := e.members[f]
	return Series{e.name, f, m.address(), m.hist.Since(since, min(fewSamples, most), most)}
}
