//go:build e2e

package test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A shortened flood of each kind; make chaos has longer ones, over which memory must be flat.
const shortFlood = 3 * time.Second

// Packets that are nearly queries, names that nobody has, and connections that say nothing: the server goes on answering,
// does not panic (its log says so) and lets go of what it was made to hold.
func TestHostileQueries(t *testing.T) {
	t.Parallel()
	_, s := hostile(t, corednsPath)
	before := s.descriptors()
	t.Log(s.mutants(shortFlood, nil))
	t.Log(s.strangers(shortFlood, nil))
	t.Log(s.crowd(200))
	eventually(t, patience, "the descriptors of connections to be given back", func() bool { return s.descriptors() < before+20 })
}

// descriptors is how many files and sockets the server has open.
func (s *server) descriptors() int {
	s.t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(open)
}

// seedOfMutants makes a failure come again.
var seedOfMutants = rand.Uint64()

// mutant is a packet, or parts of two, with a few bytes otherwise.
func mutant(r *rand.Rand) []byte {
	of := func() []byte { return packets[r.IntN(len(packets))].packet }
	b := slices.Clone(of())
	if r.IntN(4) == 0 {
		other := of()
		b = append(b[:r.IntN(len(b)+1)], other[r.IntN(len(other)+1):]...)
	}
	if r.IntN(8) == 0 {
		b = b[:r.IntN(len(b)+1)]
	}
	b = b[:min(len(b), 1500)]
	for range r.IntN(6) {
		if len(b) > 0 {
			b[r.IntN(len(b))] = byte(r.IntN(256))
		}
	}
	if len(b) > 3 && r.IntN(4) > 0 {
		b[2] &^= 0xf8 // a query, or it is hardly looked at
	}
	return b
}

// mutants sends packets that are nearly queries, half of them by TCP. After every few a good query must be answered as ever,
// which also keeps the server from being sent more than it takes. each is called now and then.
func (s *server) mutants(during time.Duration, each func()) string {
	t := s.t
	t.Helper()
	t.Logf("the seed of the packets is %d", seedOfMutants)
	r := rand.New(rand.NewPCG(seedOfMutants, 0))
	live, sent := s.apex(), 0
	udp, err := net.Dial("udp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for start := time.Now(); time.Since(start) < during; {
		for range 32 {
			if _, err := udp.Write(mutant(r)); err != nil {
				t.Fatal(err)
			}
			sent++
		}
		sent += s.stream(r)
		if now := s.apex(); !slices.Equal(now, live) {
			t.Fatalf("the apex is %v after %d packets, was %v", now, sent, live)
		}
		if each != nil {
			each()
		}
	}
	return fmt.Sprintf("%d packets that are nearly queries, and every good query between them was answered", sent)
}

// stream sends packets by one TCP connection until the server ends it, some with a length that is not theirs.
func (s *server) stream(r *rand.Rand) (sent int) {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", s.addr, patience)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	for range 32 {
		b := mutant(r)
		length := len(b)
		if r.IntN(16) == 0 {
			length = r.IntN(1 << 16)
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(length)), b...)); err != nil {
			return sent
		}
		sent++
	}
	return sent
}

var responseCode = regexp.MustCompile(`([A-Z]+) (\d+) \(`)

// strangers asks for random names, in our zones and nowhere, of every type, as fast as answers come.
func (s *server) strangers(during time.Duration, each func()) string {
	t := s.t
	t.Helper()
	const names = 50_000
	r := rand.New(rand.NewPCG(seedOfMutants, 1))
	types := slices.Sorted(maps.Keys(dns.StringToType))
	types = slices.DeleteFunc(types, func(name string) bool {
		// Those that dnsperf does not know, and those that are no queries.
		return slices.Contains([]string{"None", "Reserved", "ISDN", "NSAP-PTR", "AXFR", "IXFR", "OPT", "TSIG", "TKEY", "ANY", "NXNAME"}, name)
	})
	var b strings.Builder
	for range names {
		for range r.IntN(5) {
			label := make([]byte, 1+r.IntN(20))
			for i := range label {
				label[i] = "abcdefghijklmnopqrstuvwxyz0123456789-_"[r.IntN(38)]
			}
			b.Write(label)
			b.WriteByte('.')
		}
		fmt.Fprintf(&b, "%s %s\n", []string{"example.org.", "wild.example.org.", "cut.example.org.", "old.example.org.", "example.net.", "nowhere."}[r.IntN(6)], types[r.IntN(len(types))])
	}
	queries := filepath.Join(t.TempDir(), "queries")
	if err := os.WriteFile(queries, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(s.addr)
	codes := map[string]int{}
	for start := time.Now(); time.Since(start) < during; {
		part := max(1, min(3, int((during-time.Since(start)).Seconds())))
		out, status := runProgram(t, "", "dnsperf", "-s", host, "-p", port, "-d", queries, "-l", strconv.Itoa(part), "-c", "8", "-q", "100")
		counts := responseCode.FindAllStringSubmatch(out, -1)
		if status != 0 || len(counts) == 0 || strings.Contains(out, "SERVFAIL") || strings.Contains(out, "Warning") {
			t.Fatalf("dnsperf ended with %d:\n%s", status, out)
		}
		for _, c := range counts {
			n, _ := strconv.Atoi(c[2])
			codes[c[1]] += n
		}
		if each != nil {
			each()
		}
	}
	return "random names and types: " + strings.Trim(fmt.Sprint(codes), "map[]")
}

// crowd opens connections that send nothing, half a length, or half a query, and leaves them so while good queries are
// answered by both transports.
func (s *server) crowd(connections int) string {
	t := s.t
	t.Helper()
	good := new(dns.Msg).SetQuestion(zone, dns.TypeA)
	wire, err := good.Pack()
	if err != nil {
		t.Fatal(err)
	}
	wire = append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
	for i := range connections {
		c, err := net.DialTimeout("tcp", s.addr, patience)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		defer c.Close()
		if _, err := c.Write(wire[:[]int{0, 1, 2, len(wire) - 1}[i%4]]); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	s.full(2)
	c := &dns.Client{Net: "tcp", Timeout: patience}
	m, took, err := c.Exchange(good, s.addr)
	if err != nil || len(m.Answer) != 2 {
		t.Errorf("beside %d connections that are silent a good one is answered by %v, %v", connections, m, err)
	}
	return fmt.Sprintf("beside %d connections that are silent a good one is answered in %s", connections, took.Round(time.Microsecond))
}
