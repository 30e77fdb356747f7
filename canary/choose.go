// Package canary tries new servers on one zone at a time: a canary is an address that stands beside the live edges of its
// zone, in the place of one of them, as long as it passes its probes.
//
// The package is pure: it reads what is in a canaries file, and decides what a canary does to a zone's addresses, with
// the reason. It does not probe, and does not log.
package canary

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// Canary is a canary and how it does.
type Canary struct {
	Zone  string // lower-case, fully qualified
	Name  string // that its history goes by
	Addr  netip.Addr
	Grade history.Grade

	// Displaced is the edge whose place it has had up to now, or "". It keeps that place while the edge is live. Whoever
	// sets it keeps it over restarts; without it an edge that enters the live set is the displaced one from then on if it
	// ranks higher.
	Displaced string
}

// Verdict is what a canary does to its zone's set of its family.
type Verdict struct {
	Live      []string // the edges that stay, in the order given
	Canary    bool     // whether the canary stands beside them
	Displaced string   // the edge that gave way, or ""
	Reason    string   // why the canary is in or out
}

// Apply decides on a zone's set. Live are the names of the live edges of the canary's family; killed is what Killed says
// of the network. Live itself is never changed.
//
// A canary with any passing grade is in. It takes the place of one edge; an edge that is the only one stays beside it.
// Where no edge is live it is out: a server on trial must not carry all of a zone's traffic, and a family without edges is
// none that the network serves.
func Apply(zone string, live []string, c Canary, killed bool) Verdict {
	out := func(reason string) Verdict { return Verdict{Live: slices.Clone(live), Reason: reason} }
	switch {
	case c.Zone != zone:
		return out("canary of another zone")
	case killed:
		return out("too many canaries of the network fail")
	case !c.Grade.Passing():
		return out("grade " + c.Grade.String())
	case len(live) == 0:
		return out("no edge is live beside it")
	case len(live) == 1:
		return Verdict{slices.Clone(live), true, "", fmt.Sprintf("grade %s: beside %s, the only live edge", c.Grade, live[0])}
	}
	at := slices.Index(live, c.Displaced)
	if c.Displaced == "" || at < 0 {
		at = displaced(zone, live)
	}
	stay := slices.Concat(live[:at], live[at+1:])
	return Verdict{stay, true, live[at], fmt.Sprintf("grade %s: in place of %s", c.Grade, live[at])}
}

// displaced returns the place of the edge with the highest rank for the zone (rendezvous hashing). It does not depend on
// the order, another zone has another one, and an edge that leaves changes it only if it is the one that leaves.
func displaced(zone string, live []string) int {
	best := 0
	for i := range live[1:] {
		if compare(zone, live[i+1], live[best]) > 0 {
			best = i + 1
		}
	}
	return best
}

func compare(zone, a, b string) int {
	ra, rb := rank(zone, a), rank(zone, b)
	switch {
	case ra > rb, ra == rb && a > b:
		return 1
	}
	return -1
}

// rank is the first 8 bytes, as a big-endian number, of the SHA-256 of zone, a zero byte and edge. It must never change:
// a new version would move a canary of every zone to another place.
func rank(zone, edge string) uint64 {
	sum := sha256.Sum256([]byte(zone + "\x00" + edge))
	return binary.BigEndian.Uint64(sum[:8])
}

// Killed counts the canaries of a network that fail, and says whether they are n or more: then something is wrong with all
// of them, and none is used until fewer fail. One that has not been probed yet does not fail. With n 0 it never happens.
func Killed(canaries []Canary, n int) (failing int, killed bool) {
	for _, c := range canaries {
		if c.Grade == history.Fail {
			failing++
		}
	}
	return failing, n > 0 && failing >= n
}
