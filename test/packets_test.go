//go:build e2e

package test

import (
	"encoding/binary"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// header is the first 12 bytes of a message (RFC 1035, 4.1.1), with the id left 0.
func header(flags, questions, answers, authorities, extras uint16) []byte {
	var b []byte
	for _, v := range []uint16{0, flags, questions, answers, authorities, extras} {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// asks is a question: a name on the wire, a type and a class.
func asks(name string, qtype, class uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte(name), qtype), class)
}

func bytesOf(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

const (
	wireApex = "\x07example\x03org\x00"
	silence  = "-"
)

// packets are queries as no resolver makes them. Answers are rcodes, silence, or a choice of them; a message that is no query
// is met by silence, since an answer could be the next one's query.
var packets = []struct {
	name   string
	packet []byte
	want   string
}{
	{"nothing", nil, silence},
	{"a byte", []byte{0}, silence},
	{"less than a header", header(0, 1, 0, 0, 0)[:11], silence},
	{"a header alone", header(0, 1, 0, 0, 0), "FORMERR|SERVFAIL"},
	{"no question", header(0, 0, 0, 0, 0), "FORMERR"},
	{"no question, with records", bytesOf(header(0, 0, 1, 0, 0), "\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00"), "FORMERR"},
	{"two questions", bytesOf(header(0, 2, 0, 0, 0), asks(wireApex, dns.TypeA, 1), asks(wireApex, dns.TypeAAAA, 1)), "FORMERR"},
	{"65,535 questions", bytesOf(header(0, 65535, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "FORMERR"},
	{"65,535 of everything", header(0, 65535, 65535, 65535, 65535), "FORMERR"},
	{"65,535 extra records", bytesOf(header(0, 1, 0, 0, 65535), asks(wireApex, dns.TypeA, 1)), "FORMERR"},
	{"a response", bytesOf(header(0x8000, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), silence},
	{"a response that is refused", header(0x8005, 0, 0, 0, 0), silence},
	{"IQUERY", bytesOf(header(1<<11, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "NOTIMP"},
	{"STATUS", bytesOf(header(2<<11, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "NOTIMP"},
	{"opcode 3", bytesOf(header(3<<11, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "NOTIMP"},
	{"NOTIFY", bytesOf(header(4<<11, 1, 0, 0, 0), asks(wireApex, dns.TypeSOA, 1)), "NOTIMP|REFUSED|NOTAUTH|SERVFAIL|NOERROR"},
	{"UPDATE", bytesOf(header(5<<11, 1, 0, 0, 0), asks(wireApex, dns.TypeSOA, 1)), "NOTIMP"},
	{"opcode 15", bytesOf(header(15<<11, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "NOTIMP"},
	{"every flag of a query", bytesOf(header(0x07ff&^0x400f, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "NOERROR"},
	{"an rcode in a query", bytesOf(header(0x000f, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1)), "NOERROR"},
	{"half a question", bytesOf(header(0, 1, 0, 0, 0), wireApex, "\x00"), "FORMERR"},
	{"a name without end", bytesOf(header(0, 1, 0, 0, 0), "\x07example"), "FORMERR"},
	{"a label over the end", bytesOf(header(0, 1, 0, 0, 0), "\x3fexample"), "FORMERR"},
	{"a pointer to itself", bytesOf(header(0, 1, 0, 0, 0), asks("\xc0\x0c", dns.TypeA, 1)), "FORMERR"},
	{"two pointers in a circle", bytesOf(header(0, 1, 0, 0, 0), asks("\x01a\xc0\x10\xc0\x0c", dns.TypeA, 1)), "FORMERR"},
	{"a pointer ahead", bytesOf(header(0, 1, 0, 0, 0), asks("\xc0\x20", dns.TypeA, 1), wireApex), "FORMERR|REFUSED"},
	{"a pointer over the end", bytesOf(header(0, 1, 0, 0, 0), asks("\xff\xff", dns.TypeA, 1)), "FORMERR"},
	{"a pointer into the header", bytesOf(header(0, 1, 0, 0, 0), asks("\xc0\x00", dns.TypeA, 1)), "FORMERR|REFUSED"},
	{"half a pointer", bytesOf(header(0, 1, 0, 0, 0), "\xc0"), "FORMERR"},
	{"a label of type 01", bytesOf(header(0, 1, 0, 0, 0), asks("\x41\x01\x00", dns.TypeA, 1)), "FORMERR"},
	{"a label of type 10", bytesOf(header(0, 1, 0, 0, 0), asks("\x80\x01\x00", dns.TypeA, 1)), "FORMERR"},
	{"a name of 256 octets", bytesOf(header(0, 1, 0, 0, 0), asks(strings.Repeat("\x3f"+strings.Repeat("x", 63), 4)+"\x00", dns.TypeA, 1)), "FORMERR"},
	{"a name of 253 octets", bytesOf(header(0, 1, 0, 0, 0), asks(strings.Repeat("\x3f"+strings.Repeat("x", 63), 3)+"\x2f"+strings.Repeat("x", 47)+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"120 labels", bytesOf(header(0, 1, 0, 0, 0), asks(strings.Repeat("\x01x", 115)+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"NUL in a label", bytesOf(header(0, 1, 0, 0, 0), asks("\x03a\x00b"+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"a dot in a label", bytesOf(header(0, 1, 0, 0, 0), asks("\x0bexample.org\x00", dns.TypeA, 1)), "REFUSED"},
	{"a dot before the apex", bytesOf(header(0, 1, 0, 0, 0), asks("\x04www."+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"a backslash", bytesOf(header(0, 1, 0, 0, 0), asks("\x01\\"+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"a line of a log", bytesOf(header(0, 1, 0, 0, 0), asks("\x11\r\n[ERROR] forged!"+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"bytes over ASCII", bytesOf(header(0, 1, 0, 0, 0), asks("\x04\xff\xfe\x80\xe2"+wireApex, dns.TypeA, 1)), "NXDOMAIN"},
	{"the apex in capitals", bytesOf(header(0, 1, 0, 0, 0), asks("\x07EXAMPLE\x03oRg\x00", dns.TypeA, 1)), "NOERROR"},
	{"the root", bytesOf(header(0, 1, 0, 0, 0), asks("\x00", dns.TypeNS, 1)), "REFUSED"},
	{"type 0", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, 0, 1)), "NOERROR|FORMERR|NOTIMP"},
	{"type 65535", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, 65535, 1)), "NOERROR"},
	{"type OPT", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeOPT, 1)), "NOERROR|FORMERR|NOTIMP"},
	{"type TSIG", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeTSIG, 1)), "NOERROR|FORMERR|NOTIMP"},
	{"type MAILB", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeMAILB, 1)), "NOERROR|NOTIMP"},
	{"AXFR without transfer", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeAXFR, 1)), "REFUSED|NOTIMP|SERVFAIL"},
	{"IXFR without a serial", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeIXFR, 1)), "REFUSED|NOTIMP|SERVFAIL|FORMERR"},
	{"class 0", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 0)), "REFUSED|FORMERR"},
	{"class CH", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, dns.ClassCHAOS)), "REFUSED|NOERROR"},
	{"class HS", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, dns.ClassHESIOD)), "REFUSED"},
	{"class NONE", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, dns.ClassNONE)), "REFUSED"},
	{"class ANY", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, dns.ClassANY)), "REFUSED"},
	{"class 65535", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 65535)), "REFUSED"},
	{"bytes after the question", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1), strings.Repeat("\xff", 400)), "NOERROR|FORMERR"},
	{"an answer in a query", bytesOf(header(0, 1, 1, 0, 0), asks(wireApex, dns.TypeA, 1), "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"), "NOERROR|FORMERR"},
	{"an address of three bytes", bytesOf(header(0, 1, 1, 0, 0), asks(wireApex, dns.TypeA, 1), "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x03\x7f\x00\x00"), "FORMERR"},
	{"EDNS", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"), "NOERROR"},
	{"EDNS for no byte", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x00\x00\x00\x00\x00\x00\x00\x00"), "NOERROR"},
	{"EDNS of version 1", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x01\x00\x00\x00\x00"), "BADSIG"},               // 16, which is BADVERS too
	{"EDNS of version 255, every flag", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\xff\xff\xff\xff\xff\xff\x00\x00"), "BADSIG"}, // 16, which is BADVERS too
	{"two OPT", bytesOf(header(0, 1, 0, 0, 2), asks(wireApex, dns.TypeA, 1), strings.Repeat("\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00", 2)), "NOERROR|FORMERR"},
	{"an OPT of the apex", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\xc0\x0c\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"), "NOERROR|FORMERR"},
	{"an OPT among the answers", bytesOf(header(0, 1, 1, 0, 0), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"), "NOERROR|FORMERR"},
	{"an OPT over the end", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\xff\xff"), "FORMERR"},
	{"an option over the end of OPT", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x04\x00\x03\x00\xff"), "FORMERR"},
	{"half an option", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x03\x00\x03\x00"), "FORMERR"},
	{"a cookie of a byte", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x05\x00\x0a\x00\x01x"), "NOERROR|FORMERR"},
	{"a client subnet of no family", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x08\x00\x08\x00\x04\x00\x63\xff\xff"), "NOERROR|FORMERR"},
	{"an option that nobody knows", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1), "\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x06\xff\xf0\x00\x02xy"), "NOERROR"},
	{"a TSIG of nobody", bytesOf(header(0, 1, 0, 0, 1), asks(wireApex, dns.TypeA, 1),
		"\x01k\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x1a\x08hmac-md5\x00\x00\x00\x00\x00\x00\x00\x01\x2c\x00\x00\x00\x00\x00\x00\x00\x00"), "NOERROR|NOTAUTH|FORMERR|REFUSED"},
	{"zeros", make([]byte, 512), "FORMERR"},
	{"ones", []byte(strings.Repeat("\xff", 512)), silence},
	{"the largest datagram", bytesOf(header(0, 1, 0, 0, 0), asks(wireApex, dns.TypeA, 1), make([]byte, 65000)), "NOERROR|FORMERR|-"},
}

// hostile is a site whose server has a whole zone, with what zones have that is hard, and one of which file has the rest.
func hostile(t testing.TB, path string, plugins ...string) (*site, *server) {
	t.Helper()
	st := newSite(t, 3).with("labels www")
	st.include(zone, "@ MX 10 mail\nmail A 198.51.100.7\n*.wild CNAME mail\n*.deep.wild TXT x\ncut NS ns.cut\nns.cut A 198.51.100.8\nold DNAME @\na.b.c TXT ent\n")
	st.with("includes " + st.path("includes"))
	st.write("db.example.net", restOfZoneOf("example.net"))
	plugins = append(plugins, st.directive("main", "example.org example.net"), "file "+st.path("db.example.net")+" example.net")
	s := newServer(t, st.dir, block("example.org example.net", plugins...))
	s.path = path
	s.start()
	eventually(t, patience, "the server to answer", func() bool { return s.answersWith(2) })
	return st, s
}

func restOfZoneOf(name string) string { return strings.ReplaceAll(restOfZone, "example.org", name) }

// Whatever comes in one packet, over UDP or TCP, is answered as the RFCs have it or not at all, and the next query is
// answered as ever.
func TestHandMadePackets(t *testing.T) {
	t.Parallel()
	_, s := hostile(t, corednsPath)
	live := s.apex()
	for _, tt := range packets {
		t.Run(tt.name, func(t *testing.T) {
			for _, network := range []string{"udp", "tcp"} {
				got, answer := s.sent(t, network, tt.packet, strings.Contains(tt.want, silence))
				if !regexp.MustCompile("^(" + tt.want + ")$").MatchString(got) {
					t.Errorf("by %s: got %s, want %s\n%v", network, got, tt.want, answer)
				}
			}
			if now := s.apex(); !slices.Equal(now, live) {
				t.Errorf("the apex is %v after it, was %v", now, live)
			}
		})
	}
}

// sent sends a packet, as it is but for its id, and then a good query by the same socket; it returns what the first is
// answered with: an rcode, or, where silence will do, silence if the second is answered first.
func (s *server) sent(t *testing.T, network string, packet []byte, silent bool) (string, *dns.Msg) {
	t.Helper()
	const badID, goodID = 0xbad0, 0x600d
	packet = slices.Clone(packet)
	if len(packet) >= 2 {
		binary.BigEndian.PutUint16(packet, badID)
	}
	good := new(dns.Msg).SetQuestion(zone, dns.TypeA)
	good.Id = goodID
	// A datagram may be lost, and a server may end a connection that it was sent nonsense by.
	for start := time.Now(); time.Since(start) < patience; {
		raw, err := net.DialTimeout(network, s.addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		c := &dns.Conn{Conn: raw, UDPSize: dns.MaxMsgSize}
		within := 2 * time.Second
		if network == "tcp" {
			within = patience // nothing is lost there
		}
		c.SetDeadline(time.Now().Add(within))
		if _, err = c.Write(packet); err == nil {
			err = c.WriteMsg(good)
		}
		bad, good := exchanged(t, c, err, badID, silent)
		c.Close()
		switch {
		case bad != nil:
			return dns.RcodeToString[bad.Rcode], bad
		case good && silent, network == "tcp":
			return silence, nil
		}
	}
	t.Fatal("no answer")
	return "", nil
}

// exchanged reads answers until there is one to the bad query, or, where silence will do, to the good one.
func exchanged(t *testing.T, c *dns.Conn, err error, badID uint16, silent bool) (bad *dns.Msg, good bool) {
	t.Helper()
	for err == nil && bad == nil && !(good && silent) {
		var b []byte
		if b, err = c.ReadMsgHeader(nil); err != nil {
			break
		}
		m := new(dns.Msg)
		if unpacked := m.Unpack(b); unpacked != nil || !m.Response {
			t.Fatalf("got %x, %v", b, unpacked)
		}
		if _, udp := c.Conn.(*net.UDPConn); udp && len(b) > 512 && m.IsEdns0() == nil {
			t.Errorf("%d bytes are sent by UDP to who did not ask for them", len(b))
		}
		if m.Id == badID {
			bad = m
		} else {
			good = true
		}
	}
	return bad, good
}
