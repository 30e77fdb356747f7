//go:build e2e && chaos

package test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
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

func newBetween(t *testing.T, properties ...string) *between {
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
	b.st.with("edge_count 4", "min_live 2", "max_changes 4 10m").with(properties...)
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

// TestChaosNetworkWhole: with min_live as great as edge_count a prober that is cut off holds as many edges as were live.
func TestChaosNetworkWhole(t *testing.T) {
	b := newBetween(t, "min_live 4")
	w := bearWitness(t, b.s)
	b.forwarder.set(weather{loss: 1, back: 1})
	b.held(t)
	now := b.s.apex()
	if len(now) != 4 {
		t.Errorf("the set is %v, want four", now)
	}
	b.forwarder.set(weather{})
	took := b.settled(patience)
	figures.Add(t, "network", "everything cut: every packet lost, min_live 4", fmt.Sprintf("rung hold, %d edges live; ", len(now))+w.answers(),
		fmt.Sprintf("settled after %s", took.Round(100*time.Millisecond)), fmt.Sprint(2*(interval+timeout)))
}

// TestChaosNetwork takes the network between the prober and its edges away in every way. Cut off from everything the prober
// holds the set; cut off from half of the edges it serves the other half; healed, it settles within two rounds, with no more
// substitutions than the budget allows.
func TestChaosNetwork(t *testing.T) {
	b := newBetween(t)
	const linkUp = "ip link set p0 up && ip route replace default via 10.77.0.2"
	onRouter := func(kind string, halves ...int) (cut, heal func()) {
		var away, back strings.Builder
		for _, half := range halves {
			fmt.Fprintf(&away, "ip route replace %s 10.77.%d.0/24\n", kind, half)
			fmt.Fprintf(&back, "ip route replace 10.77.%d.0/24 dev t0\n", half)
		}
		return func() { b.router.sh("set -e\n" + away.String()) }, func() { b.router.sh("set -e\n" + back.String()) }
	}
	onProber := func(kind string, halves ...int) (cut, heal func()) {
		var away, back strings.Builder
		for _, half := range halves {
			fmt.Fprintf(&away, "ip route add %s 10.77.%d.0/24\n", kind, half)
			fmt.Fprintf(&back, "ip route del %s 10.77.%d.0/24\n", kind, half)
		}
		return func() { b.prober.sh("set -e\n" + away.String()) }, func() { b.prober.sh("set -e\n" + back.String()) }
	}
	skies := func(w weather) (cut, heal func()) {
		return func() { b.forwarder.set(w) }, func() { b.forwarder.set(weather{}) }
	}
	scripts := func(ns *namespace, cut, heal string) (func(), func()) {
		return func() { ns.sh(cut) }, func() { ns.sh(heal) }
	}
	type outage struct {
		name  string
		left  int // edges that can still be reached: 0, 4 or, when nothing is cut, 8
		ways  func() (cut, heal func())
		exact bool // nothing may change at all; else edges fail one after another, and the set is held from min_live on
	}
	for _, tt := range []outage{
		{"everything cut: the prober's link down", 0, func() (func(), func()) { return scripts(b.prober, "ip link set p0 down", linkUp) }, true},
		{"everything cut: the router's link down", 0, func() (func(), func()) { return scripts(b.router, "ip link set r0 down", "ip link set r0 up") }, false},
		{"everything cut: the prober's default route gone", 0, func() (func(), func()) { return scripts(b.prober, "ip route del default", linkUp) }, true},
		{"everything cut: blackhole routes of the prober", 0, func() (func(), func()) { return onProber("blackhole", 1, 2) }, false},
		{"everything cut: blackhole routes on the way", 0, func() (func(), func()) { return onRouter("blackhole", 1, 2) }, false},
		{"everything cut: a router that says unreachable", 0, func() (func(), func()) { return onRouter("unreachable", 1, 2) }, false},
		{"everything cut: a router that says prohibited", 0, func() (func(), func()) { return onRouter("prohibit", 1, 2) }, false},
		{"everything cut: every packet lost", 0, func() (func(), func()) { return skies(weather{loss: 1, back: 1}) }, false},
		{"everything cut: every answer lost", 0, func() (func(), func()) { return skies(weather{back: 1}) }, false},
		{"half cut: blackhole routes of the prober", 4, func() (func(), func()) { return onProber("blackhole", 2) }, false},
		{"half cut: blackhole routes on the way", 4, func() (func(), func()) { return onRouter("blackhole", 2) }, false},
		{"half cut: a router that says unreachable", 4, func() (func(), func()) { return onRouter("unreachable", 2) }, false},
		{"delay of 150 to 200 ms each way", 8, func() (func(), func()) {
			return skies(weather{delay: 150 * time.Millisecond, jitter: 50 * time.Millisecond})
		}, true},
		{"5 % of the packets lost each way, the rest in disorder", 8, func() (func(), func()) {
			return skies(weather{loss: 0.05, back: 0.05, jitter: 20 * time.Millisecond})
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer b.within(t)()
			// Both halves are live at first.
			live := b.s.full(4)
			w, changes := bearWitness(t, b.s), b.s.setChanges()
			cut, heal := tt.ways()
			cut()
			healed := false
			defer func() {
				if !healed {
					heal()
				}
			}()
			began := time.Now()
			if tt.left == 4 {
				sees(t, 10*swapBound, "the half that is reached to be served", b.s.apex, func(got []string) bool { return len(got) == 4 && reachable(got) })
			}
			served := time.Since(began)
			if tt.left == 0 && !tt.exact {
				b.held(t)
			}
			settled := b.s.setChanges()
			eventually(t, patience, "four rounds to pass", func() bool { return time.Since(began) > 4*interval })
			rung := b.o.network().Families[0].Rung
			during, now := b.s.setChanges()-changes, b.s.apex()
			if tt.left == 0 && (b.s.setChanges() != settled || len(now) < 2 || net.ParseIP(now[0]) == nil) {
				t.Errorf("cut off from everything the set is %v, after %d changes while it is held", now, b.s.setChanges()-settled)
			}
			if tt.exact && (!slices.Equal(now, live) || during > 0) {
				t.Errorf("the set is %v after %d changes, was %v", now, during, live)
			}
			used := b.o.network().Families[0].Budget.Used
			heal()
			healed = true
			took := b.settled(patience)
			eventually(t, patience, "two rounds more to pass", func() bool { return time.Since(began) > took+2*interval })
			budget := b.o.network().Families[0].Budget
			spent := budget.Used - used
			if spent > budget.Max {
				t.Errorf("healing took %d substitutions, the budget is %d", spent, budget.Max)
			}
			if bound := 2 * (interval + timeout); took > 10*bound {
				t.Errorf("it settled after %s, ten times the bound of %s", took, bound)
			}
			what := fmt.Sprintf("rung %s, %d of %d live kept, %d changes; ", rung, common(now, live), len(live), during)
			if tt.exact {
				what = fmt.Sprintf("rung %s, the set as before; ", rung)
			}
			if tt.left == 4 {
				what += fmt.Sprintf("only the half that is reached after %s; ", served.Round(100*time.Millisecond))
			}
			figures.Add(t, "network", tt.name, what+w.answers(),
				fmt.Sprintf("settled after %s with %d substitutions", took.Round(100*time.Millisecond), spent),
				fmt.Sprintf("%s, %d substitutions", 2*(interval+timeout), budget.Max))
			b.mix(t)
		})
	}
}

// held waits until each edge has failed.
func (b *between) held(t *testing.T) {
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

// reachable says whether all addresses are of the half that is not cut off.
func reachable(set []string) bool {
	return !slices.ContainsFunc(set, func(a string) bool { return !strings.HasPrefix(a, "10.77.1.") })
}

// mix makes both halves live again, by an operator who prefers two edges of the second.
func (b *between) mix(t *testing.T) {
	t.Helper()
	if !reachable(b.s.apex()) {
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
