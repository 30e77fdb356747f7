package notify

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

var errFake = errors.New("fake failure")

// manner is how a secondary treats a message.
type manner struct {
	answered bool
	err      error
	after    time.Duration
}

var (
	live     = manner{answered: true, after: 10 * time.Millisecond}
	slow     = manner{answered: true, after: 3 * time.Second}
	refusing = manner{answered: true, err: errFake, after: 10 * time.Millisecond}
	closed   = manner{err: errFake} // the port: an ICMP error comes at once
	dead     = manner{err: errFake, after: timeout}
)

// sending is a message that reached a secondary.
type sending struct {
	Zone   string
	At     time.Duration // since the clock's start
	Serial uint32
}

// secondary is one that needs no socket, for bubbles of synctest. Its fields may be set while nothing runs.
type secondary struct {
	manner manner
	of     func(zone string) manner // where it differs from zone to zone

	mu     sync.Mutex
	start  time.Time
	sent   []sending
	flying map[string]bool
	most   int // flying at a time
	twice  bool
	lines  int // open
}

func newSecondary(m manner) *secondary {
	return &secondary{manner: m, start: time.Now(), flying: make(map[string]bool)}
}

func (s *secondary) exchange(ctx context.Context, m *dns.Msg) (bool, error) {
	zone := m.Question[0].Name
	s.mu.Lock()
	sent := sending{Zone: zone, At: time.Since(s.start)}
	if len(m.Answer) > 0 {
		sent.Serial = m.Answer[0].(*dns.SOA).Serial
	}
	s.sent = append(s.sent, sent)
	s.twice = s.twice || s.flying[zone]
	s.flying[zone] = true
	s.most = max(s.most, len(s.flying))
	now := s.manner
	if s.of != nil {
		now = s.of(zone)
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.flying, zone)
		s.mu.Unlock()
	}()
	select {
	case <-time.After(now.after):
		return now.answered, now.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (s *secondary) close() { s.mu.Lock(); s.lines--; s.mu.Unlock() }

// seen returns what was sent since the last call.
func (s *secondary) seen() []sending {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

// becomes changes how the secondary treats what is sent from now on.
func (s *secondary) becomes(m manner) { s.mu.Lock(); s.manner = m; s.mu.Unlock() }

// site is a Notifier in a bubble with its secondaries.
type site struct {
	*Notifier
	secondaries map[netip.AddrPort]*secondary

	mu     sync.Mutex
	events []Event
}

// newSite returns a Notifier that is configured for one secondary of each manner, at address(0) and on.
func newSite(manners ...manner) *site {
	s := &site{secondaries: make(map[netip.AddrPort]*secondary)}
	s.Notifier = newNotifier(Options{Observe: func(e Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	}}, func(a netip.AddrPort) line {
		far := s.secondaries[a]
		far.mu.Lock()
		defer far.mu.Unlock()
		far.lines++
		return far
	})
	var addresses []netip.AddrPort
	for i, m := range manners {
		addresses = append(addresses, address(i))
		s.secondaries[address(i)] = newSecondary(m)
	}
	s.Configure(addresses)
	return s
}

// observed returns the events since the last call.
func (s *site) observed() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events
	s.events = nil
	return events
}

// tally counts events by kind.
type tally struct{ Acknowledged, Failed, GaveUp int }

func count(events []Event) (c tally) {
	for _, e := range events {
		switch {
		case e.GaveUp:
			c.GaveUp++
		case e.Err != nil:
			c.Failed++
		default:
			c.Acknowledged++
		}
	}
	return c
}

func address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 53)
}

func zones(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("z%d.example.org.", i)
	}
	return names
}

// bubble runs the test under a clock of its own.
func bubble(t *testing.T, test func(*testing.T)) { t.Helper(); synctest.Test(t, test) }

// pass lets time pass, and what is due then happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
