package zonefile

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/miekg/dns"
)

// maxTTL is the highest TTL there is, in seconds (RFC 2181, 8).
const maxTTL = math.MaxInt32

func errTTL(ttl uint32) error { return fmt.Errorf("TTL %d: expected at most %d", ttl, maxTTL) }

// rule says why a record must not stand in the include of a zone, looking at nothing but the record. DNSKEY, CDS and
// CDNSKEY may: an operator who signs by *dnssec* publishes the keys that come next here.
func rule(rr dns.RR, zone string) error {
	h := rr.Header()
	switch {
	case h.Class != dns.ClassINET:
		return fmt.Errorf("class %s: expected IN", dns.Class(h.Class))
	case !dns.IsSubDomain(zone, h.Name):
		return fmt.Errorf("the owner is outside of zone %s", zone)
	case h.Ttl > maxTTL:
		return errTTL(h.Ttl)
	case isWildcard(h.Name) && (h.Rrtype == dns.TypeNS || h.Rrtype == dns.TypeDNAME):
		// RFC 4592, 4.2 and 4.4: what they would mean is not defined.
		return errors.New("at a wildcard: expected names that are delegated or redirected each by itself")
	}
	switch t := h.Rrtype; t {
	case dns.TypeSOA:
		return errors.New("expected none: the SOA is made by the network")
	case dns.TypeNSEC, dns.TypeNSEC3, dns.TypeNSEC3PARAM, dns.TypeRRSIG, dns.TypeSIG, dns.TypeNXT:
		return errors.New("expected none: a signer makes them for the records that are served")
	case dns.TypeZONEMD:
		return errors.New("expected none: the digest would be wrong from the first change of the live set")
	case dns.TypeNULL:
		return errors.New("expected none: RFC 1035 keeps this type out of files")
	case dns.TypeNone, dns.TypeOPT:
		return errors.New("the type is no record of a zone")
	default:
		if t >= 128 && t <= 255 { // RFC 6895, 3.1
			return errors.New("the type is no record of a zone")
		}
	}
	if h.Rdlength == 0 && h.Rrtype != dns.TypeAPL && dns.TypeToRR[h.Rrtype] != nil {
		return errors.New("there is no data")
	}
	switch rr := rr.(type) {
	case *dns.CAA:
		// RFC 8659, 4.1; BIND refuses the whole zone for another.
		if rr.Tag == "" || strings.ContainsFunc(rr.Tag, notAlphanumeric) {
			return fmt.Errorf("tag %q: expected letters and digits", rr.Tag)
		}
	case *dns.URI:
		if rr.Target == "" { // RFC 7553, 4.4
			return errors.New("the target is empty: expected a URI")
		}
	}
	return nil
}

func notAlphanumeric(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}

// rotatingRule says why a record must not stand at a name that carries the live addresses.
func rotatingRule(rrtype uint16, apex bool) error {
	switch {
	case rrtype == dns.TypeA || rrtype == dns.TypeAAAA:
		return errors.New("expected none: the name carries the live addresses")
	case rrtype == dns.TypeCNAME && apex:
		return errors.New("at the apex of the zone: expected none")
	case rrtype == dns.TypeCNAME:
		return errors.New("expected none: the name carries the live addresses")
	case rrtype == dns.TypeNS && apex:
		return errors.New("at the apex of the zone: expected none, they are those of the network")
	case rrtype == dns.TypeNS:
		return errors.New("expected no delegation: the name carries the live addresses")
	case rrtype == dns.TypeDS && apex:
		return errors.New("at the apex of the zone: expected it in the zone above")
	}
	return nil
}

func isWildcard(name string) bool { return len(name) > 1 && name[0] == '*' && name[1] == '.' }
