package edgemanage

import (
	"context"
	"errors"
	golog "log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/control/page"
)

// What bounds a visitor of the status page, who may be anybody.
const (
	headerTime  = 5 * time.Second
	requestTime = 10 * time.Second
	answerTime  = 30 * time.Second
	idleTime    = 30 * time.Second
	mostHeader  = 16 << 10 // bytes
	mostGuests  = 200      // connections, of which a browser has up to six; more wait in the kernel
	leaveTime   = time.Second
)

// A statusPage serves the page on TCP. There is no way from it to a change.
type statusPage struct {
	http  *http.Server
	conns sync.WaitGroup // goroutines of connections
	ended chan struct{}  // closed by Close when answers have had their moment
}

func newStatusPage(source control.Source, address string) *statusPage {
	s := &statusPage{ended: make(chan struct{})}
	s.http = &http.Server{
		Handler:           page.New(source, address),
		ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: mostHeader,
		ErrorLog:       golog.New(asDebug{}, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.conns.Add(1)
			case http.StateClosed:
				s.conns.Done()
			}
		},
	}
	return s
}

// Serve implements caller, for one listener. A connection that came in while Close ran is known to none but the listener.
func (s *statusPage) Serve(l net.Listener) error {
	guests := limit(l, mostGuests)
	if err := s.http.Serve(guests); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	<-s.ended
	guests.evict()
	s.conns.Wait()
	return nil
}

// Close lets answers that are under way end, for a moment, then ends all connections.
func (s *statusPage) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	close(s.ended)
}

// asDebug logs what the HTTP server says of its visitors, which is no trouble of ours.
type asDebug struct{}

func (asDebug) Write(line []byte) (int, error) {
	log.Debugf("Status page: %s", line)
	return len(line), nil
}
