//go:build e2e && bench

package test

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const (
	// lost is after what time without an answer a query is lost.
	lost = 5 * time.Second
	// catchUp is how far a client that the machine kept from asking may fall behind: what it is late with beyond that is not
	// sent in one go, which would overflow the socket of any server.
	catchUp = 10 * time.Millisecond
)

// load is what clients saw of a server that they asked at a fixed rate, whether it had answered or not: so a stall of the
// server is in the latency of every query sent meanwhile.
type load struct {
	latencies []time.Duration // of what was answered
	missing   int             // queries without an answer
	wrong     int             // answers that are no success, or empty
	first     string          // what was wrong first
}

func (l *load) add(other load) {
	l.latencies = append(l.latencies, other.latencies...)
	l.missing += other.missing
	l.wrong += other.wrong
	if l.first == "" {
		l.first = other.first
	}
}

// check fails the test for what must not be, at any speed. In a smoke run a busy machine may keep a server from its socket
// until that overflows.
func (l *load) check(t *testing.T, when string) {
	t.Helper()
	if l.missing > 0 && !smoke || l.wrong > 0 {
		t.Errorf("%s %d of %d queries were lost (the kernel has dropped %d at sockets that were full since it started) and %d answered wrongly, the first: %s",
			when, l.missing, len(l.latencies)+l.missing, dropped(), l.wrong, l.first)
	}
}

// dropped is how many packets over UDP the kernel has dropped because a socket was full.
func dropped() int {
	b, err := os.ReadFile("/proc/net/snmp")
	if err != nil {
		return -1
	}
	var names, values []string
	for line := range strings.Lines(string(b)) {
		if fields := strings.Fields(line); fields[0] == "Udp:" {
			names, values = values, fields
		}
	}
	n, err := strconv.Atoi(values[slices.Index(names, "RcvbufErrors")])
	if err != nil {
		return -1
	}
	return n
}

// put asks a server for names in turn, a number of times a second over a few sockets, as long as is said.
func put(t testing.TB, addr string, names []string, rate int, during time.Duration) load {
	t.Helper()
	const clients = 4
	var mu sync.Mutex
	var all load
	var asking sync.WaitGroup
	for i := range clients {
		asking.Go(func() {
			var own []string
			for j := i; j < len(names); j += clients {
				own = append(own, names[j])
			}
			if len(own) == 0 {
				own = names
			}
			l, err := putOne(addr, own, time.Second*clients/time.Duration(rate), during)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.add(l)
		})
	}
	asking.Wait()
	return all
}

// putOne is one client, with a query every so often.
func putOne(addr string, names []string, every, during time.Duration) (load, error) {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return load{}, fmt.Errorf("loading %s: %w", addr, err)
	}
	defer conn.Close()
	wires := make([][]byte, min(len(names), 1000))
	for i := range wires {
		m := new(dns.Msg).SetQuestion(dns.Fqdn(names[i*len(names)/len(wires)]), dns.TypeA)
		if wires[i], err = m.Pack(); err != nil {
			return load{}, fmt.Errorf("packing a query: %w", err)
		}
	}
	// Queries carry their number, modulo 65536, as their ID; at most half of the numbers may be out at once.
	n := int(during / every)
	sent, answered := make([]atomic.Int64, n), make([]time.Duration, n) // since the start
	start := time.Now()
	var l load
	var reading sync.WaitGroup
	reading.Go(func() {
		packet, got, next := make([]byte, 4096), 0, 0
		for got < n {
			size, err := conn.Read(packet)
			at := time.Now()
			if err != nil {
				return // the deadline, after which what is missing is lost
			}
			// The number nearest to the last one with this ID.
			i := next + int(int16(binary.BigEndian.Uint16(packet)-uint16(next)))
			if size < 12 || i < 0 || i >= n || answered[i] != 0 {
				continue
			}
			next, got = i, got+1
			answered[i] = max(at.Sub(start)-time.Duration(sent[i].Load()), 1)
			if rcode, records := packet[3]&15, binary.BigEndian.Uint16(packet[6:]); rcode != 0 || records == 0 {
				l.wrong++
				if l.first == "" {
					l.first = fmt.Sprintf("%s with %d answers", dns.RcodeToString[int(rcode)], records)
				}
			}
		}
	})
	var packet []byte
	due := start
	for i := range n {
		switch ahead := time.Until(due); {
		case ahead > 0:
			<-time.After(ahead)
		case ahead < -catchUp:
			due = time.Now() // nor would clients that were not on this machine
		}
		due = due.Add(every)
		packet = append(packet[:0], wires[i%len(wires)]...)
		binary.BigEndian.PutUint16(packet, uint16(i))
		sent[i].Store(int64(time.Since(start)))
		if _, err := conn.Write(packet); err != nil {
			return l, fmt.Errorf("asking %s: %w", addr, err)
		}
	}
	conn.SetReadDeadline(time.Now().Add(lost))
	reading.Wait()
	l.latencies = slices.DeleteFunc(answered, func(d time.Duration) bool { return d == 0 })
	l.missing = n - len(l.latencies)
	return l, nil
}
