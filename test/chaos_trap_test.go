//go:build e2e && chaos

package test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// trap is a listener where an edge was, and does with each connection what it likes.
type trap struct {
	listener net.Listener
	serving  sync.WaitGroup
	caught   atomic.Int64
	sent     atomic.Int64 // bytes that the other side took
	stop     chan struct{}
}

// harm is something that a hostile edge does with a connection, until the other side has gone or the trap is closed.
type harm func(tr *trap, c net.Conn)

func newTrap(t testing.TB, addr string, does harm) *trap {
	t.Helper()
	tr := &trap{stop: make(chan struct{})}
	eventually(t, patience, "the address of the edge to be free", func() (free bool) {
		var err error
		tr.listener, err = net.Listen("tcp", addr)
		return err == nil
	})
	tr.serving.Go(func() {
		for {
			c, err := tr.listener.Accept()
			if err != nil {
				return
			}
			tr.caught.Add(1)
			tr.serving.Go(func() { tr.visit(c, does) })
		}
	})
	t.Cleanup(tr.close)
	return tr
}

func (tr *trap) visit(c net.Conn, does harm) {
	ended := make(chan struct{})
	tr.serving.Go(func() {
		select {
		case <-tr.stop:
		case <-ended:
		}
		c.Close()
	})
	does(tr, c)
	close(ended)
}

func (tr *trap) close() {
	if tr.listener.Close() == nil {
		close(tr.stop)
	}
	tr.serving.Wait()
}

// send writes a text; it returns false when the other side has gone.
func (tr *trap) send(c net.Conn, text string) bool {
	n, err := io.WriteString(c, text)
	tr.sent.Add(int64(n))
	return err == nil
}

// request reads a request's headers.
func request(c net.Conn) {
	var got []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(got, []byte("\r\n\r\n")) {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		got = append(got, buf[:n]...)
	}
}

// forever sends a head, then a text again and again.
func forever(head, text string) harm {
	return func(tr *trap, c net.Conn) {
		request(c)
		for ok := tr.send(c, head); ok; ok = tr.send(c, text) {
		}
	}
}

// once sends a text and keeps the connection.
func once(text string) harm {
	return func(tr *trap, c net.Conn) {
		request(c)
		tr.send(c, text)
		hold(tr, c)
	}
}

// drip sends a text, one byte a second.
func drip(text string) harm {
	return func(tr *trap, c net.Conn) {
		request(c)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for i := range len(text) {
			if !tr.send(c, text[i:i+1]) {
				return
			}
			select {
			case <-tick.C:
			case <-tr.stop:
				return
			}
		}
	}
}

// first answers whatever comes first, a ClientHello say, and goes on as next does.
func first(text string, next harm) harm {
	return func(tr *trap, c net.Conn) {
		if _, err := c.Read(make([]byte, 4096)); err != nil {
			return
		}
		if tr.send(c, text) {
			next(tr, c)
		}
	}
}

// again sends a text again and again.
func again(text string) harm {
	return func(tr *trap, c net.Conn) {
		for tr.send(c, text) {
		}
	}
}

func hold(_ *trap, c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func hangUp(*trap, net.Conn) {}

func reset(_ *trap, c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// bomb sends a gigabyte of zeros in gzip, about a megabyte.
func bomb(tr *trap, c net.Conn) {
	once(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", okHead, len(zeros()), zeros()))(tr, c)
}

// zeros are 64 members of 16 MB each.
var zeros = sync.OnceValue(func() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(make([]byte, 16<<20))
	_ = z.Close()
	return string(bytes.Repeat(b.Bytes(), 64))
})

func noise(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return string(b)
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }
