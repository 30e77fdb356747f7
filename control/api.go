package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
)

// request is a request that has found its endpoint.
type request struct {
	*http.Request
	source Source
	query  map[string]string // the parameters given, each known and given once
}

// endpoint is what answers one path. The answer goes out as JSON.
type endpoint struct {
	params []string // of the query
	answer func(context.Context, *request) (any, error)
}

// document is an answer that is JSON already.
type document []byte

// api answers requests. Reads take GET and HEAD alone, changes POST alone, and it can do nothing that is in neither.
type api struct {
	source  Source
	reads   map[string]endpoint
	changes map[string]endpoint
}

// ReadOnly returns the handler of the endpoints that change nothing, for listeners that anybody may reach. Anything but GET
// and HEAD is refused whatever the path.
func ReadOnly(source Source) http.Handler { return &api{source: source, reads: reads} }

const (
	readMethods  = "GET, HEAD"
	changeMethod = "POST"
)

// ServeHTTP answers a request: with what its endpoint says, or with a Failure.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := a.answer(w, r)
	if err != nil {
		fail(w, r, err)
		return
	}
	body, err := encode(answer)
	if err != nil {
		fail(w, r, err)
		return
	}
	write(w, r, http.StatusOK, body)
}

// fail answers a request with why it is refused.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	f := failureOf(err)
	f.header(w.Header())
	body, err := encode(Failure{Error: f.body})
	if err != nil {
		body = []byte("{}\n") // two strings can always be encoded
	}
	write(w, r, f.status, body)
}

func write(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body) // a client that has gone is no trouble
	}
}

// answer finds the endpoint of a request and asks it. A fault of ours is an answer too: who asks at night should see it.
func (a *api) answer(w http.ResponseWriter, r *http.Request) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, fmt.Errorf("answering %s: %v\n%s", r.URL.Path, p, debug.Stack())
		}
	}()
	e, err := a.endpoint(r)
	if err != nil {
		return nil, err
	}
	if r.Context().Value(busyKey{}) != nil {
		w.Header().Set("Connection", "close")
		return nil, failf(CodeBusy, "%d connections are open already: try again", maxServed)
	}
	query, err := parseQuery(r.URL.RawQuery, e.params)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), engineTime)
	defer cancel()
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return e.answer(ctx, &request{Request: r, source: a.source, query: query})
}

// endpoint returns what a request may ask for.
func (a *api) endpoint(r *http.Request) (endpoint, error) {
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	if a.changes == nil && !isRead {
		return endpoint{}, notAllowed(r.Method, readMethods)
	}
	read, reads := a.reads[r.URL.Path]
	change, changes := a.changes[r.URL.Path]
	switch {
	case reads && isRead:
		return read, nil
	case changes && r.Method == changeMethod:
		return change, nil
	case reads:
		return endpoint{}, notAllowed(r.Method, readMethods)
	case changes:
		return endpoint{}, notAllowed(r.Method, changeMethod)
	}
	return endpoint{}, failf(CodeNotFound, "%q is no path of this server: see docs/control.md", r.URL.Path)
}

// encode returns an answer as one line of JSON.
func encode(answer any) ([]byte, error) {
	if d, ok := answer.(document); ok {
		return d, nil
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(answer); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", answer, err)
	}
	return b.Bytes(), nil
}
