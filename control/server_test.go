package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// set makes an edge unavailable through the socket.
func set(t testing.TB, socket, edge string) Applied {
	t.Helper()
	applied, err := NewClient(socket).SetMode(t.Context(), ModeRequest{Edge: edge, Mode: "unavailable", Comment: "for the test"})
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

// Clients that stop in the middle of anything keep their own connection, and nobody waits for them: not other clients, not
// the engine, not the end.
func TestStuckClients(t *testing.T) {
	tests := []struct{ name, send string }{
		{"sends nothing", ""},
		{"sends half a line", "GET /v1/net"},
		{"sends half a header", "GET /v1/networks HTTP/1.1\r\nHost: x\r\n"},
		{"sends half a body", "POST /v1/mode HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"},
		{"never reads", "GET /v1/edges HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"asks again and again and never reads", "GET /v1/edges HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/edges HTTP/1.1\r\nHost: x\r\n\r\n"},
	}
	c := configure(t, "net", many(3000)...) // their list is larger than any buffer of a socket
	c.Interval = time.Hour
	n := start(t, c)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server, socket := serve(t, n)
			for range maxServed / 4 {
				if _, err := io.WriteString(connect(t, socket), tt.send); err != nil {
					t.Fatal(err)
				}
			}
			set(t, socket, "edge1.example.net")
			closed := make(chan struct{})
			go func() { server.Close(); close(closed) }()
			select {
			case <-closed:
			case <-time.After(patience):
				t.Fatal("closing waits for them")
			}
		})
	}
}

// Changes at the same moment are made one after the other, and all of them.
func TestConcurrentChanges(t *testing.T) {
	lines := many(40)
	c := configure(t, "net", lines...)
	c.State = t.TempDir()
	n := start(t, c)
	_, socket := serve(t, n)
	client := NewClient(socket)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			applied, err := client.SetMode(t.Context(), ModeRequest{Edge: fmt.Sprintf("edge%d.example.net", i), Mode: "unavailable", Comment: "for the test"})
			if err != nil || !applied.Saved {
				t.Errorf("edge%d: saved %t, error %v", i, applied.Saved, err)
			}
		})
		wg.Go(func() {
			if _, err := client.Edges(t.Context(), EdgesQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	edges, err := client.Edges(t.Context(), EdgesQuery{Mode: "unavailable"})
	if err != nil {
		t.Fatal(err)
	}
	if len(edges.Edges) != 20 {
		t.Errorf("%d edges are unavailable, want 20", len(edges.Edges))
	}
	for _, e := range edges.Edges {
		if e.Live {
			t.Errorf("%s is live", e.Edge)
		}
	}
}

// patient keeps every connection, however long the machine takes for others.
func patient(s *Server) { s.conns.silence, s.conns.rest = time.Hour, time.Hour }

// With all connections taken the next are told so at once, and those beyond see their connection end.
func TestTooManyConnections(t *testing.T) {
	_, socket := serveAs(t, patient, site(t))
	ask := func(c net.Conn) string {
		if _, err := io.WriteString(c, "GET /v1/networks HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return "closed"
		}
		head := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(c, head); err != nil {
			return "closed"
		}
		return string(head[len("HTTP/1.1 "):])
	}
	got := map[string]int{}
	var first *net.UnixConn
	for i := range maxOpen + 3 {
		c := connect(t, socket)
		if i == 0 {
			first = c
		}
		answer := ask(c)
		got[answer]++
		if answer == "503" {
			if i < maxServed {
				t.Errorf("connection %d is refused", i)
			}
			c.Close() // the server does as well, sooner or later
		}
	}
	if got["200"] != maxServed || got["503"] == 0 {
		t.Errorf("got answers %v, want %d times 200, then 503", got, maxServed)
	}
	first.Close()
	await(t, "a place that is free again", func() bool { return ask(connect(t, socket)) == "200" })
}

// Connections beyond the last bound end without an answer.
func TestFarTooManyConnections(t *testing.T) {
	server, socket := serveAs(t, patient, site(t))
	for range maxOpen {
		connect(t, socket)
	}
	await(t, "the connections", func() bool { return server.conns.count() == maxOpen })
	if n, err := connect(t, socket).Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d bytes and error %v, want the end", n, err)
	}
}

// A change under way when the server closes is answered.
func TestCloseAnswers(t *testing.T) {
	server, socket := serve(t, site(t))
	c := connect(t, socket)
	body := `{"edge":"a.example.net","mode":"unavailable","comment":"c"}`
	if _, err := fmt.Fprintf(c, "POST /v1/mode HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body)); err != nil {
		t.Fatal(err)
	}
	reading := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n")) // the server says so when it wants the body
	if _, err := io.ReadFull(c, reading); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { server.Close(); close(closed) }()
	await(t, "the socket to be gone", func() bool { _, err := os.Lstat(socket); return err != nil })
	if _, err := io.WriteString(c, body); err != nil {
		t.Fatal(err)
	}
	var head [12]byte
	if _, err := io.ReadFull(c, head[:]); err != nil || string(head[9:]) != "200" {
		t.Errorf("got %q, error %v", head, err)
	}
	<-closed
}

// reload is a source whose network is exchanged, as by a reload.
type reload struct {
	mu  sync.Mutex
	all []*network.Network
}

func (r *reload) Networks() []*network.Network {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

func (*reload) Version() string { return "" }

// One connection outlives reloads: each request is of what runs then.
func TestSourceIsAskedAnew(t *testing.T) {
	r := &reload{all: []*network.Network{start(t, configure(t, "before", three...))}}
	socket := socketPath(t)
	l, err := Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(r)
	go s.Serve(l)
	defer s.Close()
	c := http.Client{Transport: &http.Transport{
		MaxConnsPerHost: 1,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	defer c.CloseIdleConnections()
	for _, name := range []string{"before", "after"} {
		if name == "after" {
			next := []*network.Network{start(t, configure(t, name, three...))}
			r.mu.Lock()
			r.all = next
			r.mu.Unlock()
		}
		res, err := c.Get("http://x/v1/networks")
		if err != nil {
			t.Fatal(err)
		}
		var answer Networks
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil || len(answer.Networks) != 1 || answer.Networks[0].Network != name {
			t.Errorf("got %+v, error %v, want network %s", answer, err, name)
		}
	}
}
