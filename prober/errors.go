package prober

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
	"unicode"
)

// expiredError is the cause of a probe's own deadline.
type expiredError struct{ timeout time.Duration }

func (e expiredError) Error() string        { return fmt.Sprintf("timeout of %v passed", e.timeout) }
func (e expiredError) Is(target error) bool { return target == context.DeadlineExceeded }

// maxErrorText bounds, in bytes, what of an error with words of the peer is shown.
const maxErrorText = 300

// terseError keeps the chain of an error whose text quotes the peer, such as all names of a certificate, but shows it
// in one line of bounded length: the peer shall not write our logs.
type terseError struct{ err error }

func (e terseError) Error() string {
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, e.err.Error())
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + "..."
	}
	return text
}

func (e terseError) Unwrap() error { return e.err }

// reason is the part of an I/O error that its stage does not say already: net repeats operation and addresses.
func reason(ctx context.Context, err error) error {
	if ended(ctx, err) {
		return context.Cause(ctx)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// malformed tells what net/http found wrong with an answer. Its errors quote the answer, which may echo our headers,
// so only the words before the quotation are kept.
func malformed(err error) error {
	text := err.Error()
	for _, prefix := range []string{"net/http: ", "http: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if i := strings.IndexAny(text, "\":;"); i >= 0 {
		text = text[:i]
	}
	return terseError{errors.New(strings.TrimSpace(text))}
}
