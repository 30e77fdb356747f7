package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// An Edge is one server of a network.
type Edge struct {
	Name  string       // host name, lower-case and without a trailing dot, or an address in its canonical form
	Addrs []netip.Addr // its own or pinned addresses, IPv4 first, at most one a family; nil: resolve the name
	File  string       // where it is listed; "" when nowhere in particular
	Line  int          // in File, from 1
}

// Limits of host names (RFC 1035, 2.3.4), counted without a trailing dot.
const (
	maxNameLength  = 253
	maxLabelLength = 63
)

const hostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// parseEdge reads an edge from its words: a host name or an address, and the addresses to pin it to. An edge that is an
// address is its own first pin, so that a dual-stack edge without a name can be written.
func parseEdge(words []string) (Edge, error) {
	name, pins := words[0], words[1:]
	var e Edge
	if looksLikeAddress(name) {
		if _, err := netip.ParseAddr(name); err != nil {
			return Edge{}, fmt.Errorf("%s is neither a host name nor an address: expected one of them, without scheme, port or brackets", quote(name))
		}
		addr, err := parseAddr(name)
		if err != nil {
			return Edge{}, err
		}
		e.Name, e.Addrs = addr.String(), []netip.Addr{addr}
	} else {
		host, err := parseHost(name)
		if err != nil {
			return Edge{}, err
		}
		e.Name = host
	}
	for _, pin := range pins {
		addr, err := parseAddr(pin)
		if err != nil {
			return Edge{}, fmt.Errorf("pinning %s: %w", e.Name, err)
		}
		for _, other := range e.Addrs {
			if other.Is4() == addr.Is4() {
				return Edge{}, fmt.Errorf("pinning %s: %s is a second %s address beside %s: expected at most one of each family",
					e.Name, addr, familyOf(addr), other)
			}
		}
		e.Addrs = append(e.Addrs, addr)
	}
	slices.SortFunc(e.Addrs, netip.Addr.Compare)
	return e, nil
}

// EdgeName returns the name of an edge as an edge list gives it: a host name in lower case without a trailing dot, or an
// address in its canonical form.
func EdgeName(s string) (string, error) {
	e, err := parseEdge([]string{s})
	return e.Name, err
}

// looksLikeAddress tells whether a word was meant as an address: it has a colon, or a last label of digits alone, which
// no host name has (RFC 3696, 2).
func looksLikeAddress(s string) bool {
	if strings.Contains(s, ":") {
		return true
	}
	s = strings.TrimSuffix(s, ".")
	last := s[strings.LastIndexByte(s, '.')+1:]
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// parseAddr reads an address that an edge may have: unicast, without a zone, and IPv4 in its own notation.
func parseAddr(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	switch {
	case err != nil:
		return netip.Addr{}, fmt.Errorf("%s is not an address: expected IPv4 or IPv6", quote(s))
	case addr.Zone() != "":
		return netip.Addr{}, fmt.Errorf("%s has a zone: expected an address that means the same everywhere", quote(s))
	case addr.Is4In6():
		return netip.Addr{}, fmt.Errorf("%s is an IPv4 address in IPv6: expected %s", quote(s), addr.Unmap())
	case addr.IsUnspecified():
		return netip.Addr{}, fmt.Errorf("%s is the unspecified address: expected that of a server", quote(s))
	case addr.IsMulticast():
		return netip.Addr{}, fmt.Errorf("%s is a multicast address: expected that of a server", quote(s))
	}
	return addr, nil
}

// parseHost reads a host name and returns it lower-case, without a trailing dot. Underscores are let pass: real edges
// have them.
func parseHost(s string) (string, error) {
	name := strings.TrimSuffix(s, ".")
	if name == "" {
		return "", fmt.Errorf("%s is not a host name: expected letters, digits, hyphens, underscores and dots", quote(s))
	}
	if len(name) > maxNameLength {
		return "", fmt.Errorf("%s is not a host name: it has %d characters, expected at most %d", quote(s), len(name), maxNameLength)
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "", fmt.Errorf("%s is not a host name: it has an empty label", quote(s))
		case len(label) > maxLabelLength:
			return "", fmt.Errorf("%s is not a host name: a label has %d characters, expected at most %d", quote(s), len(label), maxLabelLength)
		case strings.Trim(label, hostCharacters) != "":
			return "", fmt.Errorf("%s is not a host name: expected letters, digits, hyphens, underscores and dots", quote(s))
		}
	}
	return strings.ToLower(name), nil
}

func familyOf(a netip.Addr) Families {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}
