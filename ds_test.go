package edgemanage

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// CoreDNS asks the server block of the parent for the DS of a zone that is ours in another block. There *file* says that
// the name does not exist, which a resolver would take for the whole zone (RFC 8020).
func TestDSOfZoneInAnotherBlock(t *testing.T) {
	zonefile := filepath.Join(t.TempDir(), "db")
	text := "$ORIGIN example.org.\n@ 60 IN SOA ns1 hostmaster 1 60 60 60 60\n@ 60 IN NS ns1\n"
	if err := os.WriteFile(zonefile, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const block = "%s:0 {\n bind 127.0.0.1\n edgemanage %s {\n edges 127.0.0.1\n object http://www.example.org/\n ns ns1.example.org\n }\n file %s example.org\n}\n"
	s := serve(t, fmt.Sprintf(block, "example.org", "one", zonefile)+fmt.Sprintf(block, "sub.example.org", "two", zonefile))
	for name, want := range map[string]int{"sub.example.org.": dns.RcodeSuccess, "other.example.org.": dns.RcodeNameError} {
		m, err := dns.Exchange(question(name, dns.TypeDS), s.addr)
		if err != nil {
			t.Fatal(err)
		}
		if m.Rcode != want || len(m.Ns) != 1 || m.Ns[0].Header().Name != "example.org." {
			t.Errorf("got of %s DS:\n%v\nwant rcode %s and the SOA of example.org", name, m, dns.RcodeToString[want])
		}
	}
}
