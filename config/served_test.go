package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/google/go-cmp/cmp"
)

func blocksOf(t *testing.T, corefile string) []Block {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Corefile")
	if err := os.WriteFile(path, []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks, err := ReadBlocks(path)
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestZonesOf(t *testing.T) {
	const body = " {\nedges 192.0.2.1\nobject http://e.example/\nns ns1.example.net\n}\n"
	including := strings.Replace(body, "}", "includes ./includes\n}", 1)
	tests := []struct {
		name, corefile string
		want           Served
		faults         string // one a line, without place
	}{
		{"the keys", "Example.ORG:1053, tls://example.net {\nedgemanage web" + body + "}", Served{
			Named: []string{"example.net.", "example.org."}, Keys: []string{"example.net.", "example.org."},
		}, ""},
		{"zones that are named", ". {\nedgemanage web shop.example.org Example.net." + body + "}", Served{
			Named: []string{"example.net.", "shop.example.org."}, Keys: []string{"."},
		}, ""},
		{"those of another block too", "example.org {\nedgemanage web\n}\nexample.net {\nedgemanage web" + body + "edgemanage far a.example.net" + body + "}", Served{
			Named: []string{"example.net.", "example.org."}, Keys: []string{"example.net.", "example.org."},
		}, ""},
		{"the same in two blocks", "example.org {\nedgemanage web" + body + "}\ntls://example.org {\nedgemanage web\n}", Served{
			Named: []string{"example.org."}, Keys: []string{"example.org."},
		}, ""},
		{"includes bring them", ". {\nedgemanage web" + including + "}", Served{Keys: []string{"."}}, ""},
		{"includes beside those named", "example.org {\nedgemanage web a.example.org" + including + "}\n. {\nedgemanage web\n}", Served{
			Named: []string{"a.example.org."}, Keys: []string{".", "example.org."},
		}, ""},
		{"a reverse zone", "192.0.2.0/24 {\nedgemanage web" + body + "}", Served{
			Named: []string{"2.0.192.in-addr.arpa."}, Keys: []string{"2.0.192.in-addr.arpa."},
		}, ""},
		{"the root", ". {\nedgemanage web" + body + "}", Served{Named: []string{"."}, Keys: []string{"."}},
			`the zone "." is the root: expected the zones of the network, after its name`},
		{"under no key", "example.org {\nedgemanage web example.net example.com" + body + "}", Served{
			Named: []string{"example.com.", "example.net."}, Keys: []string{"example.org."},
		}, `zone "example.net." is under none of the server block's keys: no query for it would come here
zone "example.com." is under none of the server block's keys: no query for it would come here`},
		{"no name", "example.org {\nedgemanage web a..example.org" + body + "}", Served{Keys: []string{"example.org."}},
			`"a..example.org" is not a zone: expected a domain name`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ZonesOf(blocksOf(t, tt.corefile), "web")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			var faults []string
			if err != nil {
				for line := range strings.Lines(err.Error()) {
					_, fault, _ := strings.Cut(strings.TrimSpace(line), ": edgemanage: ")
					faults = append(faults, fault)
				}
			}
			if diff := cmp.Diff(tt.faults, strings.Join(faults, "\n")); diff != "" {
				t.Errorf("faults: -want +got\n%s", diff)
			}
		})
	}
}

// A word stands for the same zones here as in the server, which goes by CoreDNS.
func TestExpandAsCoreDNS(t *testing.T) {
	for _, word := range []string{
		".", "example.org", "Example.ORG.", "example.org:53", "dns://example.org", "tls://example.org:853", "quic://.", "grpc://example.org.:443",
		"https://example.org", "https3://example.org", "unix://example.org", "http://example.org", "10.0.0.0/8", "10.0.0.0/9:53",
		"192.0.2.17/32", "192.0.2.0/25", "2001:db8::/32", "2001:db8::/33", "::/0", "0::/8", "example.org:", "example.org:x", "a..b", "", "*.example.org",
		strings.Repeat("a", 64), strings.Repeat("a.", 126), "ex ample.org", "example.org:053", "_tcp.example.org",
	} {
		t.Run(word, func(t *testing.T) {
			got, err := expand(word)
			want := plugin.Host(word).NormalizeExact()
			if diff := cmp.Diff(want, got); diff != "" || (err == nil) != (want != nil) {
				t.Errorf("error %v, -CoreDNS +here\n%s", err, diff)
			}
		})
	}
}
