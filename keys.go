package edgemanage

import "github.com/miekg/dns"

// keySet are the keys of a server block, for questions that come up once a zone: a block may have thousands of both.
type keySet map[string]bool

func newKeySet(keys []string) keySet {
	set := make(keySet, len(keys))
	for _, key := range keys {
		set[key] = true
	}
	return set
}

// holds says whether a zone is one of the keys or below one: queries for others do not come to the block.
func (s keySet) holds(zone string) bool {
	for off, end := 0, false; !end; off, end = dns.NextLabel(zone, off) {
		if s[zone[off:]] {
			return true
		}
	}
	return s["."]
}
