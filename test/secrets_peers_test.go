//go:build e2e

package test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// sockets answers connections by hand, with what no HTTP server would say.
type sockets struct {
	addr string

	mu  sync.Mutex
	got bytes.Buffer
}

// answering listens on an address and answers each request with what answer makes of its bytes, then closes.
func answering(t testing.TB, addr string, answer func(request []byte, r *http.Request) string) *sockets {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &sockets{addr: l.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(c, answer) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return s
}

func (s *sockets) serve(c net.Conn, answer func([]byte, *http.Request) string) {
	defer c.Close()
	var request bytes.Buffer
	r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, &request)))
	if err != nil {
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	s.mu.Lock()
	s.got.Write(request.Bytes())
	s.mu.Unlock()
	io.WriteString(c, answer(request.Bytes(), r))
}

// asked is all that was asked so far.
func (s *sockets) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.String()
}

// reflections are answers of an edge that sends our own headers back, where a client might quote them.
var reflections = map[string]func(value string) string{
	"the status line":    func(v string) string { return v + "\r\n\r\n" },
	"the status":         func(v string) string { return "HTTP/1.1 " + v + " OK\r\n\r\n" },
	"the reason":         func(v string) string { return "HTTP/1.1 500 " + v + "\r\nContent-Length: 0\r\n\r\n" },
	"a header's name":    func(v string) string { return "HTTP/1.1 200 OK\r\n" + v + "\r\n\r\n" },
	"the length":         func(v string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + v + "\r\n\r\n" },
	"the coding":         func(v string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + v + "\r\n\r\n" },
	"the place to go to": func(v string) string { return "HTTP/1.1 302 Found\r\nLocation: http://" + v + "/\r\n\r\n" },
	"a chunk":            func(v string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + v + "\r\n" },
	"the body": func(v string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(v), v)
	},
	"a trailer": func(v string) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + v + "\r\n\r\n"
	},
}
