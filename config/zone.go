package config

import (
	"math"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// The properties of the zones' records.

func (p *parser) ns(args []string) {
	for _, arg := range args {
		name, err := domain(arg)
		switch {
		case err != nil:
			p.faultf("%w", err)
			continue
		case slices.Contains(p.net.NS, name):
			p.faultf("%s is named twice", quote(arg))
			continue
		case strings.Count(name, ".") == 1:
			// A zone file would complete it with the origin; with many zones there is none to complete it with.
			p.warnf("%s has one label: it is served as %s", quote(arg), name)
		}
		p.net.NS = append(p.net.NS, name)
	}
}

func (p *parser) soa(args []string) {
	mname, err := domain(args[0])
	if err != nil {
		p.faultf("MNAME: %w", err)
	}
	p.net.MName = mname
	rname := args[1]
	switch _, ok := dns.IsDomainName(rname); {
	case strings.Contains(rname, "@"):
		p.faultf("RNAME: %s has an @: expected the mailbox with dots, such as hostmaster.example.org", quote(rname))
	case !ok || strings.ContainsFunc(rname, notPrintable) || rname == ".":
		p.faultf("RNAME: %s is not a domain name: expected a mailbox with dots, such as hostmaster.example.org", quote(rname))
	default:
		p.net.RName = dns.Fqdn(strings.ToLower(rname))
	}
}

// notPrintable tells characters that a name in a record would show as escapes.
func notPrintable(r rune) bool { return r <= ' ' || r > '~' }

func (p *parser) soaTimers(args []string) {
	t := &p.net.Timers
	for i, timer := range []struct {
		name  string
		least uint32 // of the four, MINIMUM alone is a TTL and may be 0
		value *uint32
	}{
		{"REFRESH", 1, &t.Refresh}, {"RETRY", 1, &t.Retry}, {"EXPIRE", 1, &t.Expire}, {"MINIMUM", 0, &t.Minimum},
	} {
		v, err := parseSeconds(args[i], timer.least)
		if err != nil {
			p.faultf("%s: %w", timer.name, err)
			continue
		}
		*timer.value = v
	}
	if uint64(t.Expire) <= uint64(t.Refresh)+uint64(t.Retry) && !p.faulty["soa_timers"] {
		// RFC 1912, 2.2: the zone would expire on a secondary that misses a single refresh.
		p.warnf("EXPIRE is not above REFRESH and RETRY together: secondaries would drop the zones after one failed refresh")
	}
}

func (p *parser) serialFloor(args []string) {
	n, err := number(args[0], 0, math.MaxUint32)
	if err != nil {
		p.faultf("%w", err)
		return
	}
	p.net.SerialFloor = uint32(n)
}

func (p *parser) ttl(args []string) {
	v, err := parseSeconds(args[0], 0)
	if err != nil {
		p.faultf("%w", err)
		return
	}
	p.net.TTL = v
}

func (p *parser) labels(args []string) {
	for _, arg := range args {
		label, err := parseHost(arg)
		switch {
		case arg == "@" || arg == "":
			p.faultf("%s is the apex, which always carries the addresses: expected a name under it", quote(arg))
		case strings.HasSuffix(arg, "."):
			p.faultf("%s is absolute: expected a name relative to the zones, without the trailing dot", quote(arg))
		case strings.Contains(arg, "*"):
			p.faultf("%s is a wildcard: expected each name by itself", quote(arg))
		case err != nil:
			p.faultf("%w", err)
		case slices.Contains(p.net.Labels, label):
			p.faultf("%s is named twice", quote(arg))
		default:
			p.net.Labels = append(p.net.Labels, label)
		}
	}
}
