package prober

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/miekg/dns"
)

// zone is what a fake recursive server knows: records, and for some name and type the code it answers with instead.
type zone struct {
	records []string
	codes   map[string]int // by "name TYPE"
}

func (z zone) answer(req *dns.Msg) *dns.Msg {
	q := req.Question[0]
	m := new(dns.Msg).SetReply(req)
	m.RecursionAvailable = true
	if code, ok := z.codes[q.Name+" "+dns.TypeToString[q.Qtype]]; ok {
		m.Rcode = code
		return m
	}
	m.Rcode = dns.RcodeNameError
	for _, text := range z.records {
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(err)
		}
		if rr.Header().Name == q.Name {
			m.Rcode = dns.RcodeSuccess
			if rr.Header().Rrtype == q.Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	return m
}

// serveDNS answers on a UDP port of 127.0.0.1 and returns a resolver that asks nobody else.
func serveDNS(t *testing.T, z zone) *Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started, done := make(chan struct{}), make(chan error)
	server := &dns.Server{
		PacketConn:        pc,
		NotifyStartedFunc: func() { close(started) },
		Handler:           dns.HandlerFunc(func(w dns.ResponseWriter, req *dns.Msg) { w.WriteMsg(z.answer(req)) }),
	}
	go func() { done <- server.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		server.Shutdown()
		<-done
	})
	return NewResolver(&net.Resolver{PreferGo: true, StrictErrors: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", pc.LocalAddr().String())
		}})
}

func TestResolve(t *testing.T) {
	resolver := serveDNS(t, zone{
		records: []string{
			"both.example. A 192.0.2.1", "both.example. AAAA 2001:db8::1",
			"four.example. A 192.0.2.1",
			"six.example. AAAA 2001:db8::1",
			"several.example. A 192.0.2.30", "several.example. A 192.0.2.4", "several.example. A 192.0.2.100",
			"several.example. AAAA 2001:db8::b", "several.example. AAAA 2001:db8::a",
			"twice.example. A 192.0.2.1", "twice.example. A 192.0.2.1",
			"text.example. TXT hello",
			"fail6.example. A 192.0.2.1",
			"fail4.example. AAAA 2001:db8::1",
			"lone.example. TXT hello",
			"refused6.example. A 192.0.2.1",
			"zero.example. A 0.0.0.0", "zero.example. AAAA ::",
			"zero4.example. A 0.0.0.0", "zero4.example. AAAA 2001:db8::1",
			"amongothers.example. A 0.0.0.0", "amongothers.example. A 192.0.2.1",
			"multicast.example. A 224.0.0.1", "multicast.example. AAAA ff02::1",
			"broadcast.example. A 255.255.255.255",
			"loopback.example. A 127.0.0.1", "loopback.example. AAAA ::1",
			"mapped.example. A 192.0.2.1", "mapped.example. AAAA ::ffff:192.0.2.9",
		},
		codes: map[string]int{
			"fail6.example. AAAA": dns.RcodeServerFailure, "fail4.example. A": dns.RcodeServerFailure,
			"fail.example. A": dns.RcodeServerFailure, "fail.example. AAAA": dns.RcodeServerFailure,
			"lone.example. A": dns.RcodeServerFailure, "refused6.example. AAAA": dns.RcodeRefused,
		},
	})
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tc := range []struct {
		host string
		want Resolution
		err  []string // that the error contains, in order
	}{
		{host: "both.example.", want: Resolution{V4: v4, V6: v6}},
		{host: "both.example", want: Resolution{V4: v4, V6: v6}},
		{host: "four.example.", want: Resolution{V4: v4}},
		{host: "six.example.", want: Resolution{V6: v6}},
		{host: "several.example.", want: Resolution{V4: netip.MustParseAddr("192.0.2.4"), Several4: true,
			V6: netip.MustParseAddr("2001:db8::a"), Several6: true}},
		{host: "twice.example.", want: Resolution{V4: v4}},
		{host: "fail6.example.", want: Resolution{V4: v4, Stale6: true}},
		{host: "fail4.example.", want: Resolution{V6: v6, Stale4: true}},
		{host: "refused6.example.", want: Resolution{V4: v4, Stale6: true}},
		{host: "zero4.example.", want: Resolution{V6: v6, Stale4: true}},
		{host: "loopback.example.", want: Resolution{V4: loopback, V6: netip.MustParseAddr("::1")}},
		{host: "mapped.example.", want: Resolution{V4: v4}},
		{host: "192.0.2.1", want: Resolution{V4: v4}},
		{host: "2001:db8::1", want: Resolution{V6: v6}},
		{host: "::ffff:192.0.2.1", want: Resolution{V4: v4}},

		{host: "nx.example.", err: []string{`resolving "nx.example.": A: `, "no such host", "; AAAA: ", "no such host"}},
		{host: "text.example.", err: []string{"no such host", "no such host"}},
		{host: "fail.example.", err: []string{"server misbehaving", "server misbehaving"}},
		{host: "lone.example.", err: []string{"server misbehaving", "no such host"}},
		{host: "zero.example.", err: []string{"answer has 0.0.0.0, which is not", "answer has ::, which is not"}},
		{host: "amongothers.example.", err: []string{"answer has 0.0.0.0, which is not", "no such host"}},
		{host: "multicast.example.", err: []string{"answer has 224.0.0.1", "answer has ff02::1"}},
		{host: "broadcast.example.", err: []string{"answer has 255.255.255.255", "no such host"}},
		{host: "no such name", err: []string{`resolving "no such name"`}},
		{host: "", err: []string{`resolving ""`}},
		{host: "0.0.0.0", err: []string{`resolving "0.0.0.0": not the address of a host`}},
	} {
		t.Run(tc.host, func(t *testing.T) {
			got := resolver.Resolve(t.Context(), tc.host)
			checkResolution(t, got, tc.want)
			rest := text(got.Err)
			if (rest == "") != (tc.err == nil) {
				t.Errorf("error is %v, expected %q", got.Err, tc.err)
			}
			for _, part := range tc.err {
				var ok bool
				if _, rest, ok = strings.Cut(rest, part); !ok {
					t.Errorf("error is %v, expected %q in it", got.Err, part)
				}
			}
		})
	}
}

// checkResolution compares all but the time and the error.
func checkResolution(t *testing.T, got, want Resolution) {
	t.Helper()
	got.Took, got.Err = 0, nil
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("resolution (-want +got):\n%s", diff)
	}
}

// A server that never answers for one family, or answers it late, costs that family alone. In fake time, over pipes.
func TestResolveSlowly(t *testing.T) {
	z := zone{records: []string{"both.example. A 192.0.2.1", "both.example. AAAA 2001:db8::1"}}
	v4, v6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	const timeout = 4 * time.Second
	never := time.Hour
	for _, tc := range []struct {
		name  string
		a, aa time.Duration // delay of the answers
		want  Resolution
		took  time.Duration
		err   bool
	}{
		{name: "together", a: time.Second, aa: time.Second, want: Resolution{V4: v4, V6: v6}, took: time.Second},
		{name: "AAAA late", a: time.Second, aa: 3 * time.Second, want: Resolution{V4: v4, V6: v6}, took: 3 * time.Second},
		{name: "AAAA never", aa: never, want: Resolution{V4: v4, Stale6: true}, took: timeout},
		{name: "A never", a: never, want: Resolution{V6: v6, Stale4: true}, took: timeout},
		{name: "nothing", a: never, aa: never, took: timeout, err: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				resolver := NewResolver(&net.Resolver{PreferGo: true, StrictErrors: true,
					Dial: func(context.Context, string, string) (net.Conn, error) {
						near, far := net.Pipe()
						go answerPiped(far, z, map[uint16]time.Duration{dns.TypeA: tc.a, dns.TypeAAAA: tc.aa})
						return near, nil
					}})
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				got := resolver.Resolve(ctx, "both.example.")
				checkResolution(t, got, tc.want)
				wait(time.Minute) // net ends an abandoned query by its own timeout only
				if got.Took != tc.took || (got.Err != nil) != tc.err {
					t.Errorf("took %v with error %v, expected %v", got.Took, got.Err, tc.took)
				}
			})
		})
	}
}

// answerPiped answers the one query on conn, framed as over TCP, after the delay for its type or not at all once conn
// is closed.
func answerPiped(conn net.Conn, z zone, delays map[uint16]time.Duration) {
	defer conn.Close()
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return
	}
	req := new(dns.Msg)
	if err := req.Unpack(query); err != nil {
		return
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		io.Copy(io.Discard, conn)
	}()
	select {
	case <-closed:
		return
	case <-time.After(delays[req.Question[0].Qtype]):
	}
	answer, err := z.answer(req).Pack()
	if err != nil {
		panic(err)
	}
	conn.Write(slices.Concat(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer))
	conn.Close()
	<-closed
}

// A name with a dot is whole: the search list of this host is not for it.
func TestAbsolute(t *testing.T) {
	for host, want := range map[string]string{
		"edge1": "edge1", "edge1.example": "edge1.example.", "edge1.example.net": "edge1.example.net.", "edge1.example.": "edge1.example.",
	} {
		t.Run(host, func(t *testing.T) {
			if got := absolute(host); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
