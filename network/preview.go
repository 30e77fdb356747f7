package network

import (
	"context"
	"net/netip"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// Preview makes the network as it would be right after a start, and does not start it: nothing is probed, resolved,
// written or locked, so a server may run on the same state. Snapshot, Status and ZoneList tell what that server publishes,
// or published last. Of the options Prober and Resolver are not used.
func Preview(c *config.Network, in *Inputs, o Options) (*Network, error) {
	dry := *c
	dry.DryRun = true
	o.Prober, o.Resolver = idle{}, idle{}
	n, err := New(&dry, in, o)
	if err != nil {
		return nil, err
	}
	if err := n.open(nil); err != nil {
		return nil, err
	}
	n.read(context.Background())
	n.takeUp()
	return n, nil
}

// idle probes and resolves nothing.
type idle struct{}

func (idle) Probe(_ context.Context, a netip.Addr) prober.Result {
	return prober.Result{Addr: a, Cancelled: true}
}
func (idle) Resolve(context.Context, string) prober.Resolution { return prober.Resolution{} }
func (idle) Expect(*prober.Object)                             {}
