package prober

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
)

// Outcome classifies what happened to a probe. The zero Outcome is none of them, so that a result nobody filled in
// never passes.
type Outcome uint8

// The outcomes. Anything but OK and Local counts as a failed fetch.
const (
	_        Outcome = iota
	OK               // the object, whole and unchanged, in time
	DNS              // no address to probe: the resolver failed and no last good address is known
	Refused          // the connection was refused
	Connect          // the connection failed otherwise: host unreachable, reset, filtered with an answer
	TLS              // the handshake failed, or the certificate's verification
	Timeout          // the deadline passed, wherever
	Status           // the answer was not 2xx, or was 206
	Checksum         // the body has the right length and is another
	Size             // the body is longer or shorter than the object
	Read             // the answer was not HTTP, ended before it was complete, or marks the plain object as coded
	Internal         // a fault of this program
	Local            // a fault of this machine (descriptors, memory, no route): no sample of the edge
)

var outcomeNames = [...]string{
	OK: "ok", DNS: "dns", Refused: "refused", Connect: "connect", TLS: "tls", Timeout: "timeout", Status: "status",
	Checksum: "checksum", Size: "size", Read: "read", Internal: "internal", Local: "local",
}

// Outcomes lists all outcomes in a fixed order.
func Outcomes() []Outcome {
	return []Outcome{OK, DNS, Refused, Connect, TLS, Timeout, Status, Checksum, Size, Read, Internal, Local}
}

// String returns the outcome's name as it stands in metrics and in the state.
func (o Outcome) String() string {
	if o == 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("outcome(%d)", uint8(o))
	}
	return outcomeNames[o]
}

// ParseOutcome is the inverse of String.
func ParseOutcome(s string) (Outcome, error) {
	if i := slices.Index(outcomeNames[1:], s); i >= 0 {
		return Outcome(i + 1), nil
	}
	return 0, fmt.Errorf("parsing outcome %q: expected one of %v", s, Outcomes())
}

// retried tells whether another try in the same probe makes sense: only connections are made anew.
func (o Outcome) retried() bool { return o == Refused || o == Connect }

// exhausted are the errors of this machine, whatever the edge does. ENETUNREACH is not here: see routed.
var exhausted = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL,
}

// classify says what an I/O error counts as, when an ordinary one in its place counts as usual.
func classify(ctx context.Context, err error, usual Outcome) Outcome {
	switch {
	case ended(ctx, err):
		return Timeout
	case isAny(err, exhausted):
		return Local
	case usual == Connect && errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	}
	return usual
}

// ended tells whether err is the end of ctx, as against another error that came about the same time.
func ended(ctx context.Context, err error) bool {
	if !isAny(err, interrupted) {
		return false
	}
	// A socket that connects gets the context's deadline and may see it an instant before the context does. Only the
	// context knows whose deadline it was.
	<-ctx.Done()
	return true
}

// interrupted are the errors of an operation whose context ended.
var interrupted = []error{os.ErrDeadlineExceeded, context.DeadlineExceeded, context.Canceled}

func isAny(err error, targets []error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}
