package prober

import (
	"fmt"
	"net/netip"
	"time"
)

// Result is what one probe found.
type Result struct {
	// Addr is the address probed, as given.
	Addr netip.Addr
	// At is the start of the last try.
	At time.Time
	// Took is the last try's total, by the monotonic clock.
	Took time.Duration
	// Outcome classifies; Err, nil when it is OK, says what happened and what was expected, in one line.
	Outcome Outcome
	Err     error
	// Status is the HTTP status of the answer, 0 without one.
	Status int
	// Phases are parts of Took.
	Phases Phases
	// Attempts is the number of tries made.
	Attempts int
	// CertNotAfter is the expiry of the edge's certificate, known also when it failed verification; zero without one.
	CertNotAfter time.Time
	// Cancelled means that the caller's context ended the probe: this is no sample.
	Cancelled bool
}

// Answered says whether anything came back from the edge itself: at least its half of a TCP handshake, or a refusal. What a
// router on the way said of it is not from the edge.
func (r Result) Answered() bool {
	switch r.Outcome {
	case OK, Refused, TLS, Status, Checksum, Size, Read:
		return true
	case Timeout:
		return r.Phases.TLS > 0 || r.Phases.FirstByte > 0 || r.Phases.Body > 0
	}
	return false
}

// Phases are the parts of a try, in their order. A try that failed spent the rest of its time in the last phase that
// is not zero; later phases are zero. (The resolver times the lookup, see Resolution.Took.)
type Phases struct {
	// Connect is the TCP handshake.
	Connect time.Duration
	// TLS is the TLS handshake with the verification of the certificate; zero for http.
	TLS time.Duration
	// FirstByte is from sending the request to the first byte of the answer.
	FirstByte time.Duration
	// Body is the rest: from the first byte to the end of the body.
	Body time.Duration
}

// PanicError is the error of a probe that panicked.
type PanicError struct {
	Value any    // what was panicked with
	Stack []byte // of the goroutine, as debug.Stack writes it
}

// Error tells the value alone; the stack is for a log of several lines.
func (e *PanicError) Error() string { return fmt.Sprintf("probing: panic: %v", e.Value) }
