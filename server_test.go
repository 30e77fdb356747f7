package edgemanage

import (
	"errors"
	"net"
	"testing"

	"github.com/coredns/caddy"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/file"
	_ "github.com/coredns/coredns/plugin/root"
	_ "github.com/coredns/coredns/plugin/whoami"
	"github.com/miekg/dns"
)

// setupTrip is a plugin that does nothing, but fails to start when it is told "now". One stands before edgemanage and one
// behind it.
func setupTrip(c *caddy.Controller) error {
	for c.Next() {
		if c.NextArg() && c.Val() == "now" {
			c.OnStartup(func() error { return errors.New("tripping as told") })
		}
	}
	return nil
}

// server is CoreDNS in this process.
type server struct {
	t    testing.TB
	inst *caddy.Instance
	addr string // of its first block, UDP
}

// input is a Corefile, with the name that stands in messages.
func input(name, corefile string) caddy.Input {
	return caddy.CaddyfileInput{Filepath: name, Contents: []byte(corefile), ServerTypeName: "dns"}
}

// serve starts a server, which is stopped when the test ends. The first block should listen on 127.0.0.1:0.
func serve(t testing.TB, corefile string) *server {
	t.Helper()
	inst, err := caddy.Start(input("Corefile", corefile))
	if err != nil {
		t.Fatalf("starting: %v", err)
	}
	awaitServing(t, inst)
	s := &server{t, inst, inst.Servers()[0].LocalAddr().String()}
	t.Cleanup(func() {
		if err := stopInstance(s.inst); err != nil {
			t.Errorf("stopping: %v", err)
		}
	})
	return s
}

// awaitServing waits until every listener of a server answers. CoreDNS passes over one that does not serve yet when it is
// told to stop, and then waits for it for ever; on a busy machine that is most of those that were only just started.
func awaitServing(t testing.TB, inst *caddy.Instance) {
	t.Helper()
	for _, l := range inst.Servers() {
		for network, addr := range map[string]net.Addr{"udp": l.LocalAddr(), "tcp": l.Addr()} {
			client := &dns.Client{Net: network, Timeout: patience}
			if _, _, err := client.Exchange(question("up.invalid.", dns.TypeNS), addr.String()); err != nil {
				t.Fatalf("waiting for the server: %v", err)
			}
		}
	}
}

func stopInstance(inst *caddy.Instance) error {
	err := errors.Join(inst.ShutdownCallbacks()...)
	err = errors.Join(err, inst.Stop())
	inst.Wait()
	return err
}

// reload puts another Corefile in force, or fails and leaves the one before.
func (s *server) reload(corefile string) error {
	inst, err := s.inst.Restart(input("Corefile", corefile))
	s.inst = inst
	if err == nil {
		awaitServing(s.t, inst)
	}
	return err
}

// ask sends a query and waits for the answer.
func (s *server) ask(qname string, qtype uint16) (*dns.Msg, error) {
	client := &dns.Client{Net: "udp", Timeout: patience}
	answer, _, err := client.Exchange(question(qname, qtype), s.addr)
	return answer, err
}
