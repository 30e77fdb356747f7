package prober

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Resolver finds the addresses of edges named by host.
type Resolver struct{ lookup *net.Resolver }

// NewResolver makes a Resolver that asks r; nil is the system's configuration, read and followed by Go's own resolver,
// which a hanging C library cannot block.
func NewResolver(r *net.Resolver) *Resolver {
	if r == nil {
		// Strict: a failing server must not send the search list after an answer of another name.
		r = &net.Resolver{PreferGo: true, StrictErrors: true}
	}
	return &Resolver{lookup: r}
}

// Resolution is what the names of one edge resolved to.
type Resolution struct {
	// V4 and V6 are the lowest addresses of each family; zero when there is none, or none is known.
	V4, V6 netip.Addr
	// Several4 and Several6 tell that the family had more than one address.
	Several4, Several6 bool
	// Stale4 and Stale6 tell that the family's lookup failed while the other answered with an address: its last good
	// address stays good.
	Stale4, Stale6 bool
	// Took is the time until both families were known.
	Took time.Duration
	// Err is set when no address was found in either family, a name that does not exist included: the last good
	// addresses stay good.
	Err error
}

// Resolve asks for the A and the AAAA records of host, separately and at once, until ctx ends. An address is its own
// resolution. Addresses that cannot be a host's (unspecified, multicast, broadcast) are no answer but a failure.
func (r *Resolver) Resolve(ctx context.Context, host string) Resolution {
	start := time.Now()
	if addr, err := netip.ParseAddr(host); err == nil {
		return literal(host, addr)
	}
	var a, aaaa answer
	var wg sync.WaitGroup
	wg.Go(func() { a = r.family(ctx, "ip4", host) })
	wg.Go(func() { aaaa = r.family(ctx, "ip6", host) })
	wg.Wait()

	res := Resolution{
		V4: a.lowest, Several4: a.several,
		V6: aaaa.lowest, Several6: aaaa.several,
		Took: time.Since(start),
	}
	if !a.lowest.IsValid() && !aaaa.lowest.IsValid() {
		res.Err = fmt.Errorf("resolving %q: A: %w; AAAA: %w", host, a.err, aaaa.err)
		return res
	}
	res.Stale4 = a.err != nil && !a.none
	res.Stale6 = aaaa.err != nil && !aaaa.none
	return res
}

func literal(host string, addr netip.Addr) Resolution {
	addr = addr.Unmap()
	switch {
	case !usable(addr):
		return Resolution{Err: fmt.Errorf("resolving %q: not the address of a host", host)}
	case addr.Is4():
		return Resolution{V4: addr}
	}
	return Resolution{V6: addr}
}

// answer is that of one family. Without an address err says why, and none tells that it is because the family has
// none, not because the lookup failed.
type answer struct {
	lowest  netip.Addr
	several bool
	none    bool
	err     error
}

func (r *Resolver) family(ctx context.Context, network, host string) answer {
	addrs, err := r.lookup.LookupNetIP(ctx, network, absolute(host))
	if err != nil {
		var dnsErr *net.DNSError
		if errors.As(err, &dnsErr) {
			return answer{none: dnsErr.IsNotFound, err: lookupError(dnsErr)}
		}
		// A hosts file with addresses of the other family alone.
		var addrErr *net.AddrError
		return answer{none: errors.As(err, &addrErr), err: terseError{err}}
	}
	for i, addr := range addrs {
		addrs[i] = addr.Unmap()
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	addrs = slices.Compact(addrs)
	if i := slices.IndexFunc(addrs, func(addr netip.Addr) bool { return !usable(addr) }); i >= 0 {
		return answer{err: fmt.Errorf("answer has %s, which is not the address of a host", addrs[i])}
	}
	if len(addrs) == 0 {
		return answer{none: true, err: errors.New("no addresses")}
	}
	return answer{lowest: addrs[0], several: len(addrs) > 1}
}

// absolute keeps the search list of this host away from a name of several labels: an edge that does not exist for a
// moment must not become whatever a wildcard in a local domain points to. A single label is meant to be completed.
func absolute(host string) string {
	if strings.Contains(host, ".") && !strings.HasSuffix(host, ".") {
		return host + "."
	}
	return host
}

// lookupError leaves out the name, which our errors have already.
func lookupError(err *net.DNSError) error {
	if err.Server == "" {
		return terseError{errors.New(err.Err)}
	}
	return terseError{fmt.Errorf("%s says %s", err.Server, err.Err)}
}

// usable tells whether a host can have addr. Loopback is fine: it is how a site is tried on one machine.
func usable(addr netip.Addr) bool {
	broadcast := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	return !addr.IsUnspecified() && !addr.IsMulticast() && addr != broadcast
}
