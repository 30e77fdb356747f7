package prober

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// dialFunc connects by network tcp or udp, from local when it is valid. Tests put their own in its place.
type dialFunc func(ctx context.Context, network string, local netip.Addr, remote netip.AddrPort) (net.Conn, error)

func dialAddress(ctx context.Context, network string, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	// Keep-alive would cost three system calls and never fire on a connection that lives for seconds.
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: false}, KeepAlive: -1}
	if local.IsValid() {
		from := netip.AddrPortFrom(local, 0)
		if d.LocalAddr = net.TCPAddrFromAddrPort(from); network == "udp" {
			d.LocalAddr = net.UDPAddrFromAddrPort(from)
		}
	}
	return d.DialContext(ctx, network, remote.String())
}

// connect makes the TCP connection.
func (p *Prober) connect(ctx context.Context, remote netip.AddrPort) (net.Conn, Outcome, error) {
	local := p.source6
	if remote.Addr().Is4() {
		local = p.source4
	}
	conn, err := p.dial(ctx, "tcp", local, remote)
	if err == nil {
		return conn, OK, nil
	}
	outcome := classify(ctx, err, Connect)
	if outcome == Connect && errors.Is(err, syscall.ENETUNREACH) && !p.routed(ctx, local, remote) {
		outcome = Local
	}
	from := ""
	if local.IsValid() {
		from = fmt.Sprintf(" from %s", local)
	}
	return nil, outcome, fmt.Errorf("connecting to %s%s: %w", remote, from, reason(ctx, err))
}

// routed tells whether this machine has a route to remote. A router on the way that drops an attacked network answers
// with "network unreachable" too, and connect(2) returns the same error for both; the edge must not stay in because of
// it. Connecting a UDP socket looks the route up and sends nothing.
func (p *Prober) routed(ctx context.Context, local netip.Addr, remote netip.AddrPort) bool {
	conn, err := p.dial(ctx, "udp", local, remote)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// secure makes the TLS handshake and returns the expiry of the leaf certificate, if one was shown.
func (p *Prober) secure(ctx context.Context, raw net.Conn) (*tls.Conn, time.Time, Outcome, error) {
	conn := tls.Client(raw, p.tls)
	// No HandshakeContext: raw is interrupted already when ctx ends.
	err := conn.Handshake()
	if err == nil {
		return conn, conn.ConnectionState().PeerCertificates[0].NotAfter, OK, nil
	}
	var notAfter time.Time
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) && len(unverified.UnverifiedCertificates) > 0 {
		notAfter = unverified.UnverifiedCertificates[0].NotAfter
	}
	outcome := classify(ctx, err, TLS)
	var record tls.RecordHeaderError
	if outcome == TLS && errors.As(err, &record) && strings.HasPrefix(string(record.RecordHeader[:]), "HTTP/") {
		err = errors.New("the answer is plain HTTP, expected TLS")
	}
	return nil, notAfter, outcome, fmt.Errorf("handshaking as %q: %w", p.tls.ServerName, terseError{reason(ctx, err)})
}

// interrupt makes every operation on conn fail when ctx ends. The returned function undoes it and must be called.
func interrupt(ctx context.Context, conn net.Conn) (release func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		conn.SetDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}
