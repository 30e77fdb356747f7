package prober

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// deafPort returns a port of 127.0.0.1 that refuses connections: it is taken, and nobody listens.
func deafPort(t *testing.T) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: loopback.As4()}); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(loopback, uint16(sa.(*syscall.SockaddrInet4).Port))
}

func TestRefused(t *testing.T) {
	at := deafPort(t)
	for _, retry := range []int{-1, 0, 1, 3} {
		t.Run(fmt.Sprint(retry), func(t *testing.T) {
			p := New(Options{URL: objectURL(t, "http", at), Timeout: patience, Retry: retry})
			got := p.Probe(t.Context(), loopback)
			checkResult(t, got, Refused, fmt.Sprintf("connecting to %s: connect: connection refused", at))
			if want := max(retry, 1); got.Attempts != want {
				t.Errorf("%d attempts, expected %d", got.Attempts, want)
			}
		})
	}
}

func TestSourceNotOurs(t *testing.T) {
	at := deafPort(t)
	p := New(Options{URL: objectURL(t, "http", at), Timeout: patience, Retry: 3, Source4: netip.MustParseAddr("192.0.2.1")})
	got := p.Probe(t.Context(), loopback)
	checkResult(t, got, Local,
		fmt.Sprintf("connecting to %s from 192.0.2.1: bind: cannot assign requested address", at))
	if got.Attempts != 1 {
		t.Errorf("%d attempts: our own fault must not be tried again", got.Attempts)
	}
}

// The errors of connect(2), as net returns them, through a dial of our own: most cannot be had on a machine at will.
func TestConnectErrors(t *testing.T) {
	for _, tc := range []struct {
		errno    error
		noRoute  bool
		want     Outcome
		attempts int
	}{
		{errno: syscall.ECONNREFUSED, want: Refused, attempts: 2},
		{errno: syscall.ECONNRESET, want: Connect, attempts: 2},
		{errno: syscall.EHOSTUNREACH, want: Connect, attempts: 2},
		{errno: syscall.ETIMEDOUT, want: Connect, attempts: 2},
		{errno: syscall.EACCES, want: Connect, attempts: 2},
		// A router that drops an attacked edge says so with the error of a machine without a route.
		{errno: syscall.ENETUNREACH, want: Connect, attempts: 2},
		{errno: syscall.ENETUNREACH, noRoute: true, want: Local, attempts: 1},
		{errno: syscall.EMFILE, want: Local, attempts: 1},
		{errno: syscall.ENFILE, want: Local, attempts: 1},
		{errno: syscall.ENOBUFS, want: Local, attempts: 1},
		{errno: syscall.ENOMEM, want: Local, attempts: 1},
		{errno: syscall.EADDRNOTAVAIL, want: Local, attempts: 1},
		{errno: errors.New("mystery"), want: Connect, attempts: 2},
	} {
		t.Run(fmt.Sprintf("%v %v", tc.errno, tc.noRoute), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // for the pause
				p := New(Options{URL: mustURL("http://www.example.net/"), Retry: 2})
				p.dial = func(ctx context.Context, network string, _ netip.Addr, remote netip.AddrPort) (net.Conn, error) {
					if network == "udp" && !tc.noRoute {
						return &scriptedConn{}, nil
					}
					return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", tc.errno)}
				}
				got := p.Probe(t.Context(), loopback)
				checkResult(t, got, tc.want, fmt.Sprintf("connecting to 127.0.0.1:80: connect: %v", tc.errno))
				if got.Attempts != tc.attempts {
					t.Errorf("%d attempts, expected %d", got.Attempts, tc.attempts)
				}
			})
		})
	}
}

func TestRouted(t *testing.T) {
	p := New(Options{URL: mustURL("http://www.example.net/")})
	if !p.routed(t.Context(), netip.Addr{}, netip.AddrPortFrom(loopback, 80)) {
		t.Error("no route to the loopback address")
	}
	if p.routed(t.Context(), netip.MustParseAddr("192.0.2.1"), netip.AddrPortFrom(loopback, 80)) {
		t.Error("a route from an address that is not ours")
	}
}

// Tries go on while time is left for the pause and another try, and the result is the last one's.
func TestRetriesWithinTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Options{URL: mustURL("http://www.example.net/"), Timeout: 5*retryPause + time.Millisecond, Retry: 100})
		start := time.Now()
		p.dial = func(context.Context, string, netip.Addr, netip.AddrPort) (net.Conn, error) {
			return nil, syscall.ECONNREFUSED
		}
		got := p.Probe(t.Context(), loopback)
		checkResult(t, got, Refused, "connecting to 127.0.0.1:80: connection refused")
		if got.Attempts != 6 || got.At.Sub(start) != 5*retryPause || got.Took != 0 {
			t.Errorf("%d attempts, the last after %v for %v", got.Attempts, got.At.Sub(start), got.Took)
		}
	})
}

func TestUnfitOptions(t *testing.T) {
	for _, tc := range []struct {
		name string
		url  *url.URL
		addr netip.Addr
		err  string
	}{
		{name: "no URL", addr: loopback, err: "reading object: no URL"},
		{name: "scheme", url: mustURL("ftp://www.example.net/"), addr: loopback,
			err: `reading object "ftp://www.example.net/": scheme is "ftp", expected http or https`},
		{name: "no host", url: mustURL("http:///x"), addr: loopback, err: `reading object "http:///x": no host`},
		{name: "port", url: mustURL("http://u:p@www.example.net:70000/"), addr: loopback,
			err: `reading object "http://u:xxxxx@www.example.net:70000/": port is "70000", expected 1 to 65535`},
		{name: "no address", url: mustURL("http://www.example.net/"), err: `probing "invalid IP": not an address`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			checkResult(t, New(Options{URL: tc.url}).Probe(t.Context(), tc.addr), Internal, tc.err)
		})
	}
}

func TestPanic(t *testing.T) {
	p := New(Options{URL: mustURL("http://www.example.net/"), Retry: 3})
	p.dial = func(context.Context, string, netip.Addr, netip.AddrPort) (net.Conn, error) { panic("no such thing") }
	got := p.Probe(t.Context(), loopback)
	checkResult(t, got, Internal, "probing: panic: no such thing")
	if p := new(PanicError); !errors.As(got.Err, &p) || len(p.Stack) == 0 {
		t.Error("the stack is lost")
	}
}

// Each family has its source, and an IPv4 address written as IPv6 is IPv4.
func TestSourceByFamily(t *testing.T) {
	source4, source6 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	for _, tc := range []struct{ addr, remote, source string }{
		{"192.0.2.80", "192.0.2.80:8080", "192.0.2.1"},
		{"2001:db8::80", "[2001:db8::80]:8080", "2001:db8::1"},
		{"::ffff:192.0.2.80", "192.0.2.80:8080", "192.0.2.1"},
	} {
		t.Run(tc.addr, func(t *testing.T) {
			p := New(Options{URL: mustURL("http://www.example.net:8080/"), Source4: source4, Source6: source6})
			p.dial = func(_ context.Context, network string, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
				if network != "tcp" || local.String() != tc.source || remote.String() != tc.remote {
					t.Errorf("dialled %s %s from %s, expected %s from %s", network, remote, local, tc.remote, tc.source)
				}
				return &scriptedConn{script: bytes.NewReader([]byte(plain("200 OK", "hello")))}, nil
			}
			got := p.Probe(t.Context(), netip.MustParseAddr(tc.addr))
			checkResult(t, got, OK, "")
			if got.Addr.String() != tc.addr {
				t.Errorf("result is of %v, expected the address as given, %v", got.Addr, tc.addr)
			}
		})
	}
}

// What package net says of a dial whose context is over, as against the dials of these tests.
func TestDialWithoutTime(t *testing.T) {
	at := deafPort(t)
	t.Run("deadline", func(t *testing.T) {
		p := New(Options{URL: objectURL(t, "http", at), Timeout: 1, Retry: 3})
		got := p.Probe(t.Context(), loopback)
		checkResult(t, got, Timeout, fmt.Sprintf("connecting to %s: timeout of 1ns passed", at))
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got := New(Options{URL: objectURL(t, "http", at), Retry: 3}).Probe(ctx, loopback)
		if !got.Cancelled || got.Attempts != 1 || !errors.Is(got.Err, context.Canceled) {
			t.Errorf("result is %+v, expected it to be cancelled", got)
		}
	})
}
