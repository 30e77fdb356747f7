package zonefile

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// lines are records in presentation, without a number of the first.
func lines(records []dns.RR, from int) (lines []string) {
	for _, rr := range records[from:] {
		lines = append(lines, strings.ReplaceAll(rr.String(), "\t", " "))
	}
	return lines
}

func TestComplete(t *testing.T) {
	inc := parseText(t, "@ MX 10 mail\nmail A 192.0.2.99\n", "www")
	tmpl := testTemplate([]string{"www"})
	for _, test := range []struct {
		name   string
		v4, v6 []netip.Addr
		inc    *Include
		want   []string
	}{
		{"both families", live4, live6, inc, []string{
			"example.org. 60 IN SOA ns1.example.net. hostmaster.example.org. 7 300 300 1209600 60",
			"example.org. 3600 IN NS ns1.example.net.", "example.org. 3600 IN NS ns2.example.net.",
			"example.org. 60 IN A 192.0.2.11", "example.org. 60 IN A 192.0.2.12", "example.org. 60 IN AAAA 2001:db8::11",
			"www.example.org. 60 IN A 192.0.2.11", "www.example.org. 60 IN A 192.0.2.12", "www.example.org. 60 IN AAAA 2001:db8::11",
			"example.org. 300 IN MX 10 mail.example.org.", "mail.example.org. 300 IN A 192.0.2.99",
		}},
		{"no include and no addresses", nil, nil, nil, []string{
			"example.org. 60 IN SOA ns1.example.net. hostmaster.example.org. 7 300 300 1209600 60",
			"example.org. 3600 IN NS ns1.example.net.", "example.org. 3600 IN NS ns2.example.net.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := tmpl.Complete("example.org.", 7, test.v4, test.v6, test.inc)
			if diff := cmp.Diff(test.want, lines(got, 0)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if cap(got) != len(got) {
				t.Errorf("there is room for %d records more: appending would write into what others read", cap(got)-len(got))
			}
		})
	}
}

func TestHints(t *testing.T) {
	for _, test := range []struct {
		name, text string
		v4, v6     []netip.Addr
		want       string
	}{
		{"replaced", "@ HTTPS 1 . ipv4hint=192.0.2.99 ipv6hint=2001:db8::99", live4, live6,
			`example.org. 60 IN HTTPS 1 . ipv4hint="192.0.2.11,192.0.2.12" ipv6hint="2001:db8::11"`},
		{"added", "@ HTTPS 1 . alpn=h2 ech=AAAA", live4, live6,
			`example.org. 60 IN HTTPS 1 . alpn="h2" ipv4hint="192.0.2.11,192.0.2.12" ech="AAAA" ipv6hint="2001:db8::11"`},
		{"a family without addresses", "@ HTTPS 1 . port=443 ipv4hint=192.0.2.99 ipv6hint=2001:db8::99", live4, nil,
			`example.org. 60 IN HTTPS 1 . port="443" ipv4hint="192.0.2.11,192.0.2.12"`},
		{"no addresses", "@ HTTPS 1 . ipv4hint=192.0.2.99 ipv6hint=2001:db8::99", nil, nil, `example.org. 60 IN HTTPS 1 .`},
		{"a mandatory hint that is gone", "@ HTTPS 1 . alpn=h2 mandatory=alpn,ipv6hint ipv6hint=2001:db8::99", live4, nil,
			`example.org. 60 IN HTTPS 1 . mandatory="alpn" alpn="h2" ipv4hint="192.0.2.11,192.0.2.12"`},
		{"only mandatory hints that are gone", "@ HTTPS 1 . mandatory=ipv4hint,ipv6hint ipv4hint=192.0.2.9 ipv6hint=2001:db8::99", nil, nil,
			`example.org. 60 IN HTTPS 1 .`},
		{"a mandatory hint that stays", "@ HTTPS 1 . mandatory=ipv4hint ipv4hint=192.0.2.9", live4, nil,
			`example.org. 60 IN HTTPS 1 . mandatory="ipv4hint" ipv4hint="192.0.2.11,192.0.2.12"`},
		{"a low TTL", "@ 5 HTTPS 1 .", live4[:1], nil, `example.org. 5 IN HTTPS 1 . ipv4hint="192.0.2.11"`},
		{"at a label", "WWW HTTPS 1 .", live4[:1], nil, `WWW.example.org. 60 IN HTTPS 1 . ipv4hint="192.0.2.11"`},
		{"to a label", "api SVCB 1 wWw alpn=h2", live4[:1], nil, `api.example.org. 60 IN SVCB 1 wWw.example.org. alpn="h2" ipv4hint="192.0.2.11"`},
		{"to another name", "@ HTTPS 1 cdn.example.net. ipv4hint=192.0.2.99", live4, live6,
			`example.org. 300 IN HTTPS 1 cdn.example.net. ipv4hint="192.0.2.99"`},
		{"to its own name, which is another", "api HTTPS 1 . ipv4hint=192.0.2.99", live4, live6,
			`api.example.org. 300 IN HTTPS 1 . ipv4hint="192.0.2.99"`},
		{"an alias", "api HTTPS 0 @", live4, live6, `api.example.org. 300 IN HTTPS 0 example.org.`},
		{"one set, one TTL", "api HTTPS 1 cdn.example.net.\napi HTTPS 2 @", live4[:1], nil,
			"api.example.org. 60 IN HTTPS 1 cdn.example.net.\n" + `api.example.org. 60 IN HTTPS 2 example.org. ipv4hint="192.0.2.11"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inc := parseText(t, test.text, "www")
			before := lines(inc.Records, 0)
			got := testTemplate([]string{"www"}).Complete("example.org.", 7, test.v4, test.v6, inc)
			from := len(got) - len(inc.Records)
			if diff := cmp.Diff(strings.Split(test.want, "\n"), lines(got, from)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, lines(inc.Records, 0)); diff != "" {
				t.Errorf("the include has changed (-before +after):\n%s", diff)
			}
		})
	}
}

// TestCompleteProperties: the records of a set have one TTL, no hint of a rotating name is any but a live address, and the
// same input gives the same records.
func TestCompleteProperties(t *testing.T) {
	line := rapid.SampledFrom([]string{
		"@ HTTPS 1 . ipv4hint=198.51.100.1", "@ 20 HTTPS 2 www", "@ HTTPS 3 cdn.example.net. ipv4hint=198.51.100.1", "@ HTTPS 0 other",
		"www SVCB 1 . mandatory=ipv6hint ipv6hint=2001:db8:f::1", "api 90 HTTPS 1 @", "api 10 HTTPS 1 x ipv4hint=198.51.100.1",
		"@ MX 10 www", "@ TXT x", "a A 198.51.100.1", "a 30 A 198.51.100.2", "$TTL 45", "$TTL 500",
	})
	address := rapid.Custom(func(t *rapid.T) netip.Addr {
		return netip.AddrFrom4([4]byte{192, 0, 2, byte(rapid.IntRange(1, 254).Draw(t, "host"))})
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(line, 0, 12).Draw(t, "lines"), "\n")
		labels := []string{"www"}
		inc, err := ParseInclude("x", "example.org.", labels, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v4 := rapid.SliceOfNDistinct(address, 0, 4, rapid.ID).Draw(t, "v4")
		records := testTemplate(labels).Complete("example.org.", 1, v4, nil, inc)
		ttls := map[string]uint32{}
		for _, rr := range records {
			set := strings.ToLower(rr.Header().Name) + typeName(rr)
			if ttl, ok := ttls[set]; ok && ttl != rr.Header().Ttl {
				t.Fatalf("%s: TTLs %d and %d\n%s", set, ttl, rr.Header().Ttl, text)
			}
			ttls[set] = rr.Header().Ttl
			svcb := service(rr)
			if svcb == nil || svcb.Priority == 0 || svcb.Target == "cdn.example.net." || svcb.Target == "x.example.org." {
				continue
			}
			if svcb.Hdr.Ttl > 60 {
				t.Fatalf("%v\n%s", rr, text)
			}
			for _, v := range svcb.Value {
				if hint, ok := v.(*dns.SVCBIPv4Hint); ok && len(hint.Hint) != len(v4) || v.Key() == dns.SVCB_IPV6HINT {
					t.Fatalf("%v: live are %v\n%s", rr, v4, text)
				}
			}
		}
		again := testTemplate(labels).Complete("example.org.", 1, v4, nil, inc)
		if diff := cmp.Diff(lines(records, 0), lines(again, 0)); diff != "" {
			t.Fatalf("another time (-first +second):\n%s", diff)
		}
	})
}
