package edgemanage

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"testing"
)

// farm is a few web edges on loopback addresses and one port. It counts who probed which edge: probes say so in the
// header From.
type farm struct {
	addrs []string
	port  string

	mu   sync.Mutex
	seen map[visit]int
	dead map[string]bool // edges that answer 503
}

// visit is a probe of an edge by one generation of a network.
type visit struct{ edge, from string }

func newFarm(t testing.TB, n int) *farm {
	t.Helper()
	f := &farm{seen: map[visit]int{}, dead: map[string]bool{}, port: "0"}
	var listeners []net.Listener
	for i := range n {
		addr := fmt.Sprintf("127.0.0.%d", 31+i)
		l, err := net.Listen("tcp", net.JoinHostPort(addr, f.port))
		if err != nil {
			t.Fatal(err)
		}
		_, f.port, _ = net.SplitHostPort(l.Addr().String())
		f.addrs = append(f.addrs, addr)
		listeners = append(listeners, l)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local := r.Context().Value(http.LocalAddrContextKey).(net.Addr).String()
		edge, _, _ := net.SplitHostPort(local)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.seen[visit{edge, r.Header.Get("From")}]++
		if f.dead[edge] {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})}
	var wg sync.WaitGroup
	for _, l := range listeners {
		wg.Go(func() { server.Serve(l) })
	}
	t.Cleanup(func() { server.Close(); wg.Wait() })
	return f
}

// visits are the probes so far.
func (f *farm) visits() map[visit]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.seen)
}

// kill makes an edge fail from now on.
func (f *farm) kill(edge string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead[edge] = true
}

// awaitProbes waits until each of a network's generations has probed every edge n more times.
func (f *farm) awaitProbes(t testing.TB, n int, from ...string) {
	t.Helper()
	before := f.visits()
	await(t, fmt.Sprintf("%d probes from %v", n, from), func() bool {
		now := f.visits()
		for _, g := range from {
			for _, edge := range f.addrs {
				if v := (visit{edge, g}); now[v] < before[v]+n {
					return false
				}
			}
		}
		return true
	})
}
