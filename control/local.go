package control

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
)

// NewLocal returns a client without a server: it asks the source that open gives, in this process, and changes are those of the
// user who runs it. open is called for each request; its error is that of the request, and says that nothing was done. name
// stands for the source in errors.
func NewLocal(name string, open func(context.Context) (Source, error)) *Client {
	return &Client{socket: name, http: http.Client{Timeout: clientTime, Transport: within(open)}}
}

// within carries requests out instead of sending them.
type within func(context.Context) (Source, error)

// RoundTrip implements http.RoundTripper.
func (open within) RoundTrip(r *http.Request) (*http.Response, error) {
	source, err := open(r.Context())
	if err != nil {
		return nil, &unopened{err}
	}
	var a taken
	newAPI(source).ServeHTTP(&a, r.Clone(withPeer(r.Context(), uint32(os.Getuid()))))
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()),
	}, nil
}

// unopened is the error of a source that could not be asked.
type unopened struct{ error }

func (e *unopened) Unwrap() error        { return e.error }
func (e *unopened) Is(target error) bool { return target == ErrUnreachable }

// taken is an answer that is taken down.
type taken struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *taken) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

// WriteHeader implements http.ResponseWriter.
func (a *taken) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter. The status comes first, as the api writes it.
func (a *taken) Write(p []byte) (int, error) { return a.body.Write(p) }
