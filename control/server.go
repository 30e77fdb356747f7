package control

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// Source is what is looked at and changed. It is asked anew at each request, so it may follow a reload.
type Source interface {
	Networks() []*network.Network // that the server shows, in any order
	Version() string              // of the program
}

// Bounds of the server. A client needs none of the time: all it does is local.
const (
	headerTime = 5 * time.Second  // for the head of a request
	readTime   = 10 * time.Second // for all of it
	writeTime  = 30 * time.Second // for the work and the answer; more than engineTime
	idleTime   = 30 * time.Second // between two requests
	maxHeader  = 16 << 10         // bytes
	maxBody    = 64 << 10         // bytes

	// engineTime is for what a network does for a request: until it takes it up, and for a change until the disk has it.
	engineTime = 10 * time.Second

	// maxServed connections are served at a time. As many more are answered 503 at once, and any further ones are closed:
	// a request must not lie in a queue and be carried out when who sent it has given up. Before that those give way, the
	// oldest first, that have not sent the head of a request for silence, or that have rested after an answer for rest:
	// programs that hang must not lock an operator out.
	maxServed = 64
	maxOpen   = 2 * maxServed
	silence   = 250 * time.Millisecond
	rest      = 5 * time.Second
)

// Closing takes at most lastTime: the requests under way may end as they would for answerBy, then they are told to answer at
// once.
const (
	answerBy = 2 * time.Second
	lastTime = 3 * time.Second
)

// Server serves the control API on unix sockets.
type Server struct {
	http     http.Server
	requests underway
	cancel   context.CancelFunc // makes requests that wait for something answer at once
	conns    connections
}

// NewServer returns a server of the control API that shows source.
func NewServer(source Source) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{cancel: cancel}
	s.conns.open, s.conns.silence, s.conns.rest = map[net.Conn]*connection{}, silence, rest
	s.requests.handler = newAPI(source)
	s.requests.none = make(chan struct{})
	s.http = http.Server{
		Handler:           &s.requests,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // of clients that break off; faults of ours are answered

		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		ConnContext:                  s.welcome,
		ConnState:                    s.conns.follow,
	}
	return s
}

// Serve answers connections until Close, and then returns nil. It may be called for several listeners, each of which it
// closes in the end.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close closes the listeners, ends all connections and waits for them, which takes at most a few seconds whatever the
// clients do, and no time while none asks. Requests under way are answered; a change that still waits for the disk is
// answered as not saved.
func (s *Server) Close() {
	hurry := time.AfterFunc(answerBy, s.cancel)
	defer hurry.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), lastTime)
	defer cancel()
	s.requests.finish()
	go func() {
		select {
		case <-s.requests.none:
			cancel() // connections without a request are not waited for
		case <-ctx.Done():
		}
	}()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	s.cancel()
	s.conns.ended.Wait()
}

// busyKey marks the contexts of connections that there is no room for.
type busyKey struct{}

// welcome notes of a new connection who it is, and whether there is room for it.
func (s *Server) welcome(ctx context.Context, c net.Conn) context.Context {
	switch others := s.conns.makeRoom(time.Now()); {
	case others >= maxOpen:
		c.Close()
	case others >= maxServed:
		ctx = context.WithValue(ctx, busyKey{}, true)
	}
	if uid, ok := peerUID(c); ok {
		ctx = withPeer(ctx, uid)
	}
	return ctx
}
