package control

import (
	"context"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// writing is held by the request whose trace is being made and encoded: a large one takes hundreds of megabytes meanwhile.
var writing = make(chan struct{}, 1)

// recorded answers with the recorded rounds of one family, as a trace that replay reads.
func recorded(ctx context.Context, r *request) (any, error) {
	n, err := r.network()
	if err != nil {
		return nil, err
	}
	family, err := r.family()
	if err != nil {
		return nil, err
	}
	var f network.Family
	switch s := n.Status(); {
	case family != "":
		f, err = parseFamily(family)
	case s != nil && len(s.Families) == 1:
		f = s.Families[0].Family
	default:
		err = failf(CodeBadRequest, "parameter family is required while the network serves both: ipv4 or ipv6")
	}
	if err != nil {
		return nil, err
	}
	select {
	case writing <- struct{}{}:
		defer func() { <-writing }()
	case <-ctx.Done():
		return nil, failf(CodeBusy, "another trace is being written: try again")
	}
	t, err := n.Trace(ctx, f)
	if err != nil {
		return nil, err
	}
	data, err := trace.Encode(t)
	return document(data), err
}
