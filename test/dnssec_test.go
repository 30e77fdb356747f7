//go:build e2e

package test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"
)

// newSigningKey writes a key for *dnssec* and returns its path without suffix, and the trust anchor for it as delv
// reads it.
func newSigningKey(t *testing.T, dir string) (path, anchor string) {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, fmt.Sprintf("K%s+%03d+%05d", zone, key.Algorithm, key.KeyTag()))
	anchor = filepath.Join(dir, "anchor")
	for file, content := range map[string]string{
		path + ".key":     key.String() + "\n",
		path + ".private": key.PrivateKeyString(private),
		anchor:            fmt.Sprintf("trust-anchors { %q static-key 257 3 %d %q; };\n", zone, key.Algorithm, key.PublicKey),
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path, anchor
}

// Answers that *dnssec* signs are valid to a real validator, positive and negative, while many clients ask at once and
// the set changes: *dnssec* appends signatures to the slices it is given, and the server runs under the race detector.
func TestDNSSEC(t *testing.T) {
	t.Parallel()
	st := newSite(t, 5).with("edge_count 3", "labels www")
	st.write("db.example.org", restOfZone)
	key, anchor := newSigningKey(t, st.dir)
	s := startServer(t, st.dir, block("example.org", "dnssec {\n        key file "+key+"\n    }", st.directive("main"), "file "+st.path("db.example.org")))
	live := s.full(3)
	host, port, _ := net.SplitHostPort(s.addr)
	delv := func(t *testing.T, name, qtype, verdict string) {
		t.Helper()
		out, _ := runProgram(t, "", "delv", "@"+host, "-p", port, "-a", anchor, "+root=example.org", "+vtrace", name, qtype)
		if !strings.Contains(out, "; "+verdict+"\n") {
			t.Errorf("delv does not say %q of %s %s:\n%s", verdict, name, qtype, out)
		}
	}
	validate := func(t *testing.T) {
		for _, tt := range []struct{ name, qtype, verdict string }{
			{"example.org", "A", "fully validated"},
			{"example.org", "SOA", "fully validated"},
			{"example.org", "NS", "fully validated"},
			{"example.org", "MX", "fully validated"},
			{"www.example.org", "A", "fully validated"},
			{"mail.example.org", "A", "fully validated"},
			{"example.org", "AAAA", "negative response, fully validated"},
			{"example.org", "HTTPS", "negative response, fully validated"},
			{"www.example.org", "TXT", "negative response, fully validated"},
			{"nothing.example.org", "A", "negative response, fully validated"},
		} {
			t.Run(tt.name+" "+tt.qtype, func(t *testing.T) { delv(t, tt.name, tt.qtype, tt.verdict) })
		}
	}
	t.Run("at rest", validate)

	stop := make(chan struct{})
	var flood errgroup.Group
	for i := range 8 {
		flood.Go(func() error {
			for {
				select {
				case <-stop:
					return nil
				default:
				}
				for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeNS, dns.TypeANY} {
					m := new(dns.Msg)
					m.SetQuestion([]string{"example.org.", "www.example.org."}[i%2], qtype)
					m.SetEdns0(1232, true)
					c := &dns.Client{Timeout: 5 * time.Second}
					if r, _, err := c.Exchange(m, s.addr); err == nil && r.Rcode != dns.RcodeSuccess {
						return fmt.Errorf("%s %s: %s", m.Question[0].Name, dns.TypeToString[qtype], dns.RcodeToString[r.Rcode])
					}
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
	if now := s.apex(); slices.Equal(now, live) {
		t.Errorf("the set is still %v", now)
	}
}
