//go:build e2e && bench

package test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// farm is thousands of edges in one listener: every loopback address from 127.16.0.0 on is one of them.
type farm struct {
	t     testing.TB
	port  string
	edges []netip.Addr
	ca    string // path of the authority's certificate, empty without TLS

	mu     sync.Mutex
	hangs  map[netip.Addr]bool // accepts, and never answers
	fails  map[netip.Addr]bool // answers with an error
	probed map[netip.Addr][]time.Time
}

// newFarm starts n edges, over TLS if wanted.
func newFarm(t testing.TB, n int, secure bool) *farm {
	t.Helper()
	f := &farm{t: t, port: freePort(t), hangs: map[netip.Addr]bool{}, fails: map[netip.Addr]bool{}, probed: map[netip.Addr][]time.Time{}}
	for addr := netip.MustParseAddr("127.16.0.1"); len(f.edges) < n; addr = addr.Next() {
		f.edges = append(f.edges, addr)
	}
	// One socket for all addresses, which the loopback device alone reaches.
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		controlled := c.Control(func(fd uintptr) {
			err = syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, "lo")
		})
		if controlled != nil {
			return controlled
		}
		return err
	}}
	l, err := lc.Listen(t.Context(), "tcp4", "0.0.0.0:"+f.port)
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		ca := newAuthority(t)
		dir := t.TempDir()
		certPath, keyPath := ca.issue(t, dir, "edge", "www.example.org")
		cert, err := tls.LoadX509KeyPair(certPath, keyPath)
		if err != nil {
			t.Fatal(err)
		}
		f.ca = (&site{t: t, dir: dir}).write("ca.pem", string(ca.pem))
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	}
	server := &http.Server{Handler: f, ErrorLog: log.New(io.Discard, "", 0)}
	var serving sync.WaitGroup
	serving.Go(func() { server.Serve(l) })
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		server.Shutdown(ended)
		server.Close()
		serving.Wait()
	})
	return f
}

// ServeHTTP implements http.Handler.
func (f *farm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local := r.Context().Value(http.LocalAddrContextKey).(net.Addr).(*net.TCPAddr).AddrPort().Addr().Unmap()
	f.mu.Lock()
	f.probed[local] = append(f.probed[local], time.Now())
	hangs, fails := f.hangs[local], f.fails[local]
	f.mu.Unlock()
	if fails {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	if hangs {
		<-r.Context().Done()
		return
	}
	io.WriteString(w, objectBody)
}

// fail has the edge at an address answer with an error from now on.
func (f *farm) fail(addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fails[netip.MustParseAddr(addr)] = true
}

// allProbed says whether every edge has been probed since probes were forgotten.
func (f *farm) allProbed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.probed) == len(f.edges)
}

// count is how often edges were probed.
func (f *farm) count() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, times := range f.probed {
		n += len(times)
	}
	return n
}

// awaitRound waits until every edge has been probed n times.
func (f *farm) awaitRound(n int, within time.Duration) {
	f.t.Helper()
	sees(f.t, within, fmt.Sprintf("all edges to be probed %d times", n), func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		done := 0
		for _, times := range f.probed {
			if len(times) >= n {
				done++
			}
		}
		return done
	}, func(done int) bool { return done == len(f.edges) })
}

// forget drops what was remembered of probes so far.
func (f *farm) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.probed)
}

// edgeName is that of the edge with a number.
func edgeName(i int) string { return fmt.Sprintf("edge%05d.example.net", i) }

// site has the properties of a network of these edges, which probes each of them once an interval.
func (f *farm) site(every time.Duration) *site {
	st := newSite(f.t, 0)
	var list strings.Builder
	for i, addr := range f.edges {
		fmt.Fprintf(&list, "%s %s\n", edgeName(i), addr)
	}
	st.write("edges", list.String())
	scheme := "http"
	if f.ca != "" {
		scheme = "https"
	}
	return st.with(fmt.Sprintf("object %s://www.example.org:%s/object %s", scheme, f.port, st.path("object")),
		fmt.Sprintf("interval %s", every), fmt.Sprintf("timeout %s", min(10*time.Second, every*9/10)),
		fmt.Sprintf("goodenough %s", min(700*time.Millisecond, every/2)), "edge_count 4", fmt.Sprintf("history %d", fullHistory))
}

// serve starts a server for the farm.
func (f *farm) serve(st *site, plugins ...string) *server {
	f.t.Helper()
	path, err := benchServer()
	if err != nil {
		f.t.Fatal(err)
	}
	s := newServer(f.t, st.dir, block(".", plugins...))
	s.path = path
	if f.ca != "" {
		s.env = []string{"SSL_CERT_FILE=" + f.ca}
	}
	s.start()
	s.awaitAnswers()
	return s
}
