//go:build e2e

package test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const zone = "example.org."

// exchange asks once.
func (s *server) exchange(name string, qtype uint16, within time.Duration) (*dns.Msg, error) {
	return s.exchangeFrom("127.0.0.1", name, qtype, within)
}

// exchangeFrom asks once from a given loopback address.
func (s *server) exchangeFrom(from, name string, qtype uint16, within time.Duration) (answer *dns.Msg, err error) {
	c := &dns.Client{Timeout: within, Dialer: &net.Dialer{Timeout: within, LocalAddr: &net.UDPAddr{IP: net.ParseIP(from)}}}
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.RecursionDesired = false
	err = errors.New("no namespace")
	s.in.enter(func() { answer, _, err = c.Exchange(m, s.addr) })
	return answer, err
}

// query asks until an answer comes: a slow machine may lose one.
func (s *server) query(name string, qtype uint16) *dns.Msg {
	s.t.Helper()
	return s.queryFrom("127.0.0.1", name, qtype)
}

func (s *server) queryFrom(from, name string, qtype uint16) *dns.Msg {
	s.t.Helper()
	var answer *dns.Msg
	eventually(s.t, patience, "an answer to "+name+" "+dns.TypeToString[qtype], func() bool {
		r, err := s.exchangeFrom(from, name, qtype, 5*time.Second)
		answer = r
		return err == nil
	})
	return answer
}

// set is what a name's addresses are, sorted; an answer other than success is its rcode alone.
func (s *server) set(name string, qtype uint16) []string {
	s.t.Helper()
	return values(s.query(name, qtype))
}

// apex is the live IPv4 set as the zone shows it.
func (s *server) apex() []string {
	s.t.Helper()
	return s.set(zone, dns.TypeA)
}

func values(m *dns.Msg) []string {
	if m.Rcode != dns.RcodeSuccess {
		return []string{dns.RcodeToString[m.Rcode]}
	}
	out := []string{}
	for _, rr := range m.Answer {
		switch rr := rr.(type) {
		case *dns.A:
			out = append(out, rr.A.String())
		case *dns.AAAA:
			out = append(out, rr.AAAA.String())
		}
	}
	slices.Sort(out)
	return out
}

func (s *server) serial() uint32 {
	s.t.Helper()
	m := s.query(zone, dns.TypeSOA)
	for _, rr := range m.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			return soa.Serial
		}
	}
	s.t.Fatalf("no SOA in the answer:\n%v", m)
	return 0
}

// becomes waits until the apex has exactly these addresses, and returns how long that took.
func (s *server) becomes(within time.Duration, want []string) time.Duration {
	s.t.Helper()
	_, took := sees(s.t, within, "the apex to be "+strings.Join(want, " "), s.apex, func(got []string) bool { return slices.Equal(got, want) })
	return took
}

// full waits until the apex has n addresses, and returns them.
func (s *server) full(n int) []string {
	s.t.Helper()
	set, _ := sees(s.t, patience, "the first decision", s.apex, func(got []string) bool {
		return len(got) == n && net.ParseIP(got[0]) != nil
	})
	return set
}

// leaves waits until an address is not in the apex any more, and returns how long that took.
func (s *server) leaves(within time.Duration, addr string) time.Duration {
	s.t.Helper()
	_, took := sees(s.t, within, addr+" to leave", s.apex, func(got []string) bool { return len(got) > 0 && !slices.Contains(got, addr) })
	return took
}

// rounds waits until each of the edges has been probed n times more; refused connections are not seen by an edge, so
// edges must listen.
func rounds(t testing.TB, n int64, edges ...*edge) {
	t.Helper()
	from := make([]int64, len(edges))
	for i, e := range edges {
		from[i] = e.hits.Load()
	}
	for i, e := range edges {
		eventually(t, patience, e.name+" to be probed", func() bool { return e.hits.Load() >= from[i]+n })
	}
}
