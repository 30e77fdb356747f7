package zonefile

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// live is a record of an include that changes with the live addresses.
type live struct {
	at    int  // its place in the include
	hints bool // its hints change; else its TTL alone, for the sake of others in its RRset
}

// lively finds the records that change.
func (t *tree) lively(records []dns.RR) []live {
	type set struct {
		name   string
		rrtype uint16
	}
	var sets map[set]bool
	for _, rr := range records {
		if t.hinted(rr) {
			if sets == nil {
				sets = make(map[set]bool)
			}
			sets[set{strings.ToLower(rr.Header().Name), rr.Header().Rrtype}] = true
		}
	}
	if sets == nil {
		return nil
	}
	var found []live
	for i, rr := range records {
		if sets[set{strings.ToLower(rr.Header().Name), rr.Header().Rrtype}] {
			found = append(found, live{i, t.hinted(rr)})
		}
	}
	return found
}

// hinted says whether a record leads to the live addresses by itself: HTTPS or SVCB in service mode whose target is a
// rotating name. In alias mode (priority 0) there are no parameters (RFC 9460, 2.4.2), and the address is asked for.
func (t *tree) hinted(rr dns.RR) bool {
	svcb := service(rr)
	if svcb == nil || svcb.Priority == 0 {
		return false
	}
	target := svcb.Target
	if target == "." { // RFC 9460, 2.5.2
		target = svcb.Hdr.Name
	}
	return t.rotating[strings.ToLower(target)]
}

// service returns the part that SVCB and HTTPS have in common, or nil.
func service(rr dns.RR) *dns.SVCB {
	switch rr := rr.(type) {
	case *dns.SVCB:
		return rr
	case *dns.HTTPS:
		return &rr.SVCB
	}
	return nil
}

// copy returns a copy of the record with the live addresses as its hints, whatever hints it has, and a TTL of at most
// ttl: a client uses hints without asking for the addresses, so hints of its own would keep it at an edge that was
// pulled. A family without live addresses has no hint.
func (l live) copy(rr dns.RR, ttl uint32, v4, v6 []netip.Addr) dns.RR {
	out := dns.Copy(rr)
	svcb := service(out)
	svcb.Hdr.Ttl = min(svcb.Hdr.Ttl, ttl)
	if !l.hints {
		return out
	}
	svcb.Value = slices.DeleteFunc(svcb.Value, func(v dns.SVCBKeyValue) bool {
		return v.Key() == dns.SVCB_IPV4HINT || v.Key() == dns.SVCB_IPV6HINT
	})
	var missing []dns.SVCBKey
	if len(v4) > 0 {
		svcb.Value = append(svcb.Value, &dns.SVCBIPv4Hint{Hint: ips(v4)})
	} else {
		missing = append(missing, dns.SVCB_IPV4HINT)
	}
	if len(v6) > 0 {
		svcb.Value = append(svcb.Value, &dns.SVCBIPv6Hint{Hint: ips(v6)})
	} else {
		missing = append(missing, dns.SVCB_IPV6HINT)
	}
	svcb.Value = demand(svcb.Value, missing)
	slices.SortStableFunc(svcb.Value, func(a, b dns.SVCBKeyValue) int { return int(a.Key()) - int(b.Key()) })
	return out
}

// demand takes keys that are missing out of the mandatory ones: a record without a key that it calls mandatory is
// malformed (RFC 9460, 8).
func demand(values []dns.SVCBKeyValue, missing []dns.SVCBKey) []dns.SVCBKeyValue {
	return slices.DeleteFunc(values, func(v dns.SVCBKeyValue) bool {
		m, ok := v.(*dns.SVCBMandatory)
		if !ok {
			return false
		}
		m.Code = slices.DeleteFunc(m.Code, func(k dns.SVCBKey) bool { return slices.Contains(missing, k) })
		return len(m.Code) == 0
	})
}

func ips(addrs []netip.Addr) []net.IP {
	out := make([]net.IP, len(addrs))
	for i, addr := range addrs {
		out[i] = net.IP(addr.AsSlice())
	}
	return out
}
