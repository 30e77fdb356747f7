package prober

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

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
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(visit{})); diff != "" {
				t.Errorf("visits (-want +got):\n%s", diff)
			}
		})
	}
}
