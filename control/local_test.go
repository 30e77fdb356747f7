package control

import (
	"context"
	"errors"
	"os/user"
	"testing"
)

// A client without a server gets the answers and refusals of one, and its user is the author.
func TestLocal(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	n := site(t)
	c := NewLocal("Corefile", func(context.Context) (Source, error) { return source{n}, nil })
	applied, err := c.SetMode(t.Context(), ModeRequest{Edge: "a.example.net", Mode: "unavailable", Comment: "reboot", Claimed: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	if got := applied.Edges[0].After; got.Author != me.Username || got.Claimed != "alice" || applied.Later {
		t.Errorf("got author %q, claimed %q, later %t", got.Author, got.Claimed, applied.Later)
	}
	edges, err := c.Edges(t.Context(), EdgesQuery{Mode: "unavailable"})
	if err != nil || len(edges.Edges) != 1 || edges.Edges[0].Edge != "a.example.net" {
		t.Errorf("got %+v, error %v", edges, err)
	}
	_, err = c.SetMode(t.Context(), ModeRequest{Edge: "*", Mode: "unavailable", Comment: "x"})
	if api, ok := errors.AsType[*APIError](err); !ok || api.Code != CodeNoCandidate {
		t.Errorf("got error %v, want the server's refusal", err)
	}
}

// What cannot be opened was not changed, and its own words say why.
func TestLocalUnopened(t *testing.T) {
	closed := errors.New("opening Corefile: no such file")
	c := NewLocal("Corefile", func(context.Context) (Source, error) { return nil, closed })
	_, err := c.SetMode(t.Context(), ModeRequest{Edge: "a", Mode: "available"})
	if !errors.Is(err, ErrUnreachable) || !errors.Is(err, closed) || err.Error() != closed.Error() {
		t.Errorf("got error %v", err)
	}
}
