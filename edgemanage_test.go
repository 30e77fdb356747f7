package edgemanage

import (
	"context"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// silent is a next plugin that knows nothing of anything.
var silent = plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
	m := new(dns.Msg).SetRcode(r, dns.RcodeNameError)
	return dns.RcodeSuccess, w.WriteMsg(m)
})

const (
	nodata   = "NOERROR aa\nauthority\n" + soa
	servfail = "servfail"
	apexSOA  = "NOERROR aa\n" + soa
	apexNS   = "NOERROR aa\nexample.org. 3600 IN NS ns1.example.org.\nexample.org. 3600 IN NS ns2.example.org."
)

// rrset is a positive answer with addresses, the owner with its type before each.
func rrset(owner string, addrs ...string) string {
	lines := []string{"NOERROR aa"}
	for _, a := range addrs {
		lines = append(lines, owner+" "+a)
	}
	return strings.Join(lines, "\n")
}

func TestServeDNSByCoverage(t *testing.T) {
	bothA, oneAAAA := []string{"192.0.2.1", "192.0.2.2"}, []string{"2001:db8::1"}
	type answers struct{ a, aaaa, any, labelAny string }
	live4 := func(owner string) string {
		return rrset(owner+" 60 IN A", bothA...)
	}
	live6 := func(owner string) string { return rrset(owner+" 60 IN AAAA", oneAAAA...) }
	hinfo := "NOERROR aa\nwww.example.org. 60 IN HINFO \"RFC8482\" \"\""
	for _, test := range []struct {
		name  string
		edges edges
		body  string
		until func(*network.Snapshot) bool
		want  answers // of the apex, and ANY of www; %s stands for the owner
	}{
		{"both live", nil, body, covered(network.Live, network.Live), answers{"4", "6", "4", "4"}},
		{"IPv4 alone", nil, body + "families ipv4\n", covered(network.Live, network.Empty), answers{"4", nodata, "4", "4"}},
		{"IPv6 alone", nil, body + "families ipv6\n", covered(network.Empty, network.Live), answers{nodata, "6", "6", "6"}},
		{"nothing decided", edges{a1: hang, a2: hang, six: hang}, body, covered(network.Undecided, network.Undecided),
			answers{servfail, servfail, apexSOA, hinfo}},
		{"IPv6 undecided", edges{six: hang}, body, covered(network.Live, network.Undecided), answers{"4", servfail, "4", "4"}},
		{"IPv4 undecided", edges{a1: hang, a2: hang}, body, covered(network.Undecided, network.Live), answers{servfail, "6", "6", "6"}},
		{"nothing passes", edges{a1: prober.Refused, a2: prober.Status, six: prober.Timeout}, body, covered(network.Live, network.Live),
			answers{"4", "6", "4", "4"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := running(t, test.edges, silent, test.until, "edgemanage mynet {"+test.body+"}", "example.org.")
			// at is what is wanted at a name for an abbreviation.
			at := func(want, owner string) string {
				switch want {
				case "4":
					return live4(owner)
				case "6":
					return live6(owner)
				}
				return want
			}
			for _, q := range []struct {
				name  string
				qtype uint16
				want  string
			}{
				{"example.org.", dns.TypeA, test.want.a},
				{"example.org.", dns.TypeAAAA, test.want.aaaa},
				{"example.org.", dns.TypeANY, test.want.any},
				{"example.org.", dns.TypeSOA, apexSOA},
				{"example.org.", dns.TypeNS, apexNS},
				{"example.org.", dns.TypeMX, nodata},
				{"www.example.org.", dns.TypeA, test.want.a},
				{"www.example.org.", dns.TypeAAAA, test.want.aaaa},
				{"www.example.org.", dns.TypeANY, test.want.labelAny},
				{"www.example.org.", dns.TypeSOA, nodata},
				{"www.example.org.", dns.TypeNS, nodata},
				{"www.example.org.", dns.TypeHTTPS, nodata},
				{"a.b.example.org.", dns.TypeA, test.want.a},
				{"a.b.example.org.", dns.TypeAAAA, test.want.aaaa},
				{"a.b.example.org.", dns.TypeTXT, nodata},
				{"b.example.org.", dns.TypeA, nodata},
				{"b.example.org.", dns.TypeANY, nodata},
				{"b.example.org.", dns.TypeTXT, nodata},
				{"other.example.org.", dns.TypeA, "NXDOMAIN"},
				{"www.b.example.org.", dns.TypeA, "NXDOMAIN"},
				{"x.www.example.org.", dns.TypeA, "NXDOMAIN"},
				{"ample.org.", dns.TypeA, "NXDOMAIN"},
				{"notexample.org.", dns.TypeA, "NXDOMAIN"},
				{"org.", dns.TypeA, "NXDOMAIN"},
				{".", dns.TypeNS, "NXDOMAIN"},
			} {
				t.Run(q.name+dns.TypeToString[q.qtype], func(t *testing.T) {
					if diff := cmp.Diff(at(q.want, q.name), asked(t, e, question(q.name, q.qtype))); diff != "" {
						t.Errorf("answer differs (-want +got):\n%s", diff)
					}
				})
			}
		})
	}
}

// TestServeDNSCase: the question comes back as it was sent, which resolvers use against forgery, the owner as stored.
func TestServeDNSCase(t *testing.T) {
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet Example.ORG {"+body+"}", "ORG.")
	for name, owner := range map[string]string{"eXample.Org.": "example.org.", "WWW.eXample.Org.": "www.example.org.", "A.b.EXAMPLE.org.": "a.b.example.org."} {
		t.Run(name, func(t *testing.T) {
			w := dnstest.NewRecorder(&test.ResponseWriter{})
			rcode, err := e.ServeDNS(t.Context(), w, question(name, dns.TypeA))
			want := rrset(owner+" 60 IN A", "192.0.2.1", "192.0.2.2")
			if diff := cmp.Diff(want, spoken(rcode, err, w.Msg)); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
			if got := w.Msg.Question[0].Name; got != name {
				t.Errorf("question %q, want %q", got, name)
			}
		})
	}
}

// TestServeDNSPassesOn: what is not ours reaches the next plugin as it came, and its answer the client as it was given.
func TestServeDNSPassesOn(t *testing.T) {
	const block = "edgemanage mynet example.org {" + body + "}"
	class := func(r *dns.Msg, c uint16) *dns.Msg { r.Question[0].Qclass = c; return r }
	opcode := func(r *dns.Msg, o int) *dns.Msg { r.Opcode = o; return r }
	for _, test := range []struct {
		name, block string
		query       *dns.Msg
	}{
		{"outside", block, question("example.net.", dns.TypeA)},
		{"above", block, question("org.", dns.TypeSOA)},
		{"not rotating", block, question("mail.example.org.", dns.TypeA)},
		{"below a label", block, question("x.www.example.org.", dns.TypeA)},
		{"wildcard in the question", block, question("*.example.org.", dns.TypeA)},
		{"class CH", block, class(question("example.org.", dns.TypeA), dns.ClassCHAOS)},
		{"class ANY", block, class(question("example.org.", dns.TypeA), dns.ClassANY)},
		{"NOTIFY", block, opcode(question("example.org.", dns.TypeSOA), dns.OpcodeNotify)},
		{"UPDATE", block, opcode(question("example.org.", dns.TypeSOA), dns.OpcodeUpdate)},
		{"AXFR not at the apex", block, question("mail.example.org.", dns.TypeAXFR)},
		{"no question", block, new(dns.Msg)},
		{"dry run", "edgemanage mynet example.org {" + body + "dry_run\n}", question("example.org.", dns.TypeA)},
		{"dry run, SOA", "edgemanage mynet example.org {" + body + "dry_run\n}", question("example.org.", dns.TypeSOA)},
		{"dry run, AXFR", "edgemanage mynet example.org {" + body + "dry_run\n}", question("example.org.", dns.TypeAXFR)},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := dnstest.NewRecorder(&testWriter{})
			said := new(dns.Msg)
			next := plugin.HandlerFunc(func(_ context.Context, through dns.ResponseWriter, r *dns.Msg) (int, error) {
				if r != test.query {
					t.Error("another message was passed on")
				}
				err := through.WriteMsg(said)
				if w.Msg != said {
					t.Error("the answer did not go to the client at once")
				}
				return dns.RcodeNotZone, err
			})
			e := running(t, edges{}, next, covered(network.Live, network.Live), test.block, "org.", "net.")
			if rcode, err := e.ServeDNS(t.Context(), w, test.query); rcode != dns.RcodeNotZone || err != nil {
				t.Errorf("got %s, %v, want what the next plugin returned", dns.RcodeToString[rcode], err)
			}
		})
	}
}

type testWriter = test.ResponseWriter

// TestServeDNSWithoutNext: with nothing behind it the plugin answers for its names all the same.
func TestServeDNSWithoutNext(t *testing.T) {
	e := running(t, edges{}, nil, covered(network.Live, network.Live), "edgemanage mynet example.org {"+body+"}", ".")
	const none = "servfail: plugin/edgemanage: no next plugin found"
	for _, test := range []struct {
		name  string
		qtype uint16
		want  string
	}{
		{"example.org.", dns.TypeTXT, nodata},
		{"www.example.org.", dns.TypeHTTPS, nodata},
		{"b.example.org.", dns.TypeA, nodata},
		{"example.org.", dns.TypeAXFR, "refused"},
		{"example.org.", dns.TypeIXFR, "refused"},
		{"mail.example.org.", dns.TypeA, none},
		{"example.net.", dns.TypeA, none},
	} {
		t.Run(test.name+dns.TypeToString[test.qtype], func(t *testing.T) {
			if diff := cmp.Diff(test.want, asked(t, e, question(test.name, test.qtype))); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestServeDNSNestedZones: the closest enclosing zone answers, but DS at its apex, which is the parent's to answer.
func TestServeDNSNestedZones(t *testing.T) {
	e := running(t, edges{}, silent, covered(network.Live, network.Live),
		"edgemanage mynet example.org sub.example.org www.sub.example.org {"+body+"}", "org.")
	soaOf := func(zone string) string {
		return "NOERROR aa\nauthority\n" + strings.NewReplacer("example.org. 60", zone+" 60", "hostmaster.example.org.", "hostmaster."+zone).Replace(soa)
	}
	for _, test := range []struct {
		name  string
		qtype uint16
		want  string
	}{
		{"example.org.", dns.TypeDS, soaOf("example.org.")},
		{"sub.example.org.", dns.TypeDS, soaOf("example.org.")},
		{"www.sub.example.org.", dns.TypeDS, soaOf("sub.example.org.")},
		{"www.example.org.", dns.TypeDS, soaOf("example.org.")},
		{"sub.example.org.", dns.TypeTXT, soaOf("sub.example.org.")},
		{"b.sub.example.org.", dns.TypeTXT, soaOf("sub.example.org.")},
		{"www.sub.example.org.", dns.TypeTXT, soaOf("www.sub.example.org.")}, // an apex, where it is also a label
		{"www.www.sub.example.org.", dns.TypeTXT, soaOf("www.sub.example.org.")},
		{"b.www.sub.example.org.", dns.TypeTXT, soaOf("www.sub.example.org.")},
		{"www.www.www.sub.example.org.", dns.TypeTXT, "NXDOMAIN"},
	} {
		t.Run(test.name+dns.TypeToString[test.qtype], func(t *testing.T) {
			if diff := cmp.Diff(test.want, asked(t, e, question(test.name, test.qtype))); diff != "" {
				t.Errorf("answer differs (-want +got):\n%s", diff)
			}
		})
	}
}
