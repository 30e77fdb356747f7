// Package trace reads and writes recorded rounds of probing, decides them anew
// through history and selector, compares the outcome with what is expected, and
// sums it up.
//
// A trace is a JSON object: a name, settings, rounds, and optionally one
// expectation a round. Times are seconds since the epoch, durations are seconds.
//
//	{"name": "example",
//	 "settings": {"edge_count": 1, "goodenough": 0.7, "timeout": 10, "window": 300, "history": 2000},
//	 "rounds": [
//	   {"at": 1700000060, "edges": ["192.0.2.1", "192.0.2.2"], "modes": {"192.0.2.2": "unavailable"},
//	    "fetch": {"192.0.2.1": 0.153, "192.0.2.2": null}}],
//	 "expect": [{"live": ["192.0.2.1"], "rotated": true, "rung": "full",
//	   "health": {"192.0.2.1": "pass_threshold"}}]}
//
// Reading is strict: an unknown, repeated or ill-typed field is an error that
// names the file, the line and the field. Writing is exact: what Encode wrote, Parse
// reads as it was. Nothing here reads a clock, so a trace always gives the same
// decisions.
package trace

import (
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Trace is a recorded run of rounds in one network and family.
type Trace struct {
	Name     string
	Settings Settings
	Rounds   []Round
	Expect   []Expect // Expect[i] belongs to Rounds[i]; may be shorter, or absent
}

// Round is what happened up to one decision, which is taken at At.
type Round struct {
	At time.Time
	// Edges is the edge list from this round on; nil when it did not change.
	Edges []string
	// Modes are those set before this round. They last, also for edges that are
	// not listed.
	Modes map[string]selector.Mode
	// Fetch has what the probes of this round yielded, all of them at At. An edge
	// left out was not probed.
	Fetch map[string]Fetch
}

// Fetch is the outcome of one probe.
type Fetch struct {
	Took   time.Duration // 0 when it failed
	Failed bool
}

// Expect is what a round should come to. What is nil is not compared.
type Expect struct {
	Live    []string // in any order; on rung fallback the addresses
	Rotated *bool    // the live set is not that of the round before
	Rung    *selector.Rung
	Health  map[string]history.Grade // of every edge that is not unavailable
}
