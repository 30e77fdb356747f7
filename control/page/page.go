package page

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// drawTime is for a network to hand over its latest samples. The rest of a page waits for nobody, and is shown without
// them.
const drawTime = 2 * time.Second

// New returns the handler of the page that shows source. The address is the one that is listened on, as it was configured:
// requests for another name than its are refused, see RFC 9110, section 7.4. Sizes and times of requests that do not reach a
// handler are the http.Server's to bound; its WriteTimeout should be some 30 s.
func New(source control.Source, address string) http.Handler {
	read := func(ctx context.Context) (site, error) { return readSite(ctx, source), nil }
	return newHandler(address, control.ReadOnly(source), read, time.Now)
}

// readSite asks the networks, those with the first names first.
func readSite(ctx context.Context, source control.Source) site {
	networks := slices.Clone(source.Networks())
	slices.SortFunc(networks, func(a, b *network.Network) int { return cmp.Compare(a.Config().Name, b.Config().Name) })
	ctx, cancel := context.WithTimeout(ctx, drawTime)
	defer cancel()
	s := site{version: source.Version(), at: time.Now()}
	for _, n := range networks {
		s.networks = append(s.networks, readNetwork(ctx, n, s.at))
	}
	return s
}

func readNetwork(ctx context.Context, n *network.Network, now time.Time) reading {
	r := reading{
		network: control.Describe(n), edges: control.EdgesOf(n).Edges, canaries: control.CanariesOf(n),
		changes: control.ChangesOf(changesAsked, now.Add(-past), n),
		samples: map[track][]control.Sample{},
	}
	series, err := n.Recent(ctx, sparkMost)
	if err != nil {
		r.undrawn = err.Error()
	}
	for _, s := range control.SeriesOf(series) {
		r.samples[track{s.Edge, s.Family}] = s.Samples
	}
	return r
}
