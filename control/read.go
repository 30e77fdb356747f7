package control

import (
	"context"
	"errors"
	"path"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// Most a request may ask for, and what it gets when it does not say.
const (
	maxChangesAsked = 1000
	someChanges     = 100
	maxRecentAsked  = 200
	someRecent      = 60
	maxHistoryAsked = 1 << 20 // all there is
)

// reads are the endpoints that change nothing.
var reads = map[string]endpoint{
	"/v1/networks": {[]string{"network"}, networks, small},
	"/v1/edges":    {[]string{"network", "family", "grade", "mode", "live", "edge"}, of(edges), large},
	"/v1/explain":  {[]string{"network", "edge", "family"}, of(explain), large},
	"/v1/history":  {[]string{"network", "edge", "limit"}, of(edgeHistory), large},
	"/v1/recent":   {[]string{"network", "limit"}, of(recent), large},
	"/v1/changes":  {[]string{"network", "limit", "since"}, lastChanges, large},
	"/v1/canaries": {[]string{"network"}, of(canaries), large},
	"/v1/trace":    {[]string{"network", "family"}, of(recorded), huge},
}

// of makes the answer of an endpoint that is about one network.
func of(answer func(context.Context, *request, *network.Network) (any, error)) func(context.Context, *request) (any, error) {
	return func(ctx context.Context, r *request) (any, error) {
		n, err := pick(r.source.Networks(), r.query["network"])
		if err != nil {
			return nil, err
		}
		return answer(ctx, r, n)
	}
}

func networks(_ context.Context, r *request) (any, error) {
	all, err := r.networks()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	answer := Networks{Version: r.source.Version(), At: moment(now), Networks: make([]Network, 0, len(all))}
	for _, n := range all {
		answer.Networks = append(answer.Networks, describe(n, now))
	}
	return answer, nil
}

func edges(_ context.Context, r *request, n *network.Network) (any, error) {
	w, err := r.wanted()
	if err != nil {
		return nil, err
	}
	matched := w.edge == ""
	some := edgesOf(n, func(e Edge) bool {
		named := w.named(e.Edge)
		matched = matched || named
		return named && w.fits(e)
	})
	if !matched {
		return nil, noEdge(n, w)
	}
	return some, nil
}

// wanted are the filters of edges; an empty one lets everything pass.
type wanted struct {
	edge, family, grade, mode string
	live                      *bool
}

func (r *request) wanted() (w wanted, err error) {
	for _, read := range []func() error{
		func() error { w.edge, err = r.edge(); return err },
		func() error { w.family, err = r.family(); return err },
		func() error { w.grade, err = r.grade(); return err },
		func() error { w.mode, err = r.mode(); return err },
		func() error { w.live, err = r.live(); return err },
	} {
		if err := read(); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w wanted) named(edge string) bool {
	if w.edge == "" || w.edge == edge {
		return true
	}
	match, err := path.Match(w.edge, edge)
	return err == nil && match
}

func (w wanted) fits(e Edge) bool {
	return (w.family == "" || w.family == e.Family) && (w.grade == "" || w.grade == e.Grade) &&
		(w.mode == "" || w.mode == e.Mode.Mode) && (w.live == nil || *w.live == e.Live)
}

func explain(ctx context.Context, r *request, n *network.Network) (any, error) {
	w, err := r.wanted()
	if err != nil {
		return nil, err
	}
	explanations, err := r.engine.explain(ctx, n, w.edge)
	if errors.Is(err, network.ErrNoMatch) {
		return nil, noEdge(n, w)
	}
	if err != nil {
		return nil, err
	}
	answer := Edges{Network: n.Config().Name, Families: []Family{}, Edges: []Edge{}}
	var modes map[string]network.Mode
	if s := n.Status(); s != nil {
		answer.At, answer.Families, modes = moment(s.At), describeFamilies(n, s), s.Modes
	}
	for _, e := range explanations {
		d := describeEdge(e.Family, e.EdgeStatus, modes)
		d.Needs, d.Displaces = e.Needs, e.Displaces
		if w.fits(d) {
			answer.Edges = append(answer.Edges, d)
		}
	}
	return answer, nil
}

func edgeHistory(ctx context.Context, r *request, n *network.Network) (any, error) {
	edge, err := r.edge()
	if err != nil {
		return nil, err
	}
	if edge == "" {
		return nil, failf(CodeBadRequest, "parameter edge is required")
	}
	limit, err := r.number("limit", maxHistoryAsked, maxHistoryAsked)
	if err != nil {
		return nil, err
	}
	series, err := n.History(ctx, edge)
	if err != nil {
		return nil, err
	}
	answer := History{Network: n.Config().Name, Edge: edge, Series: SeriesOf(series)}
	for i := range answer.Series {
		s := &answer.Series[i]
		s.Edge = "" // it is that of the answer
		s.Samples = s.Samples[max(0, len(s.Samples)-limit):]
	}
	return answer, nil
}

func recent(ctx context.Context, r *request, n *network.Network) (any, error) {
	limit, err := r.number("limit", someRecent, maxRecentAsked)
	if err != nil {
		return nil, err
	}
	series, err := r.engine.recent(ctx, n, limit)
	if err != nil {
		return nil, err
	}
	return Recent{Network: n.Config().Name, Series: SeriesOf(series)}, nil
}

func lastChanges(_ context.Context, r *request) (any, error) {
	all, err := r.networks()
	if err != nil {
		return nil, err
	}
	limit, err := r.number("limit", someChanges, maxChangesAsked)
	if err != nil {
		return nil, err
	}
	since, err := r.since(time.Now())
	if err != nil {
		return nil, err
	}
	return Changes{Changes: ChangesOf(limit, since, all...)}, nil
}

func canaries(_ context.Context, _ *request, n *network.Network) (any, error) {
	return CanariesOf(n), nil
}
