package network

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// midway loses packets from a moment on. A probe that has connected by then waits for its answer until its deadline.
type midway struct {
	*fakeProber
	shut atomic.Bool
	late netip.Addr // takes a second to answer
	on   atomic.Int32
}

func (w *midway) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	began := time.Now()
	r := prober.Result{Addr: addr, At: began, Attempts: 1}
	if w.shut.Load() {
		r.Outcome, r.Took, r.Err = prober.Timeout, hanging.took, context.DeadlineExceeded
		r.Cancelled = !pass(ctx, hanging.took)
		return r
	}
	if addr != w.late {
		return w.fakeProber.Probe(ctx, addr)
	}
	w.on.Add(1)
	defer w.on.Add(-1)
	pass(ctx, 50*time.Millisecond)
	if w.shut.Load() {
		r.Outcome, r.Took, r.Err = prober.Timeout, hanging.took, context.DeadlineExceeded
		r.Phases.Connect, r.Phases.FirstByte = time.Millisecond, hanging.took-time.Millisecond
		r.Cancelled = !pass(ctx, hanging.took-50*time.Millisecond)
		return r
	}
	r.Outcome, r.Took, r.Phases.Connect = prober.OK, fast, time.Millisecond
	return r
}

// An edge that had accepted the connection when everything was cut is no more to blame than the others.
func TestCutOffMidway(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.EdgeCount = 4
		s.many(8)
		w := &midway{fakeProber: s.prober, late: netip.MustParseAddr("192.0.2.1")}
		s.options = func(o *Options) { o.Prober = w }
		s.start()
		for range 6 {
			s.round()
		}
		set := s.answers(IPv4)
		for w.on.Load() == 0 {
			s.advance(10 * time.Millisecond)
		}
		w.shut.Store(true)
		for range 60 {
			s.advance(10 * time.Second)
			s.want("cut off", set)
		}
	})
}
