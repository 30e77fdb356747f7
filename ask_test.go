package edgemanage

import (
	"context"
	"errors"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/test"
	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// answering is a next plugin that writes a message with these records.
func answering(rcode int, answer, ns, extra []dns.RR) plugin.Handler {
	return plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := new(dns.Msg).SetRcode(r, rcode)
		m.Authoritative = true
		m.Answer, m.Ns, m.Extra = answer, ns, extra
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
}

// returning is a next plugin that leaves the answer to the server.
func returning(rcode int, err error) plugin.Handler {
	return plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) { return rcode, err })
}

func rr(s string) []dns.RR {
	r, err := dns.NewRR(s)
	if err != nil {
		panic(err)
	}
	return []dns.RR{r}
}

// TestAsk has what a next plugin may say of a type that is not ours at each place that is.
func TestAsk(t *testing.T) {
	truncated := plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		m := new(dns.Msg).SetReply(r)
		m.Truncated = true
		return dns.RcodeSuccess, w.WriteMsg(m)
	})
	passing := plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		return plugin.NextOrFailure("file", nil, ctx, w, r)
	})
	txt := rr(`www.example.org. 300 IN TXT "x"`)
	foreign := rr("example.org. 300 IN SOA other. other. 1 2 3 4 5")
	for _, test := range []struct {
		name    string
		next    plugin.Handler
		want    string
		between string // where a name between label and apex is told otherwise
	}{
		{name: "positive", next: answering(dns.RcodeSuccess, txt, nil, nil),
			want: "NOERROR aa\n" + `www.example.org. 300 IN TXT "x"`},
		{name: "positive with the rest", next: answering(dns.RcodeSuccess, txt, rr("example.org. 300 IN NS other."), rr("other. 300 IN A 192.0.2.9")),
			want: "NOERROR aa\n" + `www.example.org. 300 IN TXT "x"` + "\nauthority\nexample.org. 300 IN NS other.\nadditional\nother. 300 IN A 192.0.2.9"},
		{name: "NXDOMAIN", next: answering(dns.RcodeNameError, nil, foreign, nil), want: nodata},
		{name: "NODATA", next: answering(dns.RcodeSuccess, nil, foreign, nil), want: nodata},
		{name: "REFUSED", next: answering(dns.RcodeRefused, nil, nil, nil), want: nodata},
		{name: "NXDOMAIN returned", next: returning(dns.RcodeNameError, nil), want: nodata},
		{name: "REFUSED returned", next: returning(dns.RcodeRefused, nil), want: nodata},
		{name: "end of the chain", next: passing, want: nodata},
		{name: "NXDOMAIN behind a CNAME", next: answering(dns.RcodeNameError, rr("www.example.org. 300 IN CNAME gone.example.org."), foreign, nil), want: nodata},
		{name: "SERVFAIL", next: answering(dns.RcodeServerFailure, nil, nil, nil), want: "SERVFAIL aa"},
		{name: "SERVFAIL returned", next: returning(dns.RcodeServerFailure, nil), want: servfail},
		{name: "SERVFAIL with an error", next: returning(dns.RcodeServerFailure, errors.New("zone expired")), want: servfail + ": zone expired"},
		{name: "truncated", next: truncated, want: "NOERROR tc"},
		// A wildcard of the next plugin, which does not know that www exists: www HTTPS would make resolvers follow
		// the CNAME for www A as well.
		{name: "CNAME", next: answering(dns.RcodeSuccess, append(rr("www.example.org. 300 IN CNAME x."), rr("x. 300 IN TXT y")...), nil, nil),
			want: nodata, between: "NOERROR aa\nwww.example.org. 300 IN CNAME x.\nx. 300 IN TXT \"y\""},
		{name: "CNAME elsewhere in the answer", next: answering(dns.RcodeSuccess, append(txt, rr("x. 300 IN CNAME y.")...), nil, nil),
			want: "NOERROR aa\n" + `www.example.org. 300 IN TXT "x"` + "\nx. 300 IN CNAME y."},
	} {
		t.Run(test.name, func(t *testing.T) {
			// The places are those of another label each, so that one answer of the next plugin is at its own name.
			for place, labels := range map[string]string{"label": "www", "between": "a.www"} {
				e := running(t, edges{}, test.next, covered(network.Live, network.Live), "edgemanage mynet {\n"+
					"edges 192.0.2.1 2001:db8::1\nobject http://www.example.org/\nns ns1.example.org\nlabels "+labels+"\n}", "example.org.")
				want := test.want
				if place == "between" && test.between != "" {
					want = test.between
				}
				for _, qname := range []string{"www.example.org.", "WWW.example.org."} {
					if diff := cmp.Diff(want, asked(t, e, question(qname, dns.TypeTXT))); diff != "" {
						t.Errorf("%s, %s: answer differs (-want +got):\n%s", place, qname, diff)
					}
				}
			}
		})
	}
}

// TestAskPutsTheQuestion: the next plugin sees the query as the client sent it, and nothing reaches the client past us.
func TestAskPutsTheQuestion(t *testing.T) {
	query := question("www.example.org.", dns.TypeHTTPS)
	query.SetEdns0(4096, true)
	w := &counting{}
	next := plugin.HandlerFunc(func(_ context.Context, through dns.ResponseWriter, r *dns.Msg) (int, error) {
		if r != query {
			t.Error("another message was asked")
		}
		if err := through.WriteMsg(new(dns.Msg).SetRcode(r, dns.RcodeNameError)); err != nil {
			t.Error(err)
		}
		if w.written != 0 {
			t.Error("the next plugin's NXDOMAIN reached the client")
		}
		return dns.RcodeSuccess, nil
	})
	e := running(t, edges{}, next, covered(network.Live, network.Live), "edgemanage mynet {"+body+"}", "example.org.")
	if _, err := e.ServeDNS(t.Context(), w, query); err != nil {
		t.Error(err)
	}
	if w.written != 1 {
		t.Errorf("the client got %d messages, want 1", w.written)
	}
}

type counting struct {
	test.ResponseWriter
	written int
}

func (c *counting) WriteMsg(*dns.Msg) error { c.written++; return nil }
