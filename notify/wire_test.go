package notify

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// within is how long a test waits at most for what must come soon.
const within = 30 * time.Second

// serve starts a secondary on a loopback address, which ends with the test.
func serve(t *testing.T, host string, handle dns.HandlerFunc) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	server := &dns.Server{
		PacketConn: conn, Handler: handle, NotifyStartedFunc: func() { close(started) },
		// The default answers NOTIFYs of some shapes by itself.
		MsgAcceptFunc: func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// respond answers with the code.
func respond(code int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, m *dns.Msg) { w.WriteMsg(new(dns.Msg).SetRcode(m, code)) }
}

func silent(dns.ResponseWriter, *dns.Msg) {}

// TestMessage compares what arrives at a secondary.
func TestMessage(t *testing.T) {
	const header = ";; opcode: NOTIFY, status: NOERROR, id: 0\n;; flags: aa; QUERY: 1, ANSWER: "
	const question = ", AUTHORITY: 0, ADDITIONAL: 0\n\n;; QUESTION SECTION:\n;example.org.\tIN\t SOA\n"
	tests := []struct {
		name, host, zone string
		serial           func(string) uint32
		want             string
	}{
		{"with a serial", "127.0.0.1", "example.org.", func(string) uint32 { return 1700000001 },
			header + "1" + question + "\n;; ANSWER SECTION:\nexample.org.\t0\tIN\tSOA\t. . 1700000001 0 0 0 0\n"},
		{"over IPv6", "::1", "example.org.", func(string) uint32 { return 4294967295 },
			header + "1" + question + "\n;; ANSWER SECTION:\nexample.org.\t0\tIN\tSOA\t. . 4294967295 0 0 0 0\n"},
		{"serial unknown", "127.0.0.1", "example.org.", func(string) uint32 { return 0 }, header + "0" + question},
		{"no serials", "127.0.0.1", "example.org.", nil, header + "0" + question},
		{"zone without the last dot", "127.0.0.1", "example.org", nil, header + "0" + question},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			arrived := make(chan *dns.Msg, 1)
			a := serve(t, tt.host, func(w dns.ResponseWriter, m *dns.Msg) {
				arrived <- m.Copy()
				respond(dns.RcodeSuccess)(w, m)
			})
			events := make(chan Event, 1)
			n := New(Options{Observe: func(e Event) { events <- e }})
			defer n.Close()
			n.Configure([]netip.AddrPort{a})
			n.Notify([]string{tt.zone}, tt.serial)
			m := <-arrived
			m.Id = 0
			if diff := cmp.Diff(tt.want, m.String()); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if e := <-events; e != (Event{Address: a, Zone: tt.zone}) {
				t.Errorf("event: %+v", e)
			}
		})
	}
}

// TestAnswers has a secondary that answers in some way, and the error that comes of it.
func TestAnswers(t *testing.T) {
	// changed answers NOERROR, but for one thing, and then rightly.
	changed := func(change func(*dns.Msg)) dns.HandlerFunc {
		return func(w dns.ResponseWriter, m *dns.Msg) {
			wrong := new(dns.Msg).SetReply(m)
			change(wrong)
			w.WriteMsg(wrong)
		}
	}
	then := func(first, second dns.HandlerFunc) dns.HandlerFunc {
		return func(w dns.ResponseWriter, m *dns.Msg) { first(w, m); second(w, m) }
	}
	right := respond(dns.RcodeSuccess)
	otherID := changed(func(m *dns.Msg) { m.Id++ })
	request := changed(func(m *dns.Msg) { m.Response = false })
	otherName := changed(func(m *dns.Msg) { m.Question[0].Name = "example.net." })
	otherType := changed(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeA })
	garbage := func(w dns.ResponseWriter, m *dns.Msg) { w.Write([]byte("garbage")) }
	tests := []struct {
		name     string
		handle   dns.HandlerFunc
		answered bool
		err      string // "" is an acknowledgement
	}{
		{"NOERROR", right, true, ""},
		{"without a question", changed(func(m *dns.Msg) { m.Question = nil }), true, ""},
		{"question in another case", changed(func(m *dns.Msg) { m.Question[0].Name = "EXAMPLE.org." }), true, ""},
		{"not authoritative", changed(func(m *dns.Msg) { m.Authoritative = false }), true, ""},
		{"REFUSED", respond(dns.RcodeRefused), true, "answer is REFUSED"},
		{"NOTIMP", respond(dns.RcodeNotImplemented), true, "answer is NOTIMP"},
		{"NOTAUTH", respond(dns.RcodeNotAuth), true, "answer is NOTAUTH"},
		{"SERVFAIL", respond(dns.RcodeServerFailure), true, "answer is SERVFAIL"},
		{"opcode of a query", changed(func(m *dns.Msg) { m.Opcode = dns.OpcodeQuery }), true, "answer has the opcode QUERY"},
		{"nothing", silent, false, "no answer within "},
		{"wrong ID", otherID, false, "but a message with another ID"},
		{"request", request, false, "but a message that is no response"},
		{"wrong name", otherName, false, "but a response to another question"},
		{"wrong type", otherType, false, "but a response to another question"},
		{"garbage", garbage, false, "but a message that cannot be read: "},
		{"wrong ID, then right", then(otherID, right), true, ""},
		{"garbage, then right", then(garbage, right), true, ""},
		{"wrong name, then REFUSED", then(otherName, respond(dns.RcodeRefused)), true, "answer is REFUSED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &udpLine{address: serve(t, "127.0.0.1", tt.handle), timeout: within}
			defer l.close()
			if !tt.answered {
				l.timeout = 10 * time.Millisecond
			}
			answered, err := l.exchange(t.Context(), message("example.org.", nil))
			// What comes in on a busy machine may take longer than that.
			for err != nil && !strings.Contains(err.Error(), tt.err) && l.timeout < within {
				l.timeout *= 2
				answered, err = l.exchange(t.Context(), message("example.org.", nil))
			}
			if answered != tt.answered {
				t.Errorf("answered: %v, want %v", answered, tt.answered)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error: %v, want %q", err, tt.err)
			}
		})
	}
}

// TestSocketAfterFailure has a secondary that does not answer in time for the first zone. If it did answer late, when the
// line is sending another zone, that would meet the closed socket of the first.
func TestSocketAfterFailure(t *testing.T) {
	sockets := make(chan string, 1)
	a := serve(t, "127.0.0.1", func(w dns.ResponseWriter, m *dns.Msg) {
		sockets <- w.RemoteAddr().String()
		if m.Question[0].Name != "late.example.org." {
			respond(dns.RcodeSuccess)(w, m)
		}
	})
	l := &udpLine{address: a, timeout: 10 * time.Millisecond}
	defer l.close()
	if _, err := l.exchange(t.Context(), message("late.example.org.", nil)); err == nil {
		t.Fatal("the first exchange succeeded")
	}
	first := <-sockets
	l.timeout = within
	var next [2]string
	for i := range next {
		if _, err := l.exchange(t.Context(), message("example.org.", nil)); err != nil {
			t.Fatal(err)
		}
		next[i] = <-sockets
	}
	if first == next[0] {
		t.Errorf("the socket of the failed exchange, %s, was used again", first)
	}
	if next[0] != next[1] {
		t.Errorf("the exchanges that succeeded had the sockets %v, want the same one", next)
	}
}

func TestClosedPort(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	conn.Close()
	l := &udpLine{address: a, timeout: within}
	defer l.close()
	answered, err := l.exchange(t.Context(), message("example.org.", nil))
	if answered || err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, %v; want the system's refusal", answered, err)
	}
}

func TestExchangeEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := serve(t, "127.0.0.1", func(dns.ResponseWriter, *dns.Msg) { cancel() })
	l := &udpLine{address: a, timeout: time.Hour}
	defer l.close()
	if _, err := l.exchange(ctx, message("example.org.", nil)); err == nil {
		t.Error("the exchange succeeded")
	}
}

// TestThousandZones is what the package is for: of three secondaries one is dead, and the others hear of a change in
// 1,000 zones in time. 10,000 are more than the buffer of a socket holds, and all arrive at the first try.
func TestThousandZones(t *testing.T) {
	for _, count := range []int{1000, 10_000} {
		t.Run(strconv.Itoa(count), func(t *testing.T) {
			var failures atomic.Int64
			dead := serve(t, "127.0.0.1", silent)
			done := make(chan Event, 2*count)
			n := New(Options{Observe: func(e Event) {
				switch {
				case e.Address == dead:
				case e.Err != nil:
					failures.Add(1)
				default:
					done <- e
				}
			}})
			defer n.Close()
			n.Configure([]netip.AddrPort{dead, serve(t, "127.0.0.1", respond(dns.RcodeSuccess)), serve(t, "::1", respond(dns.RcodeSuccess))})
			deadline := time.After(within)
			if count == 1000 {
				deadline = time.After(5 * time.Second)
			}
			n.Notify(zones(count), func(string) uint32 { return 7 })
			for i := range 2 * count {
				select {
				case <-done:
				case <-deadline:
					t.Fatalf("%d of %d messages were acknowledged in time", i, 2*count)
				}
			}
			if got := failures.Load(); got != 0 {
				t.Errorf("%d tries failed", got)
			}
			if got := n.Pending()[dead]; got != count {
				t.Errorf("pending of the dead one: %d, want %d", got, count)
			}
		})
	}
}
