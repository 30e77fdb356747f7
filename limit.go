package edgemanage

import (
	"maps"
	"net"
	"slices"
	"sync"
)

// limited is a listener with at most so many connections at a time. Further ones wait in the kernel's queue: they use no
// descriptor, which probes may need.
type limited struct {
	net.Listener
	room  chan struct{}
	gone  chan struct{}
	leave func() // closes gone

	mu     sync.Mutex
	guests map[*guest]bool
}

func limit(l net.Listener, most int) *limited {
	n := &limited{Listener: l, room: make(chan struct{}, most), gone: make(chan struct{}), guests: map[*guest]bool{}}
	n.leave = sync.OnceFunc(func() { close(n.gone) })
	return n
}

// Accept implements net.Listener. It waits for room before it takes a connection.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.gone:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	g := &guest{Conn: c, host: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests[g] = true
	return g, nil
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.leave()
	return l.Listener.Close()
}

// evict closes all connections that are open. It is for a listener that is closed.
func (l *limited) evict() {
	l.mu.Lock()
	guests := slices.Collect(maps.Keys(l.guests))
	l.mu.Unlock()
	for _, g := range guests {
		g.Close()
	}
}

// guest is a connection that makes room when it is closed.
type guest struct {
	net.Conn
	host *limited
}

func (c *guest) Close() error {
	c.host.mu.Lock()
	if c.host.guests[c] {
		delete(c.host.guests, c)
		<-c.host.room
	}
	c.host.mu.Unlock()
	return c.Conn.Close()
}
