package edgemanage

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// soa is the SOA of example.org with the serial taken out, which is a time.
const soa = "example.org. 60 IN SOA ns1.example.org. hostmaster.example.org. SERIAL 300 300 1209600 60"

// body is a network of two IPv4 edges and one IPv6 edge, for a directive's braces.
const body = `
	edges  192.0.2.1 192.0.2.2 2001:db8::1
	object http://www.example.org/object
	ns     ns1.example.org ns2.example.org
	labels www a.b
	timeout 20ms
	goodenough 10ms
`

// The edges of body.
var (
	a1, a2 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	six    = netip.MustParseAddr("2001:db8::1")
)

// edges is a network.Prober that finds each address as told; those not named pass.
type edges map[netip.Addr]prober.Outcome

// hang is the outcome of an edge that never answers: its probe ends with the network.
const hang = prober.Outcome(255)

func (p edges) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	r := prober.Result{Addr: addr, At: time.Now(), Took: time.Millisecond, Outcome: prober.OK}
	if o, ok := p[addr]; ok {
		r.Outcome = o
	}
	if r.Outcome == hang {
		<-ctx.Done()
		r.Cancelled = true
	}
	return r
}

func (edges) Expect(*prober.Object) {}

// unresolvable is a network.Resolver for networks whose edges are all addresses.
type unresolvable struct{}

func (unresolvable) Resolve(_ context.Context, host string) prober.Resolution {
	return prober.Resolution{Err: fmt.Errorf("resolving %q: not in this test", host)}
}

// parsed is what a server block with the given keys makes of its directives.
func parsed(t testing.TB, input string, keys ...string) *Edgemanage {
	t.Helper()
	c := caddy.NewTestController("dns", input)
	c.ServerBlockKeys = keys
	e, err := parse(c)
	if err != nil {
		t.Fatalf("parsing: %v", err)
	}
	return e
}

// running is parsed with its networks running on the given probes, behind the plugins of the block and before next. It
// returns once decided holds for every network.
func running(t testing.TB, p network.Prober, next plugin.Handler, decided func(*network.Snapshot) bool, input string, keys ...string) *Edgemanage {
	t.Helper()
	e := parsed(t, input, keys...)
	e.Next = next
	e.engine.networks = map[string]*network.Network{}
	for name, d := range e.engine.defined {
		n, err := network.New(d.config, d.inputs, network.Options{Prober: p, Resolver: unresolvable{}})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(nil); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := n.Stop().Close(); err != nil {
				t.Error(err)
			}
		})
		e.engine.networks[name] = n
		await(t, "a decision of "+name, func() bool { return decided(n.Snapshot()) })
	}
	e.serve()
	return e
}

// covered is a condition for running: the two families are covered so.
func covered(v4, v6 network.Coverage) func(*network.Snapshot) bool {
	return func(s *network.Snapshot) bool {
		return s.Families[network.IPv4].Coverage == v4 && s.Families[network.IPv6].Coverage == v6
	}
}

// question is a query as a resolver sends it.
func question(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	return m
}

// asked is what a handler makes of a query, in words: see spoken.
func asked(t testing.TB, h plugin.Handler, r *dns.Msg) string {
	t.Helper()
	w := dnstest.NewRecorder(&test.ResponseWriter{})
	rcode, err := h.ServeDNS(t.Context(), w, r)
	return spoken(rcode, err, w.Msg)
}

// spoken tells an answer in lines: the code with its flags, then the records of each section, the section's name before
// them. A code that is left to the server to write stands alone, in lower case.
func spoken(rcode int, err error, m *dns.Msg) string {
	if m == nil {
		line := strings.ToLower(dns.RcodeToString[rcode])
		if err != nil {
			line += ": " + err.Error()
		}
		return line
	}
	head := dns.RcodeToString[m.Rcode]
	if m.Authoritative {
		head += " aa"
	}
	if m.Truncated {
		head += " tc"
	}
	if rcode != dns.RcodeSuccess || err != nil {
		head += fmt.Sprintf(" returning %s %v", dns.RcodeToString[rcode], err)
	}
	lines := []string{head}
	for _, section := range []struct {
		name string
		rrs  []dns.RR
	}{{"", m.Answer}, {"authority", m.Ns}, {"additional", m.Extra}} {
		if len(section.rrs) > 0 && section.name != "" {
			lines = append(lines, section.name)
		}
		for _, rr := range section.rrs {
			lines = append(lines, record(rr))
		}
	}
	return strings.Join(lines, "\n")
}

// record is a record with single spaces, and SERIAL for an SOA's serial, which is a time.
func record(rr dns.RR) string {
	if s, ok := rr.(*dns.SOA); ok {
		fields := strings.Fields(s.String())
		if i := slices.Index(fields, fmt.Sprint(s.Serial)); i >= 0 {
			fields[i] = "SERIAL"
		}
		return strings.Join(fields, " ")
	}
	return strings.Join(strings.Fields(rr.String()), " ")
}
