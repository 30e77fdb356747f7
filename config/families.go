package config

import "fmt"

// Families says which address families of the edges are probed and served.
type Families uint8

const (
	Both Families = iota
	IPv4
	IPv6
)

// String is the word of the Corefile.
func (f Families) String() string {
	switch f {
	case Both:
		return "both"
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	}
	return fmt.Sprintf("Families(%d)", uint8(f))
}
