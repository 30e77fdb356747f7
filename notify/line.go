package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/miekg/dns"
)

// timeout is how long an answer may take.
const timeout = 5 * time.Second

// line sends messages to one secondary, one at a time. Each worker has its own.
type line interface {
	// exchange sends the message and waits for its answer; err is nil when that acknowledges the message, answered is
	// whether there was any. It ends early with the context.
	exchange(ctx context.Context, m *dns.Msg) (answered bool, err error)
	close()
}

// udpLine is a connected socket, so that the system refuses what comes from elsewhere and tells when the port is closed.
// It serves one exchange after the other and is replaced after one that failed, so that an answer or an ICMP error that
// comes late meets no other zone.
type udpLine struct {
	address netip.AddrPort
	timeout time.Duration
	conn    *net.UDPConn // nil until the first exchange and after a failed one
	buffer  [4096]byte
}

func openUDP(a netip.AddrPort) line { return &udpLine{address: a, timeout: timeout} }

func (l *udpLine) exchange(ctx context.Context, m *dns.Msg) (answered bool, err error) {
	packed, err := m.Pack()
	if err != nil {
		return false, fmt.Errorf("packing the message: %w", err)
	}
	if l.conn == nil {
		if l.conn, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(l.address)); err != nil {
			return false, err
		}
	}
	conn := l.conn
	if err := conn.SetDeadline(time.Now().Add(l.timeout)); err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	answer, err := l.roundTrip(m, packed)
	if err != nil {
		l.close()
		return false, err
	}
	return true, accepted(answer)
}

// roundTrip passes over whatever is not the answer, and goes on waiting: anyone can send a wrong one, and an old answer
// may come late.
func (l *udpLine) roundTrip(m *dns.Msg, packed []byte) (*dns.Msg, error) {
	if _, err := l.conn.Write(packed); err != nil {
		return nil, err
	}
	var stray error
	for {
		n, err := l.conn.Read(l.buffer[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && stray != nil:
			return nil, fmt.Errorf("no answer within %v, but a %w", l.timeout, stray)
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil, fmt.Errorf("no answer within %v", l.timeout)
		case err != nil:
			return nil, err
		}
		answer := new(dns.Msg)
		if err := answer.Unpack(l.buffer[:n]); err != nil {
			stray = fmt.Errorf("message that cannot be read: %w", err)
			continue
		}
		if stray = belongs(m, answer); stray == nil {
			return answer, nil
		}
	}
}

func (l *udpLine) close() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}
