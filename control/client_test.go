package control

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// What the client returns is what the server has, for each of its calls.
func TestClient(t *testing.T) {
	n := site(t)
	_, socket := serve(t, n)
	c, ctx := NewClient(socket), t.Context()
	applied, err := c.SetMode(ctx, ModeRequest{Edge: "a*", Mode: "unavailable", Comment: "reboot", For: "2h"})
	if err != nil {
		t.Fatal(err)
	}
	if e := applied.Edges; len(e) != 1 || e[0].After.Comment != "reboot" || e[0].After.Expires.Sub(e[0].After.At) != 2*time.Hour || !applied.Saved {
		t.Errorf("got %+v", applied)
	}
	networks, err := c.Networks(ctx, "net")
	if err != nil || networks.Version != "1.2.3" || len(networks.Networks) != 1 {
		t.Errorf("got %+v, error %v", networks, err)
	}
	edges, err := c.Edges(ctx, EdgesQuery{Network: "net", Edge: "*.example.net", Family: "ipv4", Live: new(false), Mode: "unavailable"})
	if err != nil || len(edges.Edges) != 1 || edges.Edges[0].Edge != "a.example.net" {
		t.Errorf("got %+v, error %v", edges, err)
	}
	explained, err := c.Explain(ctx, "", "a.example.net", "")
	if err != nil || len(explained.Edges) != 1 || explained.Edges[0].Needs == "" {
		t.Errorf("got %+v, error %v", explained, err)
	}
	history, err := c.History(ctx, "", "c.example.net", 1)
	if err != nil || len(history.Series) != 1 || len(history.Series[0].Samples) != 1 || !history.Series[0].Samples[0].Failed {
		t.Errorf("got %+v, error %v", history, err)
	}
	recent, err := c.Recent(ctx, "", 10)
	if err != nil || len(recent.Series) != 3 || recent.Series[2].Edge != "c.example.net" {
		t.Errorf("got %+v, error %v", recent, err)
	}
	changes, err := c.Changes(ctx, ChangesQuery{Limit: 2, Since: time.Now().Add(-time.Hour)})
	if err != nil || len(changes.Changes) != 2 {
		t.Errorf("got %+v, error %v", changes, err)
	}
	canaries, err := c.Canaries(ctx, "")
	if err != nil || canaries.Network != "net" {
		t.Errorf("got %+v, error %v", canaries, err)
	}
	var recorded bytes.Buffer
	if err := c.Trace(ctx, "", "ipv4", &recorded); err != nil {
		t.Error(err)
	}
	if _, err := trace.Parse("recorded", recorded.Bytes()); err != nil {
		t.Error(err)
	}
	frozen, err := c.Freeze(ctx, FreezeRequest{Comment: "attack", For: "1h"})
	if err != nil || frozen.After == nil || frozen.After.Comment != "attack" || frozen.Before != nil {
		t.Errorf("got %+v, error %v", frozen, err)
	}
	thawed, err := c.Unfreeze(ctx, FreezeRequest{})
	if err != nil || thawed.Before == nil || thawed.After != nil {
		t.Errorf("got %+v, error %v", thawed, err)
	}
}

// A refusal keeps its code, for programs to tell it by.
func TestClientRefused(t *testing.T) {
	_, socket := serve(t, site(t))
	_, err := NewClient(socket).SetMode(t.Context(), ModeRequest{Edge: "*", Mode: "unavailable", Comment: "c"})
	refusal, ok := errors.AsType[*APIError](err)
	if !ok || refusal.Code != CodeNoCandidate || refusal.Status != http.StatusConflict || refusal.Message == "" {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, ErrUnreachable) {
		t.Error("a server that refuses is reachable")
	}
}

func TestClientUnreachable(t *testing.T) {
	path := socketPath(t)
	dead := filepath.Join(filepath.Dir(path), "dead")
	stale(t, dead)
	file := filepath.Join(filepath.Dir(path), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, socket, want string }{
		{"missing", path, "is the server running, and is that its control socket (--control)?"},
		{"stale", dead, "nobody listens on it: is the server running?"},
		{"a file", file, "nobody listens on it"},
		{"too long", "/" + strings.Repeat("x", 200), "over 107 bytes long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewClient(tt.socket).Networks(t.Context(), "")
			if !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.socket) {
				t.Errorf("got error %v, want %q", err, tt.want)
			}
		})
	}
}

// Root is let in everywhere, so the kernel's refusal is made up.
func TestClientDenied(t *testing.T) {
	err := NewClient("/run/s").explain(&url.Error{Err: &dialError{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EACCES)}}})
	if want := "for its owner and its group"; !strings.Contains(err.Error(), want) || !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// Programs that are none of ours may be behind the socket.
func TestClientOfSomethingElse(t *testing.T) {
	tests := []struct{ name, answer, want string }{
		{"nothing", "", "EOF"},
		{"no HTTP", "220 mail.example.net ESMTP\r\n", "malformed HTTP"},
		{"no JSON", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "decoding the answer"},
		{"another refusal", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "is no edgemanage: 404 Not Found"},
		{"half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := socketPath(t)
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			defer func() { l.Close(); <-done }()
			go func() {
				defer close(done)
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					c.Read(make([]byte, 4096))
					io.WriteString(c, tt.answer)
					c.Close()
				}
			}()
			_, err = NewClient(path).Networks(t.Context(), "")
			if got := errorText(err); !strings.Contains(got, tt.want) || errors.Is(err, ErrUnreachable) {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
			if _, err := NewClient(path).Freeze(t.Context(), FreezeRequest{}); tt.want == "EOF" && !strings.Contains(errorText(err), "look before asking again") {
				t.Errorf("got error %v, which does not say that it may have been done", err)
			}
		})
	}
}

func TestMergeChanges(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	change := func(network string, n int) Change { return Change{Network: network, At: day(n)} }
	tests := []struct {
		name       string
		a, b, want []Change
	}{
		{"none", nil, nil, []Change{}},
		{"one", nil, []Change{change("b", 1)}, []Change{change("b", 1)}},
		{
			"by turns", []Change{change("a", 9), change("a", 5)}, []Change{change("b", 7), change("b", 3)},
			[]Change{change("a", 9), change("b", 7), change("a", 5), change("b", 3)},
		},
		{
			"a clock set back keeps the order", []Change{change("a", 2), change("a", 8)}, []Change{change("b", 5)},
			[]Change{change("b", 5), change("a", 2), change("a", 8)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, mergeChanges(tt.a, tt.b)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
