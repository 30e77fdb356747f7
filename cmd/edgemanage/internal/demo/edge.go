package demo

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	edgeCount = 6
	firstPort = 8053
	lastPort  = 8152
	path      = "/health.txt"
	object    = "All is well at the edge.\n"

	// A slow edge misses goodenough by far, and still answers within the timeout of the files.
	slowness = 600 * time.Millisecond
)

// edge is one web server of the network. Its behaviour may be changed while it serves.
type edge struct {
	name      string
	addr      netip.AddrPort
	latency   time.Duration // of an answer when it is healthy
	behaviour atomic.Uint32

	mu     sync.Mutex // guards what follows
	server *http.Server
	served sync.WaitGroup
}

// ServeHTTP implements http.Handler.
func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wait := e.latency
	switch e.is() {
	case Hanging:
		<-r.Context().Done() // until the prober gives up, or the edge is closed
		return
	case Broken:
		fmt.Fprintln(w, "It works!") // a fresh web server that does not know the site
		return
	case Slow:
		wait += slowness
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return
	}
	if r.URL.Path == path {
		io.WriteString(w, object)
		return
	}
	fmt.Fprintf(w, "This is %s, %s.\n", e.name, e.addr.Addr())
}

func (e *edge) is() Behaviour { return Behaviour(e.behaviour.Load()) }

// become changes what the edge does from the next request on.
func (e *edge) become(b Behaviour) error {
	if b == Stopped {
		e.behaviour.Store(uint32(b))
		e.close()
		return nil
	}
	if err := e.listen(); err != nil {
		return err
	}
	e.behaviour.Store(uint32(b))
	return nil
}

// listen makes the edge serve; it does nothing when it does already.
func (e *edge) listen() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		return nil
	}
	l, err := net.Listen("tcp4", e.addr.String())
	if err != nil {
		return fmt.Errorf("starting %s: %w", e.name, err)
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second}
	e.server = server
	e.served.Go(func() { server.Serve(l) })
	return nil
}

// close stops listening and ends the connections there are.
func (e *edge) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.server != nil {
		e.server.Close()
		e.server = nil
	}
	e.served.Wait()
}

type edges []*edge

// startEdges starts the edges on one port of consecutive addresses; port 0 is the first one that is free on all.
func startEdges(port int) (edges, error) {
	if port < 0 || port > 65535 {
		return nil, fmt.Errorf("starting edges: %d is no port: expected 1 to 65535 with --edge-port", port)
	}
	first, last := port, port
	if port == 0 {
		first, last = firstPort, lastPort
	}
	for p := first; ; p++ {
		es, err := startOn(p)
		switch {
		case err == nil:
			return es, nil
		case errors.Is(err, syscall.EADDRINUSE) && p < last:
			continue
		case errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("%w; choose another port with --edge-port", err)
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return nil, fmt.Errorf("%w; this system has not all of 127.0.0.0/8 on its loopback interface, add the address to it", err)
		}
		return nil, err
	}
}

func startOn(port int) (edges, error) {
	var es edges
	for i := range edgeCount {
		e := &edge{
			name:    fmt.Sprintf("edge%d", i+1),
			addr:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(11 + i)}), uint16(port)),
			latency: time.Duration(i+1) * 20 * time.Millisecond,
		}
		if err := e.listen(); err != nil {
			es.close()
			return nil, err
		}
		es = append(es, e)
	}
	return es, nil
}

func (es edges) close() {
	for _, e := range es {
		e.close()
	}
}

func (es edges) port() uint16 { return es[0].addr.Port() }
