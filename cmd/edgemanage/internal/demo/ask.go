package demo

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// ask asks the server for the addresses of the apex, as a resolver would. The error says why there are none.
func ask(ctx context.Context, server string) ([]netip.Addr, error) {
	query := new(dns.Msg).SetQuestion(zone, dns.TypeA)
	client := dns.Client{Timeout: time.Second}
	answer, _, err := client.ExchangeContext(ctx, query, server)
	if err != nil {
		return nil, err
	}
	if answer.Rcode != dns.RcodeSuccess {
		return nil, rcodeError(answer.Rcode)
	}
	var addrs []netip.Addr
	for _, rr := range answer.Answer {
		if a, ok := rr.(*dns.A); ok {
			addr, _ := netip.AddrFromSlice(a.A.To4())
			addrs = append(addrs, addr)
		}
	}
	slices.SortFunc(addrs, netip.Addr.Compare)
	return addrs, nil
}

// rcodeError is an answer that is an error of the server.
type rcodeError int

func (e rcodeError) Error() string { return dns.RcodeToString[int(e)] }
