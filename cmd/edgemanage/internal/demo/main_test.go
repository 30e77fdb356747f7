package demo

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// childEnv makes this test binary stand in for the server, in one of the ways of children.
const childEnv = "EDGEMANAGE_DEMO_TEST_CHILD"

var children = map[string]func() error{
	"serves":   serve,
	"dies":     func() error { return fmt.Errorf("[ERROR] plugin/edgemanage: the end") },
	"stubborn": func() error { signal.Ignore(syscall.SIGTERM); fmt.Println("[ERROR] deaf"); select {} },
}

func TestMain(m *testing.M) {
	if child, ok := children[os.Getenv(childEnv)]; ok {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// serve answers the A records of the apex from a network of its own, as the plugin would.
func serve() error {
	networks, err := config.ReadCorefile("Corefile")
	if err != nil {
		return err
	}
	c := &networks[0]
	inputs, err := network.ReadInputs(c)
	if err != nil {
		return err
	}
	n, err := network.New(c, inputs, network.Options{Prober: network.NewProber(c), Resolver: prober.NewResolver(nil)})
	if err != nil {
		return err
	}
	if err := n.Start(nil); err != nil {
		return err
	}
	server := &dns.Server{Net: "udp", Addr: os.Getenv(childEnv + "_DNS"), Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		w.WriteMsg(answer(q, n.Snapshot().Families[network.IPv4].Addrs))
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return n.Stop().Close()
	}
}

func answer(q *dns.Msg, addrs []netip.Addr) *dns.Msg {
	a := new(dns.Msg).SetReply(q)
	if len(addrs) == 0 {
		a.Rcode = dns.RcodeServerFailure
	}
	for _, addr := range addrs {
		a.Answer = append(a.Answer, &dns.A{
			Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: addr.AsSlice(),
		})
	}
	return a
}
