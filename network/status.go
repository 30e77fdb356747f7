package network

import (
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Status is what a network shows of itself to operators and metrics. It is immutable and made anew with each decision,
// at most a second after what it tells of.
type Status struct {
	Network  string
	At       time.Time // when it was made
	Ready    bool      // a saved set stands, or the first decision is made
	DryRun   bool
	Serial   uint32
	Wanted   int // edge_count
	Families []FamilyStatus
	Modes    map[string]Mode // by edge; also of edges that are not configured
	Freeze   *Freeze         // nil: not frozen
	Canaries []CanaryStatus  // by zone
	// Unresolved are the configured edges without an address in any family, by name; they are in none of the Families.
	Unresolved []string

	// Started is when probing began: a start of the process, or a reload.
	Started time.Time
	// LastRound is when every configured edge had been probed at least once since the round before ended, zero before
	// the first; RoundTook is how long that took.
	LastRound time.Time
	RoundTook time.Duration

	StateError  string // trouble with the state directory that lasts, or empty
	StateErrors uint64 // failures to write it since the process started
	ModesLost   bool   // no readable state was found where there had been one: modes may be missing
}

// FamilyStatus is one rotation of a network.
type FamilyStatus struct {
	Family   Family
	Coverage Coverage
	Rung     selector.Rung
	RungText string       // what the rung means for the answers
	Standing bool         // a saved set stands until its members have been probed
	Live     []string     // names of the live edges, sorted
	Addrs    []netip.Addr // what is answered, sorted
	Since    time.Time    // when the set last changed
	MinLive  int          // what rung short needs
	Held     int          // substitutions that the budget holds back
	Recent   int          // substitutions that count in the budget
	Warnings []string     // what an operator must not overlook; a freeze is in Status.Freeze
	Edges    []EdgeStatus // by name
}

// EdgeStatus is one edge in one family.
type EdgeStatus struct {
	Name    string
	Addr    netip.Addr // what is served, or would be: the address of the last successful probe
	Probed  netip.Addr // what is being probed; differs from Addr while a new address has not passed
	Live    bool
	Mode    selector.Mode
	Verdict selector.Verdict

	Grade      history.Grade
	Average    time.Duration // over the whole history
	WindowMean time.Duration // over the window
	Samples    int
	LastAt     time.Time // when the last sample was taken, zero if there is none
	LastTook   time.Duration
	LastFailed bool
	Outcome    prober.Outcome // of the last probe
	Error      string         // of the last probe, empty when it passed

	CertNotAfter time.Time // zero without TLS
}
