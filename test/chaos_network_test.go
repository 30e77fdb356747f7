//go:build e2e && chaos

package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// outage is something that happens to the network.
type outage struct {
	name      string
	cut, heal func(b *between)
	deeper    func(b *between) // what is cut next, when the set is of those that are left
	left      int              // edges that can be reached in the end: 0, 4 or 8
	own       bool             // the prober knows that it is its own trouble: the edges did not fail
	crash     bool             // the server is killed and started meanwhile
	slow      bool             // edges take a second to answer, so that it happens while answers are awaited
}

const linkUp = "ip link set p0 up && ip route replace default via 10.77.0.2"

// routes replaces the router's routes to halves of the edges, and how it is undone.
func routes(kind string, halves ...int) (cut, heal func(b *between)) {
	var away, back strings.Builder
	for _, half := range halves {
		fmt.Fprintf(&away, "ip route replace %s 10.77.%d.0/24\n", kind, half)
		fmt.Fprintf(&back, "ip route replace 10.77.%d.0/24 dev t0\n", half)
	}
	return func(b *between) { b.router.sh("set -e\n" + away.String()) }, func(b *between) { b.router.sh("set -e\n" + back.String()) }
}

// ownRoutes adds routes of the prober.
func ownRoutes(kind string, halves ...int) (cut, heal func(b *between)) {
	var away, back strings.Builder
	for _, half := range halves {
		fmt.Fprintf(&away, "ip route add %s 10.77.%d.0/24\n", kind, half)
		fmt.Fprintf(&back, "ip route del %s 10.77.%d.0/24\n", kind, half)
	}
	return func(b *between) { b.prober.sh("set -e\n" + away.String()) }, func(b *between) { b.prober.sh("set -e\n" + back.String()) }
}

// skies are what the forwarder does.
func skies(w weather) (cut, heal func(b *between)) {
	return func(b *between) { b.forwarder.set(w) }, func(b *between) { b.forwarder.set(weather{}) }
}

// outages are all of them, those that cut everything first.
func outages() (everything, some []outage) {
	add := func(to *[]outage, o outage, cut, heal func(b *between)) {
		o.cut, o.heal = cut, heal
		*to = append(*to, o)
	}
	script := func(ns func(b *between) *namespace, cut, heal string) (func(b *between), func(b *between)) {
		return func(b *between) { ns(b).sh(cut) }, func(b *between) { ns(b).sh(heal) }
	}
	prober, router := func(b *between) *namespace { return b.prober }, func(b *between) *namespace { return b.router }
	whole := func(name string, own bool, cut, heal func(b *between)) {
		add(&everything, outage{name: "everything cut: " + name, own: own}, cut, heal)
	}
	lose := weather{loss: 1, back: 1}
	cut, heal := script(prober, "ip link set p0 down", linkUp)
	whole("the prober's link down", true, cut, heal)
	cut, heal = script(router, "ip link set r0 down", "ip link set r0 up")
	whole("the router's link down", false, cut, heal)
	cut, heal = script(prober, "ip route del default", linkUp)
	whole("the prober's default route gone", true, cut, heal)
	cut, heal = ownRoutes("blackhole", 1, 2)
	whole("blackhole routes of the prober", false, cut, heal)
	for kind, name := range map[string]string{"blackhole": "blackhole routes on the way", "unreachable": "a router that says unreachable", "prohibit": "a router that says prohibited"} {
		cut, heal = routes(kind, 1, 2)
		whole(name, false, cut, heal)
	}
	cut, heal = skies(lose)
	whole("every packet lost", false, cut, heal)
	add(&everything, outage{name: "everything cut: every packet lost, and a crash meanwhile", crash: true}, cut, heal)
	add(&everything, outage{name: "everything cut: every packet lost, while answers are awaited", slow: true}, cut, heal)
	cut, heal = skies(weather{back: 1})
	whole("every answer lost", false, cut, heal)

	cut, heal = ownRoutes("blackhole", 2)
	add(&some, outage{name: "half cut: blackhole routes of the prober", left: 4}, cut, heal)
	for kind, name := range map[string]string{"blackhole": "blackhole routes on the way", "unreachable": "a router that says unreachable"} {
		cut, heal := routes(kind, 2)
		add(&some, outage{name: "half cut: " + name, left: 4}, cut, heal)
		add(&some, outage{name: "half cut, then everything: " + name + ", then every packet lost", deeper: func(b *between) { b.forwarder.set(lose) }},
			cut, func(b *between) { heal(b); b.forwarder.set(weather{}) })
	}
	cut, heal = skies(weather{delay: 150 * time.Millisecond, jitter: 50 * time.Millisecond})
	add(&some, outage{name: "delay of 150 to 200 ms each way", left: 8, own: true}, cut, heal)
	cut, heal = skies(weather{loss: 0.05, back: 0.05, jitter: 20 * time.Millisecond})
	add(&some, outage{name: "5 % of the packets lost each way, the rest in disorder", left: 8}, cut, heal)
	return everything, some
}

// TestChaosNetwork takes the network between the prober and its edges away in every way. Cut off from everything the prober
// keeps the set as it is, for as long as that lasts; cut off from half of the edges it serves the other half; healed, it settles
// within two rounds, with no more substitutions than the budget has left.
func TestChaosNetwork(t *testing.T) {
	figures.Part(t)
	everything, some := outages()
	for name, all := range map[string][]outage{"everything": everything, "some": some} {
		for _, o := range all {
			figures.Expect(t, "network", o.name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBetween(t)
			for _, o := range all {
				t.Run(o.name, func(t *testing.T) {
					defer b.within(t)()
					b.endure(t, o)
				})
			}
		})
	}
}

// endured is how long an outage lasts at least, from when the prober has coped with it.
const endured = 5 * interval

// endure goes through one outage.
func (b *between) endure(t *testing.T, o outage) {
	if o.slow {
		b.slow(t, time.Second)
		defer b.slow(t, 0)
	}
	b.mix(t)
	live := b.s.full(4)
	w := bearWitness(t, b.s)
	o.cut(b)
	healed := false
	defer func() {
		if !healed {
			o.heal(b)
		}
	}()
	what, want := "", live
	if o.left == 4 || o.deeper != nil {
		half, took := sees(t, 10*swapBound, "the half that is reached to be served", b.s.apex, func(got []string) bool { return len(got) == 4 && reachable(got) })
		what, want = fmt.Sprintf("only the half that is reached after %s; ", took.Round(100*time.Millisecond)), half
		rounds(t, 2, b.st.edges[0], b.st.edges[2], b.st.edges[4], b.st.edges[6])
		if got := b.s.apex(); !slices.Equal(got, want) {
			t.Errorf("of the half that is reached the set is %v, then %v", want, got)
		}
	}
	coped := time.Now()
	if o.deeper != nil {
		o.deeper(b)
	}
	if o.left == 0 && !o.own {
		b.silence(t)
	}
	if o.crash {
		b.crash(t, want, w)
	}
	lasted := time.Now()
	eventually(t, patience, "some rounds to pass", func() bool { return time.Since(lasted) > endured })
	rung, during := b.o.network().Families[0].Rung, b.st.moved(t, b.s, coped)
	if got := b.s.apex(); o.left < 8 && (!slices.Equal(got, want) || during.changes > 0) {
		t.Errorf("after %s the set is %v after %d changes, was %v", time.Since(coped), got, during.changes, want)
	}
	wants := "full"
	if o.left == 0 && !o.own {
		wants = "hold"
	}
	if rung != wants {
		t.Errorf("the rung is %s, want %s", rung, wants)
	}
	left, healing := b.o.network().Families[0].Budget.Left, time.Now()
	o.heal(b)
	healed = true
	bound := 2 * (interval + timeout)
	took := b.settled(10 * bound)
	rounds(t, 2, b.st.edges...)
	after := b.st.moved(t, b.s, healing)
	if after.entered > left {
		t.Errorf("in healing %d edges entered, and the budget had %d left", after.entered, left)
	}
	// Whatever happens, there are edges enough for a full set.
	least := len(live)
	for _, set := range w.seen() {
		least = min(least, len(strings.Fields(set)))
		if len(strings.Fields(set)) != 4 {
			t.Errorf("the set %s was answered, want four edges", set)
		}
	}
	if during.changes == 0 {
		what += fmt.Sprintf("rung %s, the set unchanged for %s; ", rung, lasted.Sub(coped).Round(time.Second)+endured)
	} else {
		what += fmt.Sprintf("rung %s, at least %d live, %d edges left and %d entered; ", rung, least, during.left, during.entered)
	}
	figures.Add(t, "network", o.name, what+w.answers(),
		fmt.Sprintf("settled after %s, %d edges entered in that and two rounds more", took.Round(100*time.Millisecond), after.entered),
		fmt.Sprintf("%s, %d substitutions", bound, left))
}
