//go:build e2e && chaos

package test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

var (
	long64k  = strings.Repeat("0123456789abcdef", 4096)
	longLine = long64k[:1000] + "\r\n"
	chunked  = okHead + "Transfer-Encoding: chunked\r\n\r\n"
)

// harms are what hostile edges do in HTTP.
var harms = map[string]harm{
	"endless headers":                 forever(okHead, "X-Header: "+longLine),
	"one endless header":              forever(okHead+"X-Header: ", long64k),
	"an endless status line":          forever("HTTP/1.1 200 ", long64k),
	"endless informational responses": forever("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
	"an endless body":                 forever(okHead+"\r\n", long64k),
	"an endless chunked body":         forever(chunked, "10000\r\n"+long64k+"\r\n"),
	"an endless chunk extension":      forever(chunked+"10;", long64k),
	"endless trailers":                forever(chunked+chunk(objectBody)+"0\r\n", "X-Trailer: "+longLine),
	"a right body that does not end":  once(okHead + "\r\n" + objectBody),
	"a length of 9 exabytes":          forever(okHead+"Content-Length: 9223372036854775807\r\n\r\n", long64k),
	"a negative length":               once(okHead + "Content-Length: -1\r\n\r\n" + objectBody),
	"two lengths":                     once(okHead + "Content-Length: 1\r\nContent-Length: 33\r\n\r\n" + objectBody),
	"one byte a second":               drip(okHead + "\r\n" + objectBody),
	"a gigabyte of gzip":              bomb,
	"noise":                           first(noise(1<<16), hold),
	"another protocol":                once("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
	"silence":                         hold,
	"hanging up":                      hangUp,
	"resets":                          reset,
}

// secureHarms are what they do in TLS, record by record: type, version, length.
var secureHarms = map[string]harm{
	"noise for a handshake":          first(noise(1<<16), hold),
	"plain HTTP for a handshake":     first(okHead+"\r\n"+objectBody, hold),
	"a record of noise":              first("\x16\x03\x03\x40\x00"+noise(1<<14), hold),
	"a record longer than allowed":   first("\x16\x03\x03\xff\xff"+noise(1<<16), hold),
	"a handshake message of 16 MB":   first("\x16\x03\x03\x40\x00\x02\xff\xff\xff"+noise(1<<14-4), again("\x16\x03\x03\x40\x00"+noise(1<<14))),
	"endless warnings":               first("", again("\x15\x03\x03\x00\x02\x01\x00")),
	"endless empty records":          first("", again("\x16\x03\x03\x00\x00")),
	"a fatal alert":                  first("\x15\x03\x03\x00\x02\x02\x28", hold),
	"half a handshake, then nothing": first("\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03", hold),
	"silence after the hello":        first("", hold),
}

// memoryBound is by how much all hostile edges together may raise the memory of the server.
const memoryBound = 48 << 20

// TestChaosEdges puts edges that mean harm in the place of live ones, one after the other. Each must leave as a dead one
// does, and cost the server neither answers nor memory.
func TestChaosEdges(t *testing.T) {
	figures.Part(t)
	t.Run("http", func(t *testing.T) {
		t.Parallel()
		besiege(t, newSite(t, 5), harms, "edges: ")
	})
	t.Run("https", func(t *testing.T) {
		t.Parallel()
		st := newSite(t, 5)
		st.secure(t)
		besiege(t, st, secureHarms, "edges, TLS: ")
	})
}

func besiege(t *testing.T, st *site, harms map[string]harm, prefix string) {
	for name := range harms {
		figures.Expect(t, "faults", prefix+name)
	}
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	s.full(2)
	o := st.operator()
	start := s.peak()
	for name, does := range harms {
		t.Run(name, func(t *testing.T) {
			victim := st.at(s.full(2)[0])
			w := bearWitness(t, s)
			victim.set(t, refusing)
			tr := newTrap(t, net.JoinHostPort(victim.addr.String(), st.port), does)
			took := s.leaves(10*swapBound, victim.addr.String())
			set := s.full(2)
			eventually(t, patience, "the trap to be visited", func() bool { return tr.caught.Load() > 1 })
			outcome := o.edges()[victim.name].Outcome
			kept := st.saved(t, s)
			answers := w.answers()
			tr.close()
			victim.set(t, healthy)
			eventually(t, patience, "the edge to pass again", func() bool { return !o.edges()[victim.name].LastFailed })
			if outcome == "ok" || outcome == "" {
				t.Errorf("the outcome is %q, want a failure", outcome)
			}
			fault(t, prefix+name, answers, fmt.Sprintf("left after %s, as %s; %d others live", took.Round(100*time.Millisecond), outcome, len(set)),
				fmt.Sprintf("%s; %d kB taken of it a visit, %d MB resident at most so far", kept, tr.sent.Load()>>10/max(1, tr.caught.Load()), s.peak()>>20))
		})
	}
	if grown := s.peak() - start; grown > memoryBound {
		t.Errorf("hostile edges raised the memory by %d MB from %d MB, bound %d MB", grown>>20, start>>20, memoryBound>>20)
	}
}

var mostResident = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most that the process ever held, in bytes.
func (s *server) peak() int {
	s.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Fatal(err)
	}
	m := mostResident.FindSubmatch(status)
	if m == nil {
		s.t.Fatalf("no VmHWM in\n%s", status)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n << 10
}

// secure makes the edges of a site speak TLS.
func (s *site) secure(t *testing.T) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(newAuthority(t).issue(t, t.TempDir(), "edge", "www.example.org"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range s.edges {
		e.close()
		e.secure = &tls.Config{Certificates: []tls.Certificate{pair}}
		e.set(t, healthy)
	}
	s.with(fmt.Sprintf("object https://www.example.org:%s/object %s", s.port, s.path("object")), "insecure_skip_verify")
}
