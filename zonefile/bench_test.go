package zonefile

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// someInclude returns the text of an include with n records of the kinds that real zones have.
func someInclude(n int) string {
	var b strings.Builder
	b.WriteString("@ MX 10 mail\n@ TXT \"v=spf1 mx -all\"\n@ HTTPS 1 . alpn=h2,h3\n")
	for i := range n - 3 {
		fmt.Fprintf(&b, "host%d A 198.51.%d.%d\n", i, i>>8&255, i&255)
	}
	return b.String()
}

func BenchmarkParseInclude(b *testing.B) {
	for _, n := range []int{20, 1000, 40_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			data := []byte(someInclude(n))
			for b.Loop() {
				if _, err := ParseInclude("x", "example.org.", []string{"www"}, data); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}

// BenchmarkComplete makes 10,000 zones of 20 records each anew, as a change of the live set does.
func BenchmarkComplete(b *testing.B) {
	const zones = 10_000
	t := testTemplate([]string{"www"})
	includes := make([]*Include, zones)
	for i := range includes {
		inc, err := ParseInclude("x", fmt.Sprintf("zone%d.example.", i), t.Labels, []byte(someInclude(20)))
		if err != nil {
			b.Fatal(err)
		}
		includes[i] = inc
	}
	live := []netip.Addr{live4[0], live4[1], netip.MustParseAddr("192.0.2.13"), netip.MustParseAddr("192.0.2.14")}
	b.ReportAllocs()
	for b.Loop() {
		for _, inc := range includes {
			t.Complete(inc.Zone, 1, live, live6, inc)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/zones, "ns/zone")
}

func BenchmarkRender(b *testing.B) {
	inc, err := ParseInclude("x", "example.org.", nil, []byte(someInclude(20)))
	if err != nil {
		b.Fatal(err)
	}
	records := testTemplate(nil).Complete(inc.Zone, 1, live4, live6, inc)
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if err := Render(&out, inc.Zone, records); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	for _, changed := range []bool{true, false} {
		b.Run(fmt.Sprintf("changed %t", changed), func(b *testing.B) {
			d := openDirectory(b, b.TempDir())
			put(b, d, "example.org.", 0)
			serial := uint32(0)
			for b.Loop() {
				if changed {
					serial++
				}
				put(b, d, "example.org.", serial)
			}
		})
	}
}
