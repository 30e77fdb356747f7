package zonefile

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

func addrs(s ...string) (out []netip.Addr) {
	for _, a := range s {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// built is every record of a zone in the order it is answered in.
func built(r *Records) (lines []string) {
	all := [][]dns.RR{r.SOA, r.NS}
	for _, at := range r.Rotating {
		all = append(all, at.A, at.AAAA)
	}
	for _, rrs := range all {
		for _, rr := range rrs {
			lines = append(lines, rr.String())
		}
	}
	return lines
}

func TestBuild(t *testing.T) {
	template := Template{
		NS: []string{"ns1.example.net.", "ns2.example.net."}, MName: "ns1.example.net.",
		Refresh: 1, Retry: 2, Expire: 3, Minimum: 4, TTL: 60, Labels: []string{"www", "a.b"},
	}
	named := template
	named.RName, named.Labels = "dns.example.net.", nil
	const (
		soa = "example.org.\t4\tIN\tSOA\tns1.example.net. hostmaster.example.org. 4294967295 1 2 3 4"
		ns1 = "example.org.\t3600\tIN\tNS\tns1.example.net."
		ns2 = "example.org.\t3600\tIN\tNS\tns2.example.net."
	)
	for _, test := range []struct {
		name     string
		template Template
		v4, v6   []netip.Addr
		want     []string
	}{
		{"nothing live", template, nil, nil, []string{soa, ns1, ns2}},
		{"both families", template, addrs("192.0.2.2", "192.0.2.1"), addrs("2001:db8::1"), []string{
			soa, ns1, ns2,
			"example.org.\t60\tIN\tA\t192.0.2.2", "example.org.\t60\tIN\tA\t192.0.2.1", "example.org.\t60\tIN\tAAAA\t2001:db8::1",
			"www.example.org.\t60\tIN\tA\t192.0.2.2", "www.example.org.\t60\tIN\tA\t192.0.2.1", "www.example.org.\t60\tIN\tAAAA\t2001:db8::1",
			"a.b.example.org.\t60\tIN\tA\t192.0.2.2", "a.b.example.org.\t60\tIN\tA\t192.0.2.1", "a.b.example.org.\t60\tIN\tAAAA\t2001:db8::1",
		}},
		{"mailbox named, no labels", named, addrs("192.0.2.1"), nil, []string{
			"example.org.\t4\tIN\tSOA\tns1.example.net. dns.example.net. 4294967295 1 2 3 4", ns1, ns2,
			"example.org.\t60\tIN\tA\t192.0.2.1",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := test.template.Build("example.org.", 4294967295, test.v4, test.v6)
			if diff := cmp.Diff(test.want, built(r)); diff != "" {
				t.Errorf("records differ (-want +got):\n%s", diff)
			}
			if got, want := len(r.Rotating), 1+len(test.template.Labels); got != want {
				t.Errorf("%d rotating names, want %d", got, want)
			}
			sections := [][]dns.RR{r.SOA, r.NS}
			for _, at := range r.Rotating {
				sections = append(sections, at.A, at.AAAA)
			}
			for _, rrs := range sections {
				if cap(rrs) != len(rrs) {
					t.Errorf("%v has room behind it: appending would write into what other queries read", rrs)
				}
			}
		})
	}
}
