//go:build e2e && chaos

package test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
	"github.com/miekg/dns"
)

// soakFor is how long TestSoak lasts; it is left out of other runs.
var soakFor = flag.Duration("soak", 0, "how long to soak")

// TestSoak runs two hundred edges that misbehave at random, at a short interval, with queries, transfers, edits and modes all
// the while. What the process holds must be flat.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		return
	}
	figures.Part(t)
	figures.Expect(t, "soak", append([]string{"lasted", "apex", "load"}, heldRows...)...)
	const edges = 200
	st := newSite(t, edges).with("interval 3s", "timeout 2s", "goodenough 1s", "edge_count 8", "max_changes 50 1m", "labels www")
	for _, e := range st.edges {
		e.slow(10 * time.Millisecond)
	}
	zones := []string{zone}
	for i := range 50 {
		zones = append(zones, fmt.Sprintf("zone%d.example.org.", i))
	}
	for _, z := range zones {
		st.include(z, "@ IN MX 10 mail\nmail IN A 198.51.100.7\n")
	}
	st.with("includes "+st.path("includes"), "zonefiles "+st.path("zonefiles"), "notify "+notified(t))
	metricsAt := "127.0.0.1:" + freePort(t)
	s := startServer(t, st.dir, block(".", "prometheus "+metricsAt, "transfer {\n        to 127.0.0.1\n    }", st.directive("main")))
	s.full(8)
	w, serials := bearWitness(t, s), watch(t, s)
	tr := newTrend(t, s, metricsAt)

	var others sync.WaitGroup
	done := make(chan struct{})
	every := func(d time.Duration, do func()) {
		others.Go(func() {
			tick := time.NewTicker(d)
			defer tick.Stop()
			for {
				select {
				case <-done:
					return
				case <-tick.C:
					do()
				}
			}
		})
	}
	var queries, transfers, modes atomic.Int64
	faults := make(chan string, 10)
	report := func(format string, args ...any) {
		select {
		case faults <- fmt.Sprintf(format, args...):
		default:
		}
	}
	for range 2 {
		every(2*time.Millisecond, func() {
			name := []string{"", "www.", "mail.", "none."}[rand.IntN(4)] + zones[rand.IntN(len(zones))]
			if _, err := s.exchange(name, []uint16{dns.TypeA, dns.TypeSOA, dns.TypeMX, dns.TypeANY}[rand.IntN(4)], 5*time.Second); err == nil {
				queries.Add(1)
			}
		})
	}
	every(500*time.Millisecond, func() {
		if n, err := transferLength(s.addr, zones[rand.IntN(len(zones))]); err != nil || n < 8 {
			report("a transfer: %d records, error %v", n, err)
			return
		}
		transfers.Add(1)
	})
	client := control.NewClient(st.path("state/control.sock"))
	every(700*time.Millisecond, func() {
		mode := []string{"available", "available", "unavailable", "force"}[rand.IntN(4)]
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		applied, err := client.SetMode(ctx, control.ModeRequest{Edge: st.edges[rand.IntN(40)].name, Mode: mode, Comment: "soak", For: "1m"})
		if mode == "available" {
			applied, err = client.SetMode(ctx, control.ModeRequest{Edge: st.edges[rand.IntN(40)].name, Mode: mode})
		}
		if err != nil || !applied.Saved {
			report("a mode: %+v, %v", applied.Why, err)
			return
		}
		modes.Add(1)
	})

	// Edges and edits are this goroutine's. A third of the edges always works.
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	looked, edits := time.Time{}, 0
	for start := time.Now(); time.Since(start) < *soakFor; <-tick.C {
		e := st.edges[rand.IntN(edges)]
		if rand.IntN(3) > 0 || slices.Index(st.edges, e)%3 == 0 {
			e.set(t, healthy)
			e.slow(rand.N(1500 * time.Millisecond))
		} else {
			e.set(t, []behaviour{hanging, serverError, wrongBody, redirecting, refusing}[rand.IntN(5)])
		}
		if rand.IntN(20) == 0 {
			st.include(zones[rand.IntN(len(zones))], fmt.Sprintf("@ IN MX 10 mail\nmail IN A 198.51.100.7\nedit IN TXT %d\n", edits))
			edits++
		}
		if time.Since(looked) > *soakFor/100 {
			tr.look()
			looked = time.Now()
		}
	}
	close(done)
	others.Wait()
	row := func(name, measured, bound string) { figures.Add(t, "soak", name, measured, bound) }
	answers := w.answers()
	serials.end()
	for _, f := range slices.Compact(serials.faults) {
		t.Error(f)
	}
	close(faults)
	for f := range faults {
		t.Error(f)
	}
	row("lasted", fmt.Sprintf("%s: %d edges each 3 s, %d zones", soakFor, edges, len(zones)), "20 minutes")
	row("apex", answers, "0 bad")
	row("load", fmt.Sprintf("%d other queries, %d transfers, %d modes, %d edits, %d changes of the set, %d serials", queries.Load(), transfers.Load(), modes.Load(), edits, s.setChanges(), len(serials.serials)), "no fault, no serial falls")
	tr.flat(row, 40, 0.2)
	// What awaitAnswers asks for is nobody's.
	errors := slices.DeleteFunc(s.lines("[ERROR]"), func(line string) bool { return strings.Contains(line, "version.bind") })
	if len(errors) > 0 {
		t.Errorf("the server's log has %d errors, the first: %s", len(errors), errors[0])
	}
}

// notified accepts every NOTIFY, and does nothing.
func notified(t *testing.T) (addr string) {
	t.Helper()
	at, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	server := &dns.Server{PacketConn: at, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) { _ = w.WriteMsg(new(dns.Msg).SetReply(q)) })}
	up := make(chan struct{})
	server.NotifyStartedFunc = func() { close(up) }
	go func() { _ = server.ActivateAndServe() }()
	<-up
	t.Cleanup(func() { _ = server.Shutdown() })
	return at.LocalAddr().String()
}

// transferLength is how many records a transfer has.
func transferLength(addr, zone string) (n int, err error) {
	m := new(dns.Msg)
	m.SetAxfr(zone)
	envelopes, err := (&dns.Transfer{DialTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second}).In(m, addr)
	if err != nil {
		return 0, err
	}
	for e := range envelopes {
		if e.Error != nil {
			err = e.Error
		}
		n += len(e.RR)
	}
	if err != nil && strings.Contains(err.Error(), "bad xfr rcode") {
		err = fmt.Errorf("transfer refused: %w", err)
	}
	return n, err
}
