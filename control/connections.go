package control

import (
	"cmp"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// connections are those that are open, and what each is doing.
type connections struct {
	silence, rest time.Duration // after which one gives way

	mu    sync.Mutex
	open  map[net.Conn]*connection
	ended sync.WaitGroup // their goroutines
}

type connection struct {
	net.Conn
	state   http.ConnState
	since   time.Time
	dropped bool
}

// follow is told by the http.Server what becomes of a connection: its goroutine begins with StateNew, and has ended all its
// work with StateClosed. It stays new until it has sent the head of a request.
func (s *connections) follow(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.ended.Add(1)
		s.open[c] = &connection{Conn: c, state: state, since: time.Now()}
	case http.StateClosed, http.StateHijacked:
		delete(s.open, c)
		s.ended.Done()
	default:
		s.open[c].state, s.open[c].since = state, time.Now()
	}
}

// makeRoom closes as many connections that wait for their client as it takes for another to be served. It returns how many
// are open then.
func (s *connections) makeRoom(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := 0
	var waiting []*connection
	for _, c := range s.open {
		if c.dropped {
			continue
		}
		kept++
		if age := now.Sub(c.since); c.state == http.StateNew && age >= s.silence || c.state == http.StateIdle && age >= s.rest {
			waiting = append(waiting, c)
		}
	}
	slices.SortFunc(waiting, func(a, b *connection) int { return cmp.Compare(a.since.UnixNano(), b.since.UnixNano()) })
	for _, c := range waiting {
		if kept < maxServed {
			break
		}
		c.dropped = true
		c.Close()
		kept--
	}
	return kept
}

func (s *connections) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}
