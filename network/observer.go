package network

import (
	"net/netip"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/notify"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Observer hears what happens in a network. It is called from the network's own goroutine, or the state's, and must
// not block.
type Observer interface {
	Observe(network string, e Event)
}

// Event is one of the types below.
type Event interface{ event() }

type (
	// Probed is the end of one probe of one address. Resolved is how long its name took to resolve, zero for an address
	// that was pinned.
	Probed struct {
		Edge     string
		Family   Family
		Resolved time.Duration
		Result   prober.Result
	}

	// SetChanged is a change of a live set. Reasons counts, by the word for metrics, why edges entered or left.
	SetChanged struct {
		Family        Family
		Before, After []string
		Rung          string
		Serial        uint32
		Reasons       map[string]int
		Left, Entered []Move
		Text          string // for the log: who left and entered, and why
	}

	// RungChanged is a change of rung; Text says what it means for the answers.
	RungChanged struct {
		Family        Family
		Before, After selector.Rung
		Text          string
	}

	// Held is a decision in which the budget held back Count substitutions more than in the one before.
	Held struct {
		Family Family
		Count  int
	}

	// ModesChanged are the modes that were set at once, or that ran out at once. Edges is the name or pattern that they were
	// set by, empty when they ran out.
	ModesChanged struct {
		Edges   string
		Changes []ModeChanged
	}

	// ModeChanged is the mode of one edge, that was set or ran out.
	ModeChanged struct {
		Edge          string
		Before, After Mode
	}

	// FreezeChanged is an operator's freeze that began, was replaced or ended; nil is not frozen. Expired says that it ran
	// out by itself, without a comment and an author.
	FreezeChanged struct {
		Before, After            *Freeze
		Expired                  bool
		Comment, Author, Claimed string
	}

	// ContactChanged says that nothing is heard of the edges of a family, or something again.
	ContactChanged struct {
		Family Family
		Lost   bool
		Text   string
	}

	// CanariesChanged are the canaries that a decision, or an edit of their file, changed something of.
	CanariesChanged struct{ Changes []CanaryChanged }

	// CanaryChanged is a canary that came in or went out, or changed places.
	CanaryChanged struct {
		Zone      string
		Addr      netip.Addr
		Was       bool // in use before
		Active    bool // in use now
		Displaced string
		Text      string
	}

	// Notified is the end of one try to notify a secondary.
	Notified notify.Event

	// Hooked is the end of a command, or of one try to post to a webhook, or an event that either will never get.
	Hooked hooks.Report

	// ZoneFilesFailed is trouble with writing zone files; it is tried again until it works.
	ZoneFilesFailed struct{ Err error }

	// FileFailed is trouble with writing the live list or a file of legacy; it is tried again until it works.
	FileFailed struct{ Err error }

	// StateTrouble is the first of a row of failures to write the state; StateRecovered ends it.
	StateTrouble struct{ Err error }
	// StateRecovered says that everything is on the disk again.
	StateRecovered struct{}

	// ReloadFailed is a file that moved and could not be taken up; the last good version stays.
	ReloadFailed struct {
		File string
		Err  error
	}

	// Note is a line for the log about something that is odd but harmless, such as a duplicate in an edge list.
	Note struct{ Text string }
	// Fault is a line for the log about harm that is done.
	Fault struct{ Text string }
	// Warning is a line for the log about something that the operator should mend.
	Warning struct{ Text string }
)

// Move is an edge that left or entered a live set, and why.
type Move struct{ Edge, Text string }

// Worse says whether the network came down a rung, or never stood on the highest.
func (e RungChanged) Worse() bool { return e.After < e.Before || e.After < selector.Short }

func (Probed) event()          {}
func (SetChanged) event()      {}
func (RungChanged) event()     {}
func (Held) event()            {}
func (CanariesChanged) event() {}
func (Notified) event()        {}
func (Hooked) event()          {}
func (ZoneFilesFailed) event() {}
func (FileFailed) event()      {}
func (ModesChanged) event()    {}
func (FreezeChanged) event()   {}
func (ContactChanged) event()  {}
func (StateTrouble) event()    {}
func (StateRecovered) event()  {}
func (ReloadFailed) event()    {}
func (Note) event()            {}
func (Warning) event()         {}
func (Fault) event()           {}
