//go:build e2e

package test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// signedInclude is the rest of a zone, with something for every kind of answer.
const signedInclude = `
@		MX	10 mail
@		TXT	"v=spf1 mx -all"
@		HTTPS	1 . alpn=h2
mail		A	198.51.100.7
shop		CNAME	@
dangling	CNAME	nothing
chain		CNAME	shop
wildchain	CNAME	x.wild
outside		CNAME	www.example.net.
*.wild		A	198.51.100.8
*.apps		CNAME	@
a.b.c		A	198.51.100.9
old		DNAME	new
x.new		A	198.51.100.10
_sip._tcp	SRV	10 5 5060 mail
secure		NS	ns1.secure
secure		NS	ns2.secure
secure		NS	ns3.secure
ns1.secure	A	198.51.100.11
ns2.secure	A	198.51.100.12
ns3.secure	A	198.51.100.13
secure		DS	12345 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF
_acme-challenge	NS	acme.example.net.
`

// Answers from a whole zone that *dnssec* signs are valid to a real validator: positive ones, those of wildcards, NODATA,
// NXDOMAIN, chains of CNAMEs, and what a parent says of its delegations; while many clients ask and the set changes. The
// server runs under the race detector.
func TestDNSSECWholeZone(t *testing.T) {
	t.Parallel()
	st := newSite(t, 5).with("edge_count 3", "labels www")
	if err := os.Mkdir(st.path("includes"), 0o755); err != nil {
		t.Fatal(err)
	}
	st.write("includes/example.org.zone", signedInclude)
	st.with("includes " + st.path("includes"))
	key, anchor := newSigningKey(t, st.dir)
	s := startServer(t, st.dir, block("example.org", "dnssec {\n        key file "+key+"\n    }", st.directive("main")))
	live := s.full(3)
	host, port, _ := net.SplitHostPort(s.addr)
	const valid, negative = "fully validated", "negative response, fully validated"
	validate := func(t *testing.T) {
		for _, tt := range []struct{ name, qtype, verdict string }{
			{"example.org", "A", valid},
			{"www.example.org", "A", valid},
			{"example.org", "MX", valid},
			{"example.org", "TXT", valid},
			{"example.org", "HTTPS", valid},
			{"mail.example.org", "A", valid},
			{"_sip._tcp.example.org", "SRV", valid},
			{"x.wild.example.org", "A", valid},
			{"x.y.wild.example.org", "A", valid},
			{"x.apps.example.org", "A", valid},
			{"shop.example.org", "A", valid},
			{"chain.example.org", "A", valid},
			{"wildchain.example.org", "A", valid},
			{"x.old.example.org", "A", valid},
			{"shop.example.org", "CAA", valid}, // the CNAME, and that there is none at its end
			{"dangling.example.org", "A", valid},
			{"secure.example.org", "DS", valid},
			{"_acme-challenge.example.org", "DS", negative},
			{"example.org", "CAA", negative},
			{"example.org", "AAAA", negative},
			{"www.example.org", "TXT", negative},
			{"x.wild.example.org", "TXT", negative},
			{"b.c.example.org", "A", negative},
			{"nothing.example.org", "A", negative},
			{"nothing.mail.example.org", "A", negative},
		} {
			t.Run(tt.name+" "+tt.qtype, func(t *testing.T) {
				out, _ := runProgram(t, "", "delv", "@"+host, "-p", port, "-a", anchor, "+root=example.org", "+vtrace", tt.name, tt.qtype)
				if !strings.Contains(out, "; "+tt.verdict+"\n") {
					t.Errorf("delv does not say %q:\n%s", tt.verdict, out)
				}
			})
		}
		t.Run("delegations", func(t *testing.T) {
			checkReferral(t, s, key, "x.secure.example.org.", dns.TypeDS)
			checkReferral(t, s, key, "x._acme-challenge.example.org.", dns.TypeNSEC)
		})
	}
	t.Run("at rest", validate)

	stop := make(chan struct{})
	var flood errgroup.Group
	for i := range 4 {
		flood.Go(func() error {
			names := []string{"example.org.", "shop.example.org.", "x.secure.example.org.", "x.wild.example.org.", "x.old.example.org.", "nothing.example.org."}
			for n := i; ; n++ {
				select {
				case <-stop:
					return nil
				default:
				}
				m := new(dns.Msg)
				m.SetQuestion(names[n%len(names)], []uint16{dns.TypeA, dns.TypeMX, dns.TypeANY}[n/len(names)%3])
				m.SetEdns0(1232, true)
				c := &dns.Client{Timeout: 5 * time.Second}
				if r, _, err := c.Exchange(m, s.addr); err == nil && r.Rcode != dns.RcodeSuccess {
					return fmt.Errorf("%s %s: %s", m.Question[0].Name, dns.TypeToString[m.Question[0].Qtype], dns.RcodeToString[r.Rcode])
				}
			}
		})
	}
	t.Run("under load", validate)
	st.at(live[0]).set(t, refusing)
	s.leaves(10*swapBound, live[0])
	t.Run("after a change", validate)
	close(stop)
	if err := flood.Wait(); err != nil {
		t.Error(err)
	}
}

// checkReferral checks that a delegation is proved: by its DS or by an NSEC that there is none, signed with the key. No
// validator asks a parent for it as it stands.
func checkReferral(t *testing.T, s *server, keyPath, name string, proof uint16) {
	t.Helper()
	text, err := os.ReadFile(keyPath + ".key")
	if err != nil {
		t.Fatal(err)
	}
	key, err := dns.NewRR(string(text))
	if err != nil {
		t.Fatal(err)
	}
	m := new(dns.Msg)
	m.SetQuestion(name, dns.TypeA)
	m.SetEdns0(4096, true)
	var r *dns.Msg
	eventually(t, patience, "an answer to "+name, func() bool {
		r, _, err = (&dns.Client{Timeout: 5 * time.Second}).Exchange(m, s.addr)
		return err == nil
	})
	proofs := slices.DeleteFunc(slices.Clone(r.Ns), func(rr dns.RR) bool { return rr.Header().Rrtype != proof })
	for _, rr := range r.Ns {
		if sig, ok := rr.(*dns.RRSIG); ok && sig.TypeCovered == proof {
			if err := sig.Verify(key.(*dns.DNSKEY), proofs); err != nil {
				t.Errorf("%s: verifying %s: %v", name, sig, err)
			}
			if r.Authoritative || len(r.Answer) > 0 {
				t.Errorf("%s is no referral:\n%v", name, r)
			}
			return
		}
	}
	t.Errorf("%s: there is no signed %s:\n%v", name, dns.TypeToString[proof], r)
}
