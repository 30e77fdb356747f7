//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/miekg/dns"
)

// followBound is within what a secondary shows a rotation.
const followBound = 3 * time.Second

// realZones are zones as sites have them: mail, wildcards, delegations, services, and one with nothing but the apex.
var realZones = map[string]string{
	"example.org.": `@ IN MX 10 mail
@ IN TXT "v=spf1 mx -all"
mail IN A 198.51.100.7
mail IN AAAA 2001:db8::7
www IN CNAME @
*.apps IN CNAME @
_acme-challenge IN NS acme.example.net.
_sip._tcp IN SRV 10 5 5060 mail
@ IN HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
`,
	"example.com.":      "$TTL 600\n@ IN CAA 0 issue \"letsencrypt.org\"\n@ 120 IN TXT \"verification=abc\"\nstatic IN A 198.51.100.9\n",
	"shop.example.net.": "",
}

// include writes the include of a zone; it keeps to the directory includes of the site.
func (s *site) include(zone, text string) {
	s.t.Helper()
	if err := os.MkdirAll(s.path("includes"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	// A half-written file beside it must not be taken for a zone.
	aside := filepath.Join(s.path("includes"), "."+zone+"new")
	if err := os.WriteFile(aside, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(aside, filepath.Join(s.path("includes"), zone+"zone")); err != nil {
		s.t.Fatal(err)
	}
}

// rotated is when the set was last changed, as the state tells it.
func (s *site) rotated() time.Time {
	s.t.Helper()
	changes, err := state.ReadChanges(s.path("state/main"), 20)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range changes {
		if c.Kind == "set" {
			return c.At
		}
	}
	s.t.Fatalf("no change of the set in %v", changes)
	return time.Time{}
}

// Real secondaries, configured as the examples say, follow every rotation, keep what they have while the primary is away,
// and catch up when it is back: with and without keys, and when transfer tells them instead of notify.
func TestSecondaries(t *testing.T) {
	for _, tt := range []struct {
		name             string
		signed, transfer bool
	}{
		{"plain", false, false},
		{"signed", true, false},
		{"told by transfer", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			signed := tt.signed
			st := newSite(t, 4)
			var zones, ports []string
			for zone, text := range realZones {
				st.include(zone, text)
				zones = append(zones, zone)
			}
			told := ""
			for range secondaryKinds {
				ports = append(ports, freePort(t))
				told += " 127.0.0.1:" + ports[len(ports)-1]
			}
			st.with("includes " + st.path("includes"))
			to := told
			if !tt.transfer {
				st.with("notify" + told)
				to = " 127.0.0.1"
			}
			plugins := []string{"transfer {\n        to" + to + "\n    }", st.directive("main")}
			if signed {
				plugins = append(plugins, fmt.Sprintf("tsig {\n        secret %s. %s\n        require AXFR IXFR\n    }", keyName, keySecret))
			}
			primary := startServer(t, st.dir, block(".", plugins...))
			primary.full(2)
			if signed {
				if got := axfr(t, primary); got != "REFUSED" {
					t.Errorf("AXFR without a key: %s, want REFUSED", got)
				}
			}
			var all []*secondary
			for i, k := range secondaryKinds {
				all = append(all, startSecondary(t, k, ports[i], primary, zones, signed))
			}
			each(t, all, func(s *secondary) error {
				_, err := s.follows(patience, primary, zones, signed)
				return err
			})
			// After a rotation, whatever its occasion.
			follow := func(occasion string) {
				t.Helper()
				each(t, all, func(s *secondary) error {
					at, err := s.follows(10*followBound, primary, zones, signed)
					t.Logf("%s shows %s %s after it, bound %s", s.name, occasion, at.Sub(st.rotated()).Round(time.Millisecond), followBound)
					return err
				})
			}
			for range 2 {
				dead := primary.apex()[0]
				st.at(dead).set(t, serverError)
				primary.leaves(10*swapBound, dead)
				follow("a rotation")
				st.at(dead).set(t, healthy)
			}

			before := showing(primary.addr, zones...)
			primary.kill()
			each(t, all, func(s *secondary) error {
				if got := showing(s.addr, zones...); got != before {
					return fmt.Errorf("without its primary it shows %s, want %s", got, before)
				}
				return nil
			})
			// Meanwhile a live edge dies and a zone is edited.
			dead := st.liveOf(before)
			st.at(dead).set(t, serverError)
			st.include("example.com.", realZones["example.com."]+"new IN TXT \"written while the primary was away\"\n")
			primary.start()
			primary.awaitAnswers()
			primary.leaves(10*swapBound, dead)
			follow("the rotation of a primary that came back")
			each(t, all, func(s *secondary) error {
				if m, err := lookup(s.addr, "new.example.com.", dns.TypeTXT); err != nil || len(m.Answer) != 1 {
					return fmt.Errorf("the record that was added: %v %w", m, err)
				}
				return nil
			})
		})
	}
}

// liveOf finds a live edge in what a server showed.
func (s *site) liveOf(shown string) string {
	for _, e := range s.edges {
		if strings.Contains(shown, e.addr.String()) {
			return e.addr.String()
		}
	}
	s.t.Fatalf("no live edge in %s", shown)
	return ""
}
