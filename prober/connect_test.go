package prober

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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

// A hundred probes at once, with a proxy in the environment that must not be asked: each must reach the address it
// names, with the URL's Host and SNI, and from the source it is told. The edge answers with a status of its own for
// each of its addresses.
func TestEachProbeReachesItsAddress(t *testing.T) {
	for _, name := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	ours := newAuthority(t)
	source := netip.MustParseAddr("127.0.2.1")
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			type visit struct {
				local, remote netip.Addr
				host, sni     string
			}
			var mu sync.Mutex
			var got []visit
			edge := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				local := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr).AddrPort().Addr().Unmap()
				v := visit{local: local, remote: netip.MustParseAddrPort(r.RemoteAddr).Addr(), host: r.Host}
				if r.TLS != nil {
					v.sni = r.TLS.ServerName
				}
				mu.Lock()
				defer mu.Unlock()
				got = append(got, v)
				w.WriteHeader(400 + int(local.As4()[3]))
			}))
			l, err := net.Listen("tcp4", "0.0.0.0:0")
			if err != nil {
				t.Fatal(err)
			}
			edge.Listener.Close()
			edge.Listener = l
			wantSNI := ""
			if scheme == "https" {
				wantSNI = "www.example.net"
				cert := ours.issue(t, time.Now().Add(time.Hour), wantSNI)
				edge.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
				edge.StartTLS()
			} else {
				edge.Start()
			}
			defer edge.Close()

			u := objectURL(t, scheme, l.Addr().(*net.TCPAddr).AddrPort())
			p := New(Options{URL: u, Timeout: patience, Source4: source, RootCAs: ours.pool})
			results := make([]Result, 100)
			want := make([]visit, len(results))
			var wg sync.WaitGroup
			for i := range results {
				addr := netip.AddrFrom4([4]byte{127, 0, 1, byte(i)})
				want[i] = visit{local: addr, remote: source, host: u.Host, sni: wantSNI}
				wg.Go(func() { results[i] = p.Probe(t.Context(), addr) })
			}
			wg.Wait()
			for i, r := range results {
				if r.Status != 400+i || r.Outcome != Status {
					t.Errorf("probe of %v: status %d, outcome %v (%v), expected status %d",
						r.Addr, r.Status, r.Outcome, r.Err, 400+i)
				}
			}
			slices.SortFunc(got, func(a, b visit) int { return a.local.Compare(b.local) })
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(visit{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("visits (-want +got):\n%s", diff)
			}
		})
	}
}
