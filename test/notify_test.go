//go:build e2e

package test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const (
	notifiedZones = 1000
	notifyBound   = 5 * time.Second // within what a live secondary has heard of all of them
)

// listener is a secondary that acknowledges each NOTIFY, remembers what it was told, and asks for nothing.
type listener struct {
	addr string

	mu    sync.Mutex
	heard map[string]uint32    // the serial last told of each zone
	when  map[string]time.Time // and when
}

func newListener(t testing.TB) *listener {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{addr: conn.LocalAddr().String(), heard: map[string]uint32{}, when: map[string]time.Time{}}
	started, served := make(chan struct{}), make(chan struct{})
	server := &dns.Server{PacketConn: conn, Handler: l, NotifyStartedFunc: func() { close(started) }}
	go func() {
		server.ActivateAndServe()
		close(served)
	}()
	<-started
	t.Cleanup(func() {
		server.Shutdown()
		<-served
	})
	return l
}

// ServeDNS implements dns.Handler.
func (l *listener) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	l.mu.Lock()
	for _, rr := range m.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			l.heard[m.Question[0].Name], l.when[m.Question[0].Name] = soa.Serial, time.Now()
		}
	}
	l.mu.Unlock()
	w.WriteMsg(new(dns.Msg).SetReply(m))
}

// of returns of how many zones a serial was heard, and when the last of them was.
func (l *listener) of(serial uint32) (n int, last time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for zone, s := range l.heard {
		if s == serial {
			n++
			if l.when[zone].After(last) {
				last = l.when[zone]
			}
		}
	}
	return n, last
}

// A dead secondary costs the others nothing: they hear of a change of every zone in time, also while much is still to be
// told to the dead one.
func TestDeadSecondary(t *testing.T) {
	t.Parallel()
	dead, err := net.ListenPacket("udp", "127.0.0.1:0") // nobody reads from it
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	first, second := newListener(t), newListener(t)
	metricsAt := "127.0.0.1:" + freePort(t)
	st := newSite(t, 4).with(fmt.Sprintf("notify %s %s %s", first.addr, dead.LocalAddr(), second.addr))
	zones := []string{zone}
	for i := range notifiedZones - 1 {
		zones = append(zones, fmt.Sprintf("zone%d.example.org", i))
	}
	s := startServer(t, st.dir, block(".", "prometheus "+metricsAt, st.directive("main", zones...)))
	s.full(2)
	for range 2 {
		out := s.apex()[0]
		st.at(out).set(t, serverError)
		s.leaves(10*swapBound, out)
		changed := st.rotated()
		for _, l := range []*listener{first, second} {
			sees(t, 10*notifyBound, l.addr+" to hear of every zone", func() int {
				n, _ := l.of(s.serial())
				return n
			}, func(n int) bool { return n == notifiedZones })
			_, last := l.of(s.serial())
			t.Logf("a live secondary has heard of %d zones %s after their change, bound %s", notifiedZones, last.Sub(changed).Round(time.Millisecond), notifyBound)
		}
		st.at(out).set(t, healthy)
	}
	// The dead one is counted, and only it.
	failures := func(to string) float64 {
		v, _ := metric(t, metricsAt, "notify_errors_total", label("address", to))
		return v
	}
	sees(t, patience, "the failures to be counted", func() float64 { return failures(dead.LocalAddr().String()) }, func(v float64) bool { return v > 0 })
	for _, l := range []*listener{first, second} {
		if got := failures(l.addr); got != 0 {
			t.Errorf("%v failures are counted of a live secondary, want none", got)
		}
	}
}
