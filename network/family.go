package network

import (
	"fmt"
	"net/netip"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// Family is an address family. The two are separate rotations: an edge with an address of each has two histories, and
// the live sets are chosen separately.
type Family int

// The families, in the order in which they are stored and shown.
const (
	IPv4 Family = iota
	IPv6
	families int = iota // how many there are
)

// String returns ipv4 or ipv6, as in metrics, the state and the Corefile.
func (f Family) String() string {
	if f == IPv6 {
		return "ipv6"
	}
	return "ipv4"
}

// MarshalText implements encoding.TextMarshaler.
func (f Family) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; it takes what String gives.
func (f *Family) UnmarshalText(text []byte) error {
	switch string(text) {
	case "ipv4":
		*f = IPv4
	case "ipv6":
		*f = IPv6
	default:
		return fmt.Errorf("%q is no address family: expected ipv4 or ipv6", text)
	}
	return nil
}

// familyOf returns the family of an address that has been unmapped.
func familyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// served says whether the configuration asks for a family.
func served(c *config.Network, f Family) bool {
	switch c.Families {
	case config.IPv4:
		return f == IPv4
	case config.IPv6:
		return f == IPv6
	}
	return true
}
