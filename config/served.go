package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/coredns/coredns/plugin/pkg/cidr"
	"github.com/miekg/dns"
)

// Served says where a Corefile serves a network. Zones are lower-case and fully qualified, sorted, each once.
type Served struct {
	// Named are the zones after the network's name and, unless includes bring the zones, the keys of a server block where
	// none are.
	Named []string
	// Keys are those of the server blocks: what is under none of them is never asked for.
	Keys []string
}

// ZonesOf says where server blocks serve a network. The error joins what the server would not start with: zones that are
// none, the root zone, and zones under none of their block's keys.
func ZonesOf(blocks []Block, network string) (Served, error) {
	includes := slices.ContainsFunc(Networks(blocks), func(n Network) bool { return n.Name == network && n.Includes != "" })
	var s Served
	var faults []error
	for _, block := range blocks {
		for _, d := range block.Directives {
			if d.Network != network {
				continue
			}
			keys, bad := d.expand(block.Keys)
			faults = append(faults, bad...)
			s.Keys = append(s.Keys, keys...)
			named, bad := d.expand(d.ZoneArgs)
			faults = append(faults, bad...)
			if len(d.ZoneArgs) == 0 && !includes {
				named = keys
			}
			faults = append(faults, d.checkNamed(named, keys)...)
			s.Named = append(s.Named, named...)
		}
	}
	slices.Sort(s.Keys)
	slices.Sort(s.Named)
	s.Keys, s.Named = slices.Compact(s.Keys), slices.Compact(s.Named)
	return s, errors.Join(faults...)
}

func (d Directive) checkNamed(zones, keys []string) (faults []error) {
	for _, zone := range zones {
		switch {
		case zone == ".":
			faults = append(faults, d.faultf("the zone %q is the root: expected the zones of the network, after its name", zone))
		case !slices.ContainsFunc(keys, func(key string) bool { return dns.IsSubDomain(key, zone) }):
			faults = append(faults, d.faultf("zone %q is under none of the server block's keys: no query for it would come here", zone))
		}
	}
	return faults
}

func (d Directive) expand(words []string) (zones []string, faults []error) {
	for _, word := range words {
		expanded, err := expand(word)
		if err != nil {
			faults = append(faults, d.faultf("%s is not a zone: expected a domain name", quote(word)))
		}
		zones = append(zones, expanded...)
	}
	return zones, faults
}

// transports are those that a key of a server block may begin with.
var transports = []string{"dns", "tls", "quic", "grpc", "https", "https3", "unix"}

// expand returns the zones that a word stands for, as CoreDNS reads it: transport and port are cut off, and a network in
// CIDR notation is its reverse zones.
func expand(word string) ([]string, error) {
	zone := word
	if transport, rest, ok := strings.Cut(word, "://"); ok && slices.Contains(transports, transport) {
		zone = rest
	}
	if i := strings.LastIndexByte(zone, ':'); i >= 0 {
		if _, err := strconv.Atoi(zone[i+1:]); err == nil {
			zone = zone[:i]
		} else if i == len(zone)-1 {
			return nil, fmt.Errorf("nothing follows the colon of %s", quote(word))
		}
	}
	if _, ok := dns.IsDomainName(zone); !ok {
		return nil, fmt.Errorf("%s is not a domain name", quote(word))
	}
	_, network, err := net.ParseCIDR(zone)
	if err != nil {
		return []string{dns.Fqdn(strings.ToLower(zone))}, nil
	}
	if strings.HasPrefix(zone, ":") || strings.HasPrefix(zone, "0") && strings.Contains(zone, ":") {
		return nil, fmt.Errorf("%s has no reverse zone", quote(word))
	}
	var zones []string
	for _, reverse := range cidr.Reverse(cidr.Split(network)) {
		zones = append(zones, dns.Fqdn(strings.ToLower(reverse)))
	}
	return zones, nil
}
