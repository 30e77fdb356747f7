package edgemanage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// TestStuckClients: clients that send half a request, or never read an answer, hold up neither a change of another nor a
// reload, and an end only for a moment.
func TestStuckClients(t *testing.T) {
	s := newSite(t)
	page, path := freeAddress(t), s.path("x.sock")
	s.a = "control " + path + "\nstatus " + page
	s.b = s.a
	server := serve(t, s.String())
	for range 8 {
		for _, at := range []string{path, page} {
			half := dial(t, at)
			if _, err := io.WriteString(half, "GET /v1/networks HTTP/1.1\r\nHost: local"); err != nil {
				t.Fatal(err)
			}
			deaf := dial(t, at)
			if _, err := deaf.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 20)); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	change := fmt.Sprintf(`{"network":"a","edge":%q,"mode":"unavailable","comment":"reboot"}`, s.farm.addrs[0])
	if status, text := send(t, dial(t, path), http.MethodPost, "/v1/mode", change); status != http.StatusOK {
		t.Errorf("got status %d: %s", status, text)
	}
	s.generation, s.a, s.b = 2, "control "+path, "control "+path // the page goes, with those who are stuck there
	if err := server.reload(s.String()); err != nil {
		t.Errorf("reloading: %v", err)
	}
	if got := seen(t, path, page); got[path] != "a b" || got[page] != "closed" {
		t.Errorf("got %v after the reload", got)
	}
	if err := stopInstance(server.inst); err != nil {
		t.Error(err)
	}
	if ctx.Err() != nil {
		t.Errorf("it took more than %s", patience)
	}
}
