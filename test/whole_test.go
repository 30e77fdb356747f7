//go:build e2e

package test

import (
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// Who may have a zone gets the whole of it or an error, never a part: another plugin's idea of it, or one whose include was
// never good. Who has it already gets the SOA.
func TestTransfersOverTheWire(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3).with("labels www")
	st.include("example.org.", "@ MX 10 mail\nmail A 198.51.100.7\n")
	st.include("broken.example.", "@ A 198.51.100.7\n")
	st.write("db.example.net", "@ 300 IN SOA ns1 host 1 2 3 4 5\n@ 300 IN NS ns1\nother 300 IN A 198.51.100.8\n")
	apex := st.directive("apex", "example.net")
	whole := st.with("includes " + st.path("includes")).directive("main")
	s := startServer(t, st.dir, block(".", "transfer {\n        to 127.0.0.1\n    }", whole, apex, "file "+st.path("db.example.net")+" example.net"))
	s.full(2)
	current := s.serial()

	// all are the records of example.org: SOA, 2 NS, 2 addresses at 2 names, the include, and the SOA again.
	const all = 1 + 2 + 4 + 2 + 1
	for _, tt := range []struct {
		name, zone string
		serial     uint32 // of an IXFR
		from       string
		udp        bool
		rcode      string
		records    int
	}{
		{"AXFR", "example.org.", 0, "127.0.0.1", false, "NOERROR", all},
		{"IXFR of an old one", "example.org.", current - 1, "127.0.0.1", false, "NOERROR", all},
		{"IXFR of the current one", "example.org.", current, "127.0.0.1", false, "NOERROR", 1},
		{"IXFR of a later one", "example.org.", current + 1, "127.0.0.1", false, "NOERROR", 1},
		{"by UDP", "example.org.", 0, "127.0.0.1", true, "REFUSED", 0},
		{"from elsewhere", "example.org.", 0, "127.0.0.2", false, "REFUSED", 0},
		{"an include that was never good", "broken.example.", 0, "127.0.0.1", false, "SERVFAIL", 0},
		{"the apex alone, the rest is file's", "example.net.", 0, "127.0.0.1", false, "SERVFAIL", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := new(dns.Msg)
			m.SetAxfr(tt.zone)
			if tt.serial != 0 {
				m.SetIxfr(tt.zone, tt.serial, "ns1.example.net.", "hostmaster.example.org.")
			}
			c := &dns.Client{Timeout: patience, Dialer: &net.Dialer{Timeout: 5 * time.Second}}
			c.Dialer.LocalAddr = &net.UDPAddr{IP: net.ParseIP(tt.from)}
			if !tt.udp {
				c.Net, c.Dialer.LocalAddr = "tcp", &net.TCPAddr{IP: net.ParseIP(tt.from)}
			}
			r, _, err := c.Exchange(m, s.addr)
			if err != nil {
				t.Fatal(err)
			}
			if got := dns.RcodeToString[r.Rcode]; got != tt.rcode || len(r.Answer) != tt.records {
				t.Fatalf("%s and %d records, want %s and %d:\n%v", got, len(r.Answer), tt.rcode, tt.records, r)
			}
			if tt.records == 0 {
				return
			}
			first, last := r.Answer[0].String(), r.Answer[len(r.Answer)-1].String()
			if soa, ok := r.Answer[0].(*dns.SOA); !ok || soa.Serial != current || first != last {
				t.Errorf("it begins with %q and ends with %q, serial %d is current", first, last, current)
			}
		})
	}

	// Nothing is lost meanwhile: the rotating names of a broken zone answer, and no other is denied.
	if got := s.set("www.broken.example.", dns.TypeA); !slices.Equal(got, s.apex()) {
		t.Errorf("www.broken.example is %v", got)
	}
	if diff := cmp.Diff([]string{"SERVFAIL"}, s.set("mail.broken.example.", dns.TypeA)); diff != "" {
		t.Errorf("mail.broken.example (-want +got):\n%s", diff)
	}
	if got := s.set("other.example.net.", dns.TypeA); !slices.Equal(got, []string{"198.51.100.8"}) {
		t.Errorf("other.example.net, which is file's, is %v", got)
	}
}
