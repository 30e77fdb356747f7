package network

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// The sites of the tests of whole zones have a directory of includes, and two of three edges live.

// inZones is inBubble with three edges and the named includes.
func inZones(t *testing.T, includes map[string]string, test func(s *site)) {
	t.Helper()
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.config.Includes, s.config.CanaryKiller = t.TempDir(), 6
		for zone, text := range includes {
			s.include(zone, text)
		}
		test(s)
	})
}

// includePath is the file of a zone, which is named without its last dot.
func (s *site) includePath(zone string) string { return filepath.Join(s.config.Includes, zone+".zone") }

func (s *site) include(zone, text string) {
	s.Helper()
	writeFile(s, s.includePath(zone), text)
}

func (s *site) removeInclude(zone string) {
	s.Helper()
	if err := os.Remove(s.includePath(zone)); err != nil {
		s.Fatal(err)
	}
}

// mx returns the include of one record that a test tells versions by.
func mx(preference int) string { return fmt.Sprintf("@ MX %d mail.example.net.\n", preference) }

// bad is an include with a fault in line 2.
const bad = "@ MX 10 mail.example.net.\n@ NS ns1.example.net.\n"

// rest is what a zone has of its include: its records but for SOA, NS and those of the rotating names, "broken" where no
// version was ever good, "none" where it is no zone of the network.
func (s *site) rest(zone string) string {
	s.Helper()
	zone += "."
	if !s.Has(zone) {
		return "none"
	}
	snapshot := s.Snapshot()
	if z := snapshot.Zone(zone); z != nil && z.Broken {
		return "broken"
	}
	var rest []string
	for _, rr := range Records(Template(s.config), snapshot, zone) {
		switch rr := rr.(type) {
		case *dns.SOA, *dns.NS, *dns.A, *dns.AAAA:
		case *dns.MX:
			rest = append(rest, fmt.Sprintf("MX %d", rr.Preference))
		default:
			rest = append(rest, rr.String())
		}
	}
	return strings.Join(rest, ", ")
}

func (s *site) wantRest(when, zone, want string) {
	s.Helper()
	if got := s.rest(zone); got != want {
		s.Errorf("%s: %s: got %q, want %q", when, zone, got, want)
	}
}

func (s *site) serial(zone string) uint32 { return s.Snapshot().ZoneSerial(zone + ".") }

// wantRise checks that a serial rose, or that it did not.
func (s *site) wantRise(when, zone string, before uint32, want bool) {
	s.Helper()
	got := s.serial(zone)
	if got == before && want || got != before && (!want || !SerialLess(before, got)) {
		s.Errorf("%s: %s: got serial %d after %d, want it to rise: %t", when, zone, got, before, want)
	}
}

// addrs are the addresses of a zone.
func (s *site) addrs(zone string, f Family) string {
	var texts []string
	for _, a := range s.Snapshot().ZoneAddrs(zone+".", f) {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, " ")
}

func (s *site) wantAddrs(when, zone, want string) {
	s.Helper()
	f := IPv4
	if strings.Contains(want, ":") {
		f = IPv6
	}
	if got := s.addrs(zone, f); got != want {
		s.Errorf("%s: %s: got %s, want %s; canaries %+v", when, zone, got, want, s.Status().Canaries)
	}
}

// failures are the files that could not be taken up, as told.
func (s *site) failures() (files []string) {
	for _, f := range heard[ReloadFailed](s.told) {
		files = append(files, filepath.Base(f.File))
	}
	return files
}

func ports(texts ...string) (addrs []netip.AddrPort) {
	for _, t := range texts {
		addrs = append(addrs, netip.MustParseAddrPort(t))
	}
	return addrs
}
