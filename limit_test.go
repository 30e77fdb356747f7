package edgemanage

import (
	"errors"
	"io"
	"net"
	"testing"
)

// TestLimit: one more than there is room for waits until another leaves, and nobody is forgotten at the end.
func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := limit(inner, 2)
	accepted, ended := make(chan net.Conn), make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	first, second, third := dial(t, inner.Addr().String()), dial(t, inner.Addr().String()), dial(t, inner.Addr().String())
	a, b := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Error("a third connection was taken")
	default:
	}
	a.Close()
	a.Close() // makes no more room
	c := <-accepted
	for name, conn := range map[string]net.Conn{"first": first} {
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: got %v, want the end of the connection", name, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepting from a full listener that is closed: got %v", err)
	}
	l.evict()
	for name, conn := range map[string]net.Conn{"second": second, "third": third} {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: got data, want the end of the connection", name)
		}
	}
	for _, conn := range []net.Conn{b, c} {
		if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want a connection that is closed", err)
		}
	}
}
