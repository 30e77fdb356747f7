package edgemanage

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/coredns/coredns/request"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// FuzzServeDNS sends whatever unpacks. The answer is one message that packs, belongs to the query and fits what the
// server does with it, or a code that is left to the server.
func FuzzServeDNS(f *testing.F) {
	for _, q := range []*dns.Msg{
		new(dns.Msg),
		question("example.org.", dns.TypeA), question("WWW.example.org.", dns.TypeANY), question("b.example.org.", dns.TypeHTTPS),
		question("example.org.", dns.TypeAXFR), question("sub.example.org.", dns.TypeDS), question(`www\.example.org.`, dns.TypeA),
		question(`\000.example.org.`, dns.TypeTXT), question(".", dns.TypeNS), question("a.b.example.org.", dns.TypeNone),
		new(dns.Msg).SetNotify("example.org."), new(dns.Msg).SetUpdate("example.org."),
		question("example.org.", dns.TypeSOA).SetEdns0(512, true), question("x.wildchain.example.org.", dns.TypeMX),
		question("x.old.example.org.", dns.TypeA), question("x.cut.example.org.", dns.TypeANY).SetEdns0(1232, true), question("toent.example.org.", dns.TypeA),
	} {
		wire, err := q.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	two := question("example.org.", dns.TypeA)
	two.Question = append(two.Question, dns.Question{Name: "example.net.", Qtype: dns.TypeA, Qclass: dns.ClassINET})
	wire, err := two.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wire)

	passed := plugin.HandlerFunc(func(_ context.Context, _ dns.ResponseWriter, _ *dns.Msg) (int, error) { return dns.RcodeRefused, nil })
	const block = "edgemanage mynet example.org sub.example.org {" + body + "}"
	chains, err := os.ReadFile("test/testdata/whole/chains.example.zone")
	if err != nil {
		f.Fatal(err)
	}
	dir := includesOf(f, map[string]string{"example.org": string(chains), "sub.example.org": "* CNAME @\n", "example.net": noStatic})
	whole := "edgemanage mynet {" + strings.Replace(body, "www a.b", "www", 1) + "includes " + dir + "\n}"
	handlers := []*Edgemanage{
		running(f, edges{}, passed, covered(network.Live, network.Live), whole, "."),
		running(f, edges{a1: hang, a2: hang, six: hang}, nil, covered(network.Undecided, network.Undecided), whole, "."),
		running(f, edges{}, passed, covered(network.Live, network.Live), block, "."),
		running(f, edges{a1: hang, a2: hang, six: hang}, nil, covered(network.Undecided, network.Undecided), block, "."),
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		r := new(dns.Msg)
		if r.Unpack(wire) != nil {
			return
		}
		for _, e := range handlers {
			w := dnstest.NewRecorder(&test.ResponseWriter{})
			query := r.Copy()
			rcode, err := e.ServeDNS(t.Context(), request.NewScrubWriter(query, w), query)
			if w.Msg == nil {
				if plugin.ClientWrite(rcode) {
					t.Errorf("nothing was written, and %s, %v leaves nothing to the server", dns.RcodeToString[rcode], err)
				}
				continue
			}
			if rcode != dns.RcodeSuccess || err != nil {
				t.Errorf("written, and returned %s, %v", dns.RcodeToString[rcode], err)
			}
			if w.Msg.Id != r.Id || !w.Msg.Response || len(r.Question) > 0 && w.Msg.Question[0] != r.Question[0] {
				t.Errorf("the answer is another query's:\n%v\nto\n%v", w.Msg, r)
			}
			if _, err := w.Msg.Pack(); err != nil {
				t.Errorf("packing the answer: %v\n%v", err, w.Msg)
			}
		}
	})
}
