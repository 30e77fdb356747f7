package zonefile

import (
	"net/netip"

	"github.com/miekg/dns"
)

// Complete makes all records of a zone, as they are transferred, written and served: what Build makes (SOA, NS, then A and
// AAAA at the apex and at each label), then those of the include in their order, with the live addresses in the hints of
// HTTPS and SVCB records that lead to a rotating name. The include must be that of the zone, parsed with the labels of
// the template; nil is one without records. Its records are shared with the result but for those that had to change.
func (t *Template) Complete(zone string, serial uint32, v4, v6 []netip.Addr, inc *Include) []dns.RR {
	made := t.Build(zone, serial, v4, v6)
	n := len(made.SOA) + len(made.NS) + len(made.Rotating)*(len(v4)+len(v6))
	if inc != nil {
		n += len(inc.Records)
	}
	records := make([]dns.RR, 0, n)
	records = append(records, made.SOA...)
	records = append(records, made.NS...)
	for _, at := range made.Rotating {
		records = append(records, at.A...)
		records = append(records, at.AAAA...)
	}
	if inc == nil {
		return records
	}
	first := len(records)
	records = append(records, inc.Records...)
	for _, l := range inc.live {
		records[first+l.at] = l.copy(inc.Records[l.at], t.TTL, v4, v6)
	}
	return records
}
