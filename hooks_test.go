package edgemanage

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/hooks"
)

// TestHooksOfServer: what the Corefile says to run and to post to is told of a change, and by a reload no more of it when
// that takes it away. A command that fails is counted.
func TestHooksOfServer(t *testing.T) {
	posted := make(chan *http.Request, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		posted <- r
	}))
	t.Cleanup(receiver.Close)
	s := newSite(t)
	told, secret := s.path("told"), s.path("secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.a = `run after_changes /bin/sh -c "cat > $0.new && mv $0.new $0" ` + told + "\nwebhook " + receiver.URL + "/token " + secret
	s.b = "run after_changes /bin/false"
	failed := func() float64 {
		n, _ := value(gathered(t)["run_errors_total"], "network=b")
		return n
	}
	before := failed()
	server := serve(t, s.String())

	var event hooks.Event
	await(t, "the command to be told", func() bool {
		text, err := os.ReadFile(told)
		return err == nil && json.Unmarshal(text, &event) == nil
	})
	if event.Network != "a" || event.Event != hooks.Changed || len(event.Families) != 1 || len(event.Families[0].After) != 2 {
		t.Errorf("got %+v", event)
	}
	r := <-posted
	if r.URL.Path != "/token" || r.Header.Get("X-Edgemanage-Signature") == "" {
		t.Errorf("got %s with headers %v", r.URL, r.Header)
	}
	await(t, "the failure to be counted", func() bool { return failed() > before })

	s.generation, s.a, s.b = 2, "", ""
	if err := server.reload(s.String()); err != nil {
		t.Fatal(err)
	}
	serial := active.Load().networks["a"].Status().Serial
	withdraw(t, active.Load().networks["a"], s.farm.addrs[0])
	if err := stopInstance(server.inst); err != nil { // waits for what is under way
		t.Error(err)
	}
	text, err := os.ReadFile(told)
	if err != nil || json.Unmarshal(text, &event) != nil || event.Serial > serial {
		t.Errorf("a command that the reload took away ran: serial %d, was %d; error %v", event.Serial, serial, err)
	}
}
