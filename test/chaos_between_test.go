//go:build e2e && chaos

package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// between is a server, a router and edges, each in a network of its own:
//
//	prober 10.77.0.1 --- 10.77.0.2 router === forwarder === edges 10.77.1.0/24, 10.77.2.0/24
type between struct {
	t                     testing.TB
	prober, router, edges *namespace
	forwarder             *forwarder
	st                    *site
	s                     *server
	o                     operator
}

func newBetween(t *testing.T) *between {
	t.Helper()
	privileged(t)
	b := &between{t: t, st: newSite(t, 0), prober: newNamespace(t, true, "true"), router: newNamespace(t, true, "echo 1 >/proc/sys/net/ipv4/ip_forward"), edges: newNamespace(t, true, "true")}
	b.router.sh("ip link add r0 type veth peer name p0 netns " + b.prober.holder + " && ip addr add 10.77.0.2/24 dev r0 && ip link set r0 up")
	b.prober.sh("ip addr add 10.77.0.1/24 dev p0 && ip link set p0 up && ip route add default via 10.77.0.2")
	b.forwarder = newForwarder(t, "t0", b.router, b.edges)
	b.router.sh("ip route add 10.77.1.0/24 dev t0 && ip route add 10.77.2.0/24 dev t0")
	for i := range 8 {
		addr := fmt.Sprintf("10.77.%d.%d", 1+i%2, i+1)
		b.edges.sh("ip addr add " + addr + "/32 dev lo")
		e := newEdgeIn(t, b.edges, fmt.Sprintf("edge%d.example.net", i+1), addr, b.st.port)
		e.slow(time.Duration(i) * 20 * time.Millisecond)
		b.st.edges = append(b.st.edges, e)
	}
	b.edges.sh("ip route add default dev t0 src 10.77.1.1")
	b.st.list(b.st.edges...)
	b.st.with("edge_count 4", "min_live 2", "max_changes 4 10m")
	b.s = newServer(t, b.st.dir, block("example.org", b.st.directive("main")))
	b.s.in = b.prober
	b.s.start()
	b.s.awaitAnswers()
	b.s.full(4)
	b.o = b.st.operator()
	b.settled(patience)
	return b
}

// within makes t the test that fails, until it ends.
func (b *between) within(t *testing.T) (leave func()) {
	outer := b.t
	b.t, b.o.t, b.s.t = t, t, t
	return func() { b.t, b.o.t, b.s.t = outer, outer, outer }
}

// settled waits until the set is full and every edge passes.
func (b *between) settled(within time.Duration) time.Duration {
	b.t.Helper()
	return eventually(b.t, within, "every edge to pass again", func() bool {
		edges := b.o.edges()
		for _, e := range edges {
			if e.Outcome != "ok" {
				return false
			}
		}
		return len(edges) == 8 && b.o.network().Families[0].Rung == "full"
	})
}

// slow makes all edges answer later, in the order in which they are as fast as ever.
func (b *between) slow(t *testing.T, by time.Duration) {
	t.Helper()
	for i, e := range b.st.edges {
		e.slow(by + time.Duration(i)*20*time.Millisecond)
	}
	rounds(t, 3, b.st.edges...)
}

// silence waits until each edge has failed.
func (b *between) silence(t *testing.T) {
	t.Helper()
	eventually(t, patience, "every edge to fail", func() bool {
		for _, e := range b.o.edges() {
			if !e.LastFailed {
				return false
			}
		}
		return true
	})
}

// crash kills the server and starts it, while nothing can be reached.
func (b *between) crash(t *testing.T, want []string, w *witness) {
	t.Helper()
	w.pause()
	b.s.kill()
	b.s.start()
	first, _ := b.s.firstAnswer(patience)
	w.resume()
	if !slices.Equal(first, want) {
		t.Errorf("started without contact it answers %v, want %v", first, want)
	}
	b.silence(t)
}

// reachable says whether all addresses are of the half that is not cut off.
func reachable(set []string) bool {
	return !slices.ContainsFunc(set, func(a string) bool { return !strings.HasPrefix(a, "10.77.1.") })
}

// mix makes both halves live, by an operator who prefers two edges of the second.
func (b *between) mix(t *testing.T) {
	t.Helper()
	if !reachable(b.s.full(4)) {
		return
	}
	for _, e := range []*edge{b.st.edges[1], b.st.edges[3]} {
		b.o.mode(e.name, "force")
	}
	eventually(t, patience, "both halves to be live", func() bool { return !reachable(b.s.apex()) })
	for _, e := range []*edge{b.st.edges[1], b.st.edges[3]} {
		b.o.mode(e.name, "available")
	}
	rounds(t, 2, b.st.edges...)
}
