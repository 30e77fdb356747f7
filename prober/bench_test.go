package prober

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"
)

func benchmarkProbe(b *testing.B, scheme string) {
	ours := newAuthority(b)
	edge := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, objectBody)
	}))
	if scheme == "https" {
		edge.TLS = &tls.Config{Certificates: []tls.Certificate{ours.issue(b, time.Now().Add(time.Hour), "www.example.net")}}
		edge.StartTLS()
	} else {
		edge.Start()
	}
	defer edge.Close()
	u := objectURL(b, scheme, edge.Listener.Addr().(*net.TCPAddr).AddrPort())
	p := New(Options{URL: u, RootCAs: ours.pool})
	p.Expect(expectBody(objectBody))
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		if got := p.Probe(b.Context(), loopback); got.Outcome != OK {
			b.Fatal(got.Err)
		}
	}
	// The edge is in this process, so this is an upper bound of what a probe costs.
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpuTime is what this process has used, in all its threads.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkProbeHTTP(b *testing.B)  { benchmarkProbe(b, "http") }
func BenchmarkProbeHTTPS(b *testing.B) { benchmarkProbe(b, "https") }
