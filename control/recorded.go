package control

import (
	"context"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// recorded answers with the recorded rounds of one family, as a trace that replay reads.
func recorded(ctx context.Context, r *request, n *network.Network) (any, error) {
	family, err := r.family()
	if err != nil {
		return nil, err
	}
	f, err := rotation(n, family)
	if err != nil {
		return nil, err
	}
	t, err := n.Trace(ctx, f)
	if err != nil {
		return nil, err
	}
	data, err := trace.Encode(t)
	return document(data), err
}

// rotation returns the family that a request names. It need not name one where only one is served, or has edges.
func rotation(n *network.Network, family string) (network.Family, error) {
	if family != "" {
		return parseFamily(family)
	}
	var served, used []network.Family
	if s := n.Status(); s != nil {
		for _, f := range s.Families {
			served = append(served, f.Family)
			if len(f.Edges) > 0 {
				used = append(used, f.Family)
			}
		}
	}
	for _, choice := range [][]network.Family{used, served} {
		if len(choice) == 1 {
			return choice[0], nil
		}
	}
	return 0, failf(CodeBadRequest, "parameter family is required, since the network serves both: ipv4 or ipv6")
}
