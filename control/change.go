package control

import (
	"context"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// changes are the endpoints that change something. They are on the socket alone.
var changes = map[string]endpoint{
	"/v1/mode":     {answer: setMode},
	"/v1/freeze":   {answer: freeze},
	"/v1/unfreeze": {answer: unfreeze},
}

func setMode(ctx context.Context, r *request) (any, error) {
	var q ModeRequest
	if err := r.body(&q); err != nil {
		return nil, err
	}
	n, err := pick(r.source.Networks(), q.Network)
	if err != nil {
		return nil, err
	}
	if q.Edge == "" || q.Mode == "" {
		return nil, failf(CodeBadRequest, "reading the body: fields edge and mode are required")
	}
	mode, err := selector.ParseMode(q.Mode)
	if err != nil {
		return nil, failf(CodeBadRequest, "reading field mode: %v", err)
	}
	c := network.ModeChange{
		Edge: q.Edge, Mode: mode, Comment: q.Comment, Author: author(ctx), Claimed: claimed(q.Claimed), Force: q.Force, Preview: q.Preview,
	}
	if c.For, err = duration("for", q.For); err != nil {
		return nil, err
	}
	applied, err := n.SetMode(ctx, c)
	if err != nil {
		return nil, err
	}
	return describeApplied(n, applied), nil
}

func freeze(ctx context.Context, r *request) (any, error) { return setFreeze(ctx, r, true) }

func unfreeze(ctx context.Context, r *request) (any, error) { return setFreeze(ctx, r, false) }

func setFreeze(ctx context.Context, r *request, frozen bool) (any, error) {
	var q FreezeRequest
	if err := r.body(&q); err != nil {
		return nil, err
	}
	n, err := pick(r.source.Networks(), q.Network)
	if err != nil {
		return nil, err
	}
	c := network.FreezeChange{Frozen: frozen, Comment: q.Comment, Author: author(ctx), Claimed: claimed(q.Claimed)}
	if c.For, err = duration("for", q.For); err != nil {
		return nil, err
	}
	if !frozen && c.For != 0 {
		return nil, failf(CodeBadRequest, "reading field for: a freeze that ends has no end to set")
	}
	applied, err := n.SetFreeze(ctx, c)
	if err != nil {
		return nil, err
	}
	return describeApplied(n, applied), nil
}
