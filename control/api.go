package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"time"
)

// request is a request that has found its endpoint.
type request struct {
	*http.Request
	endpoint endpoint
	source   Source
	engine   asking
	query    map[string]string // the parameters given, each known and given once
}

// endpoint is what answers one path. The answer goes out as JSON.
type endpoint struct {
	params []string // of the query
	answer func(context.Context, *request) (any, error)
	size   size
}

// size is what an answer may be.
type size int

const (
	small size = iota
	large      // some megabytes, of ten thousand edges
	huge       // hundreds of megabytes while it is made
)

// document is an answer that is JSON already.
type document []byte

// api answers requests. Reads take GET and HEAD alone, changes POST alone, and it can do nothing that is in neither.
type api struct {
	source  Source
	reads   map[string]endpoint
	changes map[string]endpoint
	engine  asking
	limit   time.Duration // for what a network does for a request
	making  *gate         // of all answers, while they are made
	large   *gate         // of large ones, until they are written as well: they are in memory meanwhile
	huge    *gate         // of huge ones, likewise
}

// Bounds of answers.
const (
	largeAnswers = 4
	lookTime     = 2 * time.Second // for a network to answer who only looks
)

const manyLarge = "large answers to others are under way"

// traces is shared by all of the process, whose memory it is.
var traces = newGate(1, "another trace is being written")

// newAPI returns the whole API, for who may change networks.
func newAPI(source Source) *api {
	return &api{
		source: source, reads: reads, changes: changes, engine: directly{}, limit: engineTime,
		large: newGate(largeAnswers, manyLarge), huge: traces,
	}
}

// ReadOnly returns the handler of the endpoints that change nothing, for listeners that anybody may reach. Anything but GET
// and HEAD is refused whatever the path, and traces are not there. However many ask it, one answer is made at a time, and a
// network is asked for explanations and samples once a second. A client that does not read is given up after a few
// seconds; the rest of its time is the http.Server's to bound.
func ReadOnly(source Source) http.Handler {
	open := maps.Clone(reads)
	maps.DeleteFunc(open, func(_ string, e endpoint) bool { return e.size == huge })
	return &api{
		source: source, reads: open, engine: newSparingly(), limit: lookTime,
		making: newGate(1, "others are being answered"), large: newGate(largeAnswers, manyLarge),
	}
}

const (
	readMethods  = "GET, HEAD"
	changeMethod = "POST"
)

// ServeHTTP answers a request: with what its endpoint says, or with a Failure.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	until := time.Now().Add(writeTime)
	q, err := a.accept(w, r)
	if err != nil {
		fail(w, r, err)
		return
	}
	leave, err := a.room(q.endpoint.size).enter(r.Context())
	if err != nil {
		fail(w, r, err)
		return
	}
	defer leave()
	body, err := a.compose(q)
	if err != nil {
		fail(w, r, err)
		return
	}
	write(w, r, http.StatusOK, body, until)
}

// accept finds the endpoint of a request.
func (a *api) accept(w http.ResponseWriter, r *http.Request) (*request, error) {
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
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return &request{Request: r, endpoint: e, source: a.source, engine: a.engine, query: query}, nil
}

// room is the gate before answers of a size.
func (a *api) room(s size) *gate {
	switch s {
	case large:
		return a.large
	case huge:
		return a.huge
	}
	return nil
}

// compose asks the endpoint of a request. A fault of ours is an answer too: who asks at night should see it.
func (a *api) compose(r *request) (body []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			body, err = nil, fmt.Errorf("answering %s: %v\n%s", r.URL.Path, p, debug.Stack())
		}
	}()
	made, err := a.making.enter(r.Context())
	if err != nil {
		return nil, err
	}
	defer made()
	ctx, cancel := context.WithTimeout(r.Context(), a.limit)
	defer cancel()
	answer, err := r.endpoint.answer(ctx, r)
	if err != nil {
		return nil, err
	}
	return encode(answer)
}

// endpoint returns what a request may ask for.
func (a *api) endpoint(r *http.Request) (endpoint, error) {
	isRead := r.Method == http.MethodGet || r.Method == http.MethodHead
	if a.changes == nil && !isRead {
		return endpoint{}, notAllowed(r.Method, readMethods)
	}
	read, isKnown := a.reads[r.URL.Path]
	change, isChange := a.changes[r.URL.Path]
	switch {
	case isKnown && isRead:
		return read, nil
	case isChange && r.Method == changeMethod:
		return change, nil
	case isKnown:
		return endpoint{}, notAllowed(r.Method, readMethods)
	case isChange:
		return endpoint{}, notAllowed(r.Method, changeMethod)
	}
	if _, elsewhere := reads[r.URL.Path]; elsewhere {
		return endpoint{}, failf(CodeNotFound, "%q is answered on the control socket alone", r.URL.Path)
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
