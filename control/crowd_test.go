package control

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Programs that connected and hung locked operators out: with 64 of them no mode could be set until their time was over.
func TestCrowd(t *testing.T) {
	tests := []struct {
		name  string
		crowd int
		send  string
		set   func(*Server)
	}{
		{"says nothing", 3 * maxServed, "", func(*Server) {}},
		{"says half of it", 3 * maxServed, "GET /v1/networks HTTP/1.1\r\nHos", func(*Server) {}},
		{"stays after an answer", maxServed, "GET /v1/networks HTTP/1.1\r\nHost: x\r\n\r\n", func(s *Server) { s.conns.rest = silence }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, socket := serveAs(t, tt.set, site(t))
			for range tt.crowd {
				io.WriteString(connect(t, socket), tt.send) // the last of them may be shown out at once
			}
			if applied := set(t, socket, "a.example.net"); !applied.Saved {
				t.Errorf("got %+v", applied)
			}
		})
	}
}

// The oldest give way first, and no more than are needed.
func TestMakeRoom(t *testing.T) {
	now := time.Now()
	s := connections{open: map[net.Conn]*connection{}, silence: time.Second, rest: time.Minute}
	var ends []net.Conn
	add := func(state http.ConnState, age time.Duration) {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { ours.Close(); theirs.Close() })
		s.open[ours] = &connection{Conn: ours, state: state, since: now.Add(-age)}
		ends = append(ends, ours)
	}
	for range maxServed - 5 {
		add(http.StateActive, time.Hour)
	}
	oldest := len(ends)
	add(http.StateNew, time.Hour)
	add(http.StateIdle, 2*time.Hour)
	add(http.StateNew, 2*time.Second)
	add(http.StateNew, time.Second/2)
	add(http.StateIdle, time.Second)
	add(http.StateActive, 0)
	if got := s.makeRoom(now); got != maxServed-1 {
		t.Errorf("%d are open, want %d", got, maxServed-1)
	}
	for i, c := range ends {
		want := i == oldest || i == oldest+1
		if got := s.open[c].dropped; got != want {
			t.Errorf("connection %d is dropped: %t, want %t", i-oldest, got, want)
		}
	}
	if got := s.makeRoom(now); got != maxServed-1 {
		t.Errorf("%d are open then, want %d", got, maxServed-1)
	}
}

// listenAs answers connections to a socket with do, one after the other.
func listenAs(t *testing.T, do func(try int, c net.Conn)) (socket string) {
	t.Helper()
	socket = socketPath(t)
	l, err := Listen(socket, "") // it is renamed, so the kernel knows it under another name
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for try := 0; ; try++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(try, c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return socket
}

// What the server has not read is asked again, a change as well; what it may have read is not.
func TestClientAsksAgain(t *testing.T) {
	read := func(c net.Conn) { c.Read(make([]byte, 4096)) }
	answer := func(c net.Conn, status, body string) {
		read(c)
		io.WriteString(c, "HTTP/1.1 "+status+"\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"+body)
	}
	fine := func(c net.Conn) { answer(c, "200 OK", `{"network":"net","saved":true}`) }
	tests := []struct {
		name  string
		do    func(try int, c net.Conn)
		tries int
		want  string // part of the error
	}{
		{"closed at once", func(try int, c net.Conn) {
			if try >= 2 {
				fine(c)
			}
		}, 3, ""},
		{"busy", func(try int, c net.Conn) {
			if try < 2 {
				answer(c, "503 Service Unavailable", `{"error":{"code":"busy","message":"try again"}}`)
				return
			}
			fine(c)
		}, 3, ""},
		{"half read", func(try int, c net.Conn) {
			if try < 2 {
				c.Read(make([]byte, 5))
				return
			}
			fine(c)
		}, 3, ""},
		{"read", func(_ int, c net.Conn) { read(c) }, 1, "look before asking again"},
		{"reloading", func(_ int, c net.Conn) {
			answer(c, "503 Service Unavailable", `{"error":{"code":"not_running","message":"try again"}}`)
		}, 1, "try again"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tries := make(chan int, 100)
			socket := listenAs(t, func(try int, c net.Conn) {
				tries <- try
				tt.do(try, c)
			})
			_, err := NewClient(socket).SetMode(t.Context(), ModeRequest{Edge: "a", Mode: "unavailable", Comment: "c"})
			if got := errorText(err); (tt.want == "") != (err == nil) || !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
			if len(tries) != tt.tries {
				t.Errorf("it was tried %d times, want %d", len(tries), tt.tries)
			}
		})
	}
}

// A server that stays full is said to be, in the words of the socket's place, and without a doubt about what was done.
func TestClientShownOut(t *testing.T) {
	socket := listenAs(t, func(int, net.Conn) {})
	_, err := NewClient(socket).SetMode(t.Context(), ModeRequest{Edge: "a", Mode: "unavailable", Comment: "c"})
	got := errorText(err)
	if !errors.Is(err, ErrUnreachable) || !strings.Contains(got, socket) || !strings.Contains(got, "before it had read the request") {
		t.Errorf("got error %q", got)
	}
	for _, not := range []string{workPrefix, "may have", "connection reset"} {
		if strings.Contains(got, not) {
			t.Errorf("error %q has %q", got, not)
		}
	}
}

// A server that hangs is given up when the context ends, and that is said.
func TestClientTimeout(t *testing.T) {
	end := make(chan struct{})
	socket := listenAs(t, func(int, net.Conn) { <-end })
	t.Cleanup(func() { close(end) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := NewClient(socket).Networks(ctx, "")
	if got := errorText(err); !strings.Contains(got, "has not answered in time") || strings.Contains(got, workPrefix) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %q", got)
	}
}

// A change that was given up before it was sent was not made, and the error says nothing else.
func TestClientTimeoutUnsent(t *testing.T) {
	socket := listenAs(t, func(int, net.Conn) {})
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := NewClient(socket).Freeze(ctx, FreezeRequest{Comment: "c"})
	if got := errorText(err); !errors.Is(err, ErrUnreachable) || !strings.Contains(got, "has not answered in time") || strings.Contains(got, "may have") {
		t.Errorf("got error %q", got)
	}
}

// An answer without an end does not fill the memory, and a trace is passed on without being kept.
func TestClientBounds(t *testing.T) {
	const length = maxAnswer + 1
	socket := listenAs(t, func(_ int, c net.Conn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		piece := []byte(strings.Repeat(" ", 1<<20))
		for sent := 0; sent < length; sent += len(piece) {
			if _, err := c.Write(piece[:min(len(piece), length-sent)]); err != nil {
				return
			}
		}
	})
	c := NewClient(socket)
	if _, err := c.Networks(t.Context(), ""); !strings.Contains(errorText(err), "is over 67108864 bytes") {
		t.Errorf("got error %v", err)
	}
	var size counter
	if err := c.Trace(t.Context(), "", "", &size); err != nil || size != length {
		t.Errorf("got %d bytes of a trace, error %v, want %d", size, err, length)
	}
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
