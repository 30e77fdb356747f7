package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// statuses are the HTTP statuses (RFC 9110, 15) of the codes.
var statuses = map[string]int{
	CodeBadRequest:       http.StatusBadRequest,
	CodeCommentRequired:  http.StatusBadRequest,
	CodeNetworkRequired:  http.StatusBadRequest,
	CodeUnknownNetwork:   http.StatusNotFound,
	CodeUnknownEdge:      http.StatusNotFound,
	CodeNoCandidate:      http.StatusConflict,
	CodeNotFound:         http.StatusNotFound,
	CodeMethodNotAllowed: http.StatusMethodNotAllowed,
	CodeTooLarge:         http.StatusRequestEntityTooLarge,
	CodeNotRunning:       http.StatusServiceUnavailable,
	CodeBusy:             http.StatusServiceUnavailable,
	CodeInternal:         http.StatusInternalServerError,
}

// failure is why a request is not answered with what it asked for.
type failure struct {
	body   Error
	status int
	allow  string // methods, of method_not_allowed
}

func (f *failure) Error() string { return f.body.Message }

// failf makes a failure of one of the codes.
func failf(code, format string, args ...any) error {
	return &failure{body: Error{Code: code, Message: fmt.Sprintf(format, args...)}, status: statuses[code]}
}

func notAllowed(method, allow string) error {
	f := failf(CodeMethodNotAllowed, "%.20q is not allowed here: expected %s", method, allow).(*failure)
	f.allow = allow
	return f
}

// header sets what goes with the status.
func (f *failure) header(h http.Header) {
	if f.allow != "" {
		h.Set("Allow", f.allow)
	}
	if f.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
}

// sentinels are the errors of networks that have a code of their own, the first that fits first.
var sentinels = []struct {
	err  error
	code string
}{
	{network.ErrInvalid, CodeBadRequest},
	{network.ErrNoComment, CodeCommentRequired},
	{network.ErrNoMatch, CodeUnknownEdge},
	{network.ErrNoCandidate, CodeNoCandidate},
	{network.ErrStopped, CodeNotRunning},
	{context.DeadlineExceeded, CodeNotRunning}, // the engine did not take the request up: nothing was done
	{context.Canceled, CodeNotRunning},
}

// failureOf makes a failure of any error.
func failureOf(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return failf(s.code, "%s", strings.ReplaceAll(err.Error(), "\n", "; ")).(*failure)
		}
	}
	return failf(CodeInternal, "%v", err).(*failure)
}
