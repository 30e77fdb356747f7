//go:build e2e

package test

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// restOfZone is what *file* knows of the zone: everything but the addresses of its rotating names.
const restOfZone = `$TTL 3600
@       IN SOA  ns1.example.net. hostmaster.example.org. 7 7200 3600 1209600 60
@       IN NS   ns1.example.net.
@       IN MX   10 mail
@       IN TXT  "v=spf1 mx -all"
mail    IN A    192.0.2.25
shop    IN CNAME www.example.net.
both    IN TXT  "beside a label"
`

// answer is what matters of a reply; serials are written as N, records in presentation form with single spaces.
type answer struct {
	Rcode         string
	Authoritative bool
	Answer, Ns    []string
}

var soaSerial = regexp.MustCompile(`(SOA \S+ \S+) \d+`)

func digest(m *dns.Msg) answer {
	text := func(rrs []dns.RR) (out []string) {
		for _, rr := range rrs {
			out = append(out, soaSerial.ReplaceAllString(strings.Join(strings.Fields(rr.String()), " "), "$1 N"))
		}
		slices.Sort(out)
		return out
	}
	return answer{dns.RcodeToString[m.Rcode], m.Authoritative, text(m.Answer), text(m.Ns)}
}

const (
	soaOurs = "example.org. 60 IN SOA ns1.example.net. hostmaster.example.org. N 300 300 1209600 60"
	soaFile = "example.org. 3600 IN SOA ns1.example.net. hostmaster.example.org. N 7200 3600 1209600 60"
)

// The shape that the plugin is made for: the apex from us, the rest of the zone from file, in one server block.
func TestApexFromUsRestFromFile(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	st.edges = append(st.edges, newEdge(t, "six.example.net", "::1", st.port))
	st.list(st.edges...)
	st.with("labels www both a.deep")
	st.write("db.example.org", restOfZone)
	s := startServer(t, st.dir, block("example.org", st.directive("main"), "file "+st.path("db.example.org")))
	s.full(2)
	sees(t, patience, "the IPv6 set", func() []string { return s.set(zone, dns.TypeAAAA) }, func(got []string) bool { return slices.Equal(got, []string{"::1"}) })

	live := addresses(st.edges[0], st.edges[1])
	a := func(name string) []string {
		var out []string
		for _, addr := range live {
			out = append(out, fmt.Sprintf("%s 60 IN A %s", name, addr))
		}
		return out
	}
	yes := func(records ...string) answer { return answer{"NOERROR", true, records, nil} }
	none := answer{"NOERROR", true, nil, []string{soaOurs}}
	ns := []string{"example.org. 3600 IN NS ns1.example.net.", "example.org. 3600 IN NS ns2.example.net."}

	for _, tt := range []struct {
		name  string
		qtype uint16
		want  answer
	}{
		{"example.org.", dns.TypeA, yes(a("example.org.")...)},
		{"example.org.", dns.TypeAAAA, yes("example.org. 60 IN AAAA ::1")},
		{"example.org.", dns.TypeSOA, yes(soaOurs)},
		{"example.org.", dns.TypeNS, yes(ns...)},
		{"example.org.", dns.TypeANY, yes(a("example.org.")...)},
		{"example.org.", dns.TypeHTTPS, none},
		{"www.example.org.", dns.TypeA, yes(a("www.example.org.")...)},
		{"www.example.org.", dns.TypeAAAA, yes("www.example.org. 60 IN AAAA ::1")},
		{"www.example.org.", dns.TypeANY, yes(a("www.example.org.")...)},
		{"www.example.org.", dns.TypeHTTPS, none},
		{"www.example.org.", dns.TypeTXT, none},
		{"a.deep.example.org.", dns.TypeA, yes(a("a.deep.example.org.")...)},
		{"deep.example.org.", dns.TypeA, none},

		// From file: other types at our names where it has them, and every other name.
		{"example.org.", dns.TypeMX, answer{"NOERROR", true, []string{"example.org. 3600 IN MX 10 mail.example.org."}, []string{"example.org. 3600 IN NS ns1.example.net."}}},
		{"both.example.org.", dns.TypeA, yes(a("both.example.org.")...)},
		{"both.example.org.", dns.TypeTXT, answer{"NOERROR", true, []string{`both.example.org. 3600 IN TXT "beside a label"`}, []string{"example.org. 3600 IN NS ns1.example.net."}}},
		{"mail.example.org.", dns.TypeA, answer{"NOERROR", true, []string{"mail.example.org. 3600 IN A 192.0.2.25"}, []string{"example.org. 3600 IN NS ns1.example.net."}}},
		{"mail.example.org.", dns.TypeTXT, answer{"NOERROR", true, nil, []string{soaFile}}},
		{"nothing.example.org.", dns.TypeA, answer{"NXDOMAIN", true, nil, []string{soaFile}}},

		{"eXaMpLe.OrG.", dns.TypeA, yes(a("example.org.")...)},
		{"WWW.example.ORG.", dns.TypeTXT, none},
	} {
		t.Run(tt.name+" "+dns.TypeToString[tt.qtype], func(t *testing.T) {
			m := s.query(tt.name, tt.qtype)
			if diff := cmp.Diff(tt.want, digest(m)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if got := m.Question[0].Name; got != tt.name {
				t.Errorf("the question came back as %q, want the case it was asked in, %q", got, tt.name)
			}
		})
	}

	t.Run("dig", func(t *testing.T) {
		host, port, _ := net.SplitHostPort(s.addr)
		out, status := runProgram(t, "", "dig", "@"+host, "-p", port, "+norecurse", "+short", "+tcp", "example.org", "A")
		got := strings.Fields(out)
		slices.Sort(got)
		if diff := cmp.Diff(live, got); diff != "" || status != 0 {
			t.Errorf("dig ended with %d; addresses (-want +got):\n%s", status, diff)
		}
	})
}

// A family that no edge has an address of is NODATA, not a failure: resolvers go on with the other.
func TestFamilyWithoutEdges(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	s.full(2)
	want := answer{"NOERROR", true, nil, []string{soaOurs}}
	if diff := cmp.Diff(want, digest(s.query(zone, dns.TypeAAAA))); diff != "" {
		t.Errorf("AAAA of a network without IPv6 (-want +got):\n%s", diff)
	}
}

// Before the first decision only A and AAAA at rotating names fail: the edges' own addresses may live in the zone.
func TestBeforeFirstDecision(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	st.edges = append(st.edges, newEdge(t, "six.example.net", "::1", st.port))
	st.list(st.edges...)
	st.all(hanging)
	// Nothing is decided while the first probes hang, and with these times they hang longer than the test takes.
	st.with("labels www", "interval 5m", "timeout 4m")
	st.write("db.example.org", restOfZone)
	readyAt, metricsAt := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	s := startServer(t, st.dir, block("example.org", st.directive("main"), "file "+st.path("db.example.org"), "ready "+readyAt, "prometheus "+metricsAt))
	for _, e := range st.edges {
		eventually(t, patience, e.name+" to be probed", func() bool { return e.hits.Load() > 0 })
	}

	for _, tt := range []struct {
		name  string
		qtype uint16
		rcode int
	}{
		{"example.org.", dns.TypeA, dns.RcodeServerFailure},
		{"example.org.", dns.TypeAAAA, dns.RcodeServerFailure},
		{"www.example.org.", dns.TypeA, dns.RcodeServerFailure},
		{"www.example.org.", dns.TypeAAAA, dns.RcodeServerFailure},
		{"example.org.", dns.TypeSOA, dns.RcodeSuccess},
		{"example.org.", dns.TypeNS, dns.RcodeSuccess},
		{"example.org.", dns.TypeANY, dns.RcodeSuccess},
		{"www.example.org.", dns.TypeANY, dns.RcodeSuccess},
		{"example.org.", dns.TypeMX, dns.RcodeSuccess},
		{"www.example.org.", dns.TypeHTTPS, dns.RcodeSuccess},
		{"mail.example.org.", dns.TypeA, dns.RcodeSuccess},
		{"nothing.example.org.", dns.TypeA, dns.RcodeNameError},
	} {
		t.Run(tt.name+" "+dns.TypeToString[tt.qtype], func(t *testing.T) {
			if got := s.query(tt.name, tt.qtype).Rcode; got != tt.rcode {
				t.Errorf("rcode is %s, want %s", dns.RcodeToString[got], dns.RcodeToString[tt.rcode])
			}
		})
	}
	t.Run("ready", func(t *testing.T) {
		ready := func() int {
			status, _, err := get("http://" + readyAt + "/ready")
			if err != nil {
				return 0
			}
			return status
		}
		sees(t, patience, "ready to say no", ready, func(status int) bool { return status == 503 })
		st.all(healthy) // the requests that hang are answered now
		sees(t, patience, "ready to say yes", ready, func(status int) bool { return status == 200 })
		s.full(2)
	})
}

// Without a next plugin the rotating names answer for themselves, and the zone cannot be transferred.
func TestAlone(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	s.full(2)
	want := answer{"NOERROR", true, nil, []string{soaOurs}}
	if diff := cmp.Diff(want, digest(s.query(zone, dns.TypeTXT))); diff != "" {
		t.Errorf("TXT at the apex (-want +got):\n%s", diff)
	}
	if got := axfr(t, s); got != "REFUSED" {
		t.Errorf("AXFR without transfer: %s, want REFUSED", got)
	}
}

// axfr tries to transfer the zone and returns the rcode that dig reports, or "transferred".
func axfr(t *testing.T, s *server) string {
	t.Helper()
	m := new(dns.Msg)
	m.SetAxfr(zone)
	c := &dns.Client{Net: "tcp", Timeout: patience}
	r, _, err := c.Exchange(m, s.addr)
	if err != nil {
		t.Fatalf("asking for AXFR: %v", err)
	}
	host, port, _ := net.SplitHostPort(s.addr)
	out, _ := runProgram(t, "", "dig", "@"+host, "-p", port, "example.org", "AXFR")
	if failed := strings.Contains(out, "Transfer failed"); failed == (r.Rcode == dns.RcodeSuccess) {
		t.Errorf("the transfer ends with %s, and dig says:\n%s", dns.RcodeToString[r.Rcode], out)
	}
	if r.Rcode == dns.RcodeSuccess {
		return "transferred"
	}
	return dns.RcodeToString[r.Rcode]
}
