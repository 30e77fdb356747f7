//go:build e2e

package test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// behaviour is what an edge does with a request.
type behaviour string

const (
	healthy     behaviour = "healthy"
	refusing    behaviour = "refusing"     // nothing listens
	hanging     behaviour = "hanging"      // accepts, and answers only when it behaves otherwise again
	wrongBody   behaviour = "wrong body"   // of the same length
	serverError behaviour = "server error" // 503 with the right body
	redirecting behaviour = "redirecting"  // 302 to itself
)

// Two objects of one length.
const (
	objectBody  = "the object that every edge serves\n"
	wrongObject = "the object that no edge may serve\n"
)

// edge is a web server that a test can break.
type edge struct {
	name   string
	addr   netip.Addr
	port   string
	in     *namespace   // nil: the machine's own
	secure *tls.Config  // nil: without TLS
	hits   atomic.Int64 // requests begun, and connections that the kernel refused are none

	mu       sync.Mutex
	does     behaviour
	latency  time.Duration
	changed  chan struct{} // closed when does changes
	server   *http.Server
	listener net.Listener
}

// newEdge starts an edge at an address.
func newEdge(t testing.TB, name, addr, port string) *edge {
	t.Helper()
	return newEdgeIn(t, nil, name, addr, port)
}

// newEdgeIn starts an edge at an address of a namespace.
func newEdgeIn(t testing.TB, in *namespace, name, addr, port string) *edge {
	t.Helper()
	e := &edge{name: name, addr: netip.MustParseAddr(addr), port: port, in: in, does: healthy, changed: make(chan struct{})}
	e.listen(t)
	t.Cleanup(e.close)
	return e
}

func (e *edge) listen(t testing.TB) {
	t.Helper()
	var l net.Listener
	var err error
	err = errors.New("no namespace")
	e.in.enter(func() { l, err = net.Listen("tcp", net.JoinHostPort(e.addr.String(), e.port)) })
	if err != nil {
		t.Fatalf("starting edge %s: %v", e.name, err)
	}
	if e.secure != nil {
		l = tls.NewListener(l, e.secure)
	}
	e.listener = l
	e.server = &http.Server{Handler: e, ErrorLog: log.New(io.Discard, "", 0)}
	go e.server.Serve(l)
}

func (e *edge) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		e.server.Close()
		e.listener.Close() // which a server that has not begun to serve does not know
		e.server = nil
	}
}

// set changes what the edge does; requests that hang go on as it says.
func (e *edge) set(t testing.TB, b behaviour) {
	t.Helper()
	if b == refusing {
		e.close()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if b != refusing && e.server == nil {
		e.listen(t)
	}
	e.does = b
	close(e.changed)
	e.changed = make(chan struct{})
}

// slow makes the edge answer late.
func (e *edge) slow(by time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.latency = by
}

func (e *edge) now() (does behaviour, latency time.Duration, changed chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.does, e.latency, e.changed
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.hits.Add(1)
	does, latency, changed := e.now()
	for does == hanging {
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
		does, latency, changed = e.now()
	}
	if latency > 0 {
		late := time.NewTimer(latency)
		defer late.Stop()
		select {
		case <-late.C:
		case <-r.Context().Done():
			return
		}
	}
	switch does {
	case wrongBody:
		fmt.Fprint(w, wrongObject)
	case serverError:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, objectBody)
	case redirecting:
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	default:
		fmt.Fprint(w, objectBody)
	}
}
