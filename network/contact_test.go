package network

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// unreachable is an edge that a router on the way says cannot be reached.
var unreachable = behaviour{took: time.Millisecond, outcome: prober.Connect}

// way is between a prober and its edges, and can be closed: packets are lost until it is open again, and then sent anew, as
// TCP does.
type way struct {
	*fakeProber
	mu     sync.Mutex
	opened chan struct{} // nil while it is open
}

func (w *way) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.opened = make(chan struct{})
}

func (w *way) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.opened)
	w.opened = nil
}

func (w *way) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	w.mu.Lock()
	opened := w.opened
	w.mu.Unlock()
	if opened == nil {
		return w.fakeProber.Probe(ctx, addr)
	}
	began := time.Now()
	timeout := time.NewTimer(hanging.took)
	defer timeout.Stop()
	r := prober.Result{Addr: addr, At: began, Attempts: 1}
	select {
	case <-opened:
		r.Outcome, r.Took = prober.OK, fast // whoever took long would give way to one that did not
		r.Phases.Connect = time.Since(began)
	case <-timeout.C:
		r.Outcome, r.Took, r.Err = prober.Timeout, hanging.took, context.DeadlineExceeded
	case <-ctx.Done():
		r.Cancelled = true
	}
	return r
}

// many lists edges e1 to en at 192.0.2.1 to 192.0.2.n, and returns the addresses.
func (s *site) many(n int) (addrs []string) {
	s.Helper()
	var lines []string
	for i := range n {
		addrs = append(addrs, fmt.Sprintf("192.0.2.%d", 1+i))
		lines = append(lines, fmt.Sprintf("e%d %s", 1+i, addrs[i]))
	}
	s.edges(lines...)
	return addrs
}

// A prober that is cut off from everything holds the set as it is, however many edges there are, and goes on with it when it
// is no longer.
func TestCutOff(t *testing.T) {
	tests := []struct {
		name  string
		edges int
		cut   behaviour
		setup func(s *site)
		lasts time.Duration
	}{
		{name: "packets are lost", edges: 8, cut: hanging, lasts: 10 * time.Minute},
		{name: "a router says unreachable", edges: 8, cut: unreachable, lasts: 10 * time.Minute},
		{name: "many edges", edges: 200, cut: hanging, lasts: 10 * time.Minute},
		{name: "many edges, unreachable", edges: 200, cut: unreachable, lasts: 5 * time.Minute},
		{name: "no edge to spare", edges: 4, cut: hanging, lasts: 5 * time.Minute},
		{name: "shorter than a round", edges: 40, cut: hanging, lasts: 35 * time.Second},
		{name: "fall and rise", edges: 8, cut: hanging, lasts: 10 * time.Minute, setup: func(s *site) { s.config.Fall, s.config.Rise = 3, 2 }},
		{name: "min_live 1", edges: 8, cut: hanging, lasts: 10 * time.Minute, setup: func(s *site) { s.config.MinLive = 1 }},
		{name: "min_live 4", edges: 8, cut: hanging, lasts: 10 * time.Minute, setup: func(s *site) { s.config.MinLive = 4 }},
		{name: "keep pass_threshold", edges: 8, cut: hanging, lasts: 10 * time.Minute, setup: func(s *site) { s.config.Keep = "pass_threshold" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.EdgeCount = 4
				addrs := s.many(tt.edges)
				if tt.setup != nil {
					tt.setup(s)
				}
				s.start()
				for range 6 {
					s.round() // the edges that fill the set first are not those that stay: all are as fast
				}
				set, serial, changes := s.answers(IPv4), s.Snapshot().Serial, len(heard[SetChanged](s.told))
				still := func(when string) {
					t.Helper()
					s.want(when, set)
					s.equal(when+": serial", s.Snapshot().Serial, serial)
					s.equal(when+": changes of the set", len(heard[SetChanged](s.told)), changes)
				}
				s.prober.set(tt.cut, addrs...)
				for end := time.Now().Add(tt.lasts); time.Now().Before(end); {
					s.advance(s.config.Interval / 7)
					still("cut off")
				}
				if tt.lasts > 2*time.Minute {
					s.wantRung("cut off", selector.Hold)
					if got := s.family(IPv4).Warnings; len(got) != 1 || !strings.Contains(got[0], "no edge has answered since ") {
						t.Errorf("got warnings %q", got)
					}
				}
				s.prober.set(behaviour{took: fast}, addrs...)
				for range 15 {
					s.advance(s.config.Interval / 7)
					still("healed")
				}
				s.round()
				s.wantRung("healed", selector.Full)
				s.equal("warnings", len(s.family(IPv4).Warnings), 0)
				var told []bool
				for _, c := range heard[ContactChanged](s.told) {
					told = append(told, c.Lost)
				}
				s.equal("told", told, []bool{true, false})
				tr := s.recordedRounds(IPv4)
				for _, d := range trace.Compare(tr, trace.Run(tr)) {
					t.Error(d)
				}
			})
		})
	}
}

// Whenever a cut comes and however long it lasts beyond a round, the set is as before, as long as every edge passes but for
// that. (Of a shorter one those may give way that fail in its last second.)
func TestCutOffAtAnyMoment(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		edges, seed := rapid.IntRange(1, 30).Draw(r, "edges"), rapid.IntRange(0, 1<<20).Draw(r, "names")
		calm := time.Duration(rapid.IntRange(0, 60_000).Draw(r, "calm ms")) * time.Millisecond
		lasts := time.Duration(rapid.IntRange(75_000, 300_000).Draw(r, "lasts ms")) * time.Millisecond
		closes := rapid.Bool().Draw(r, "packets are lost")
		restarts := rapid.Bool().Draw(r, "restarts")
		var changed []string
		inBubble(t, func(s *site) {
			s.config.EdgeCount, s.config.State = 4, s.TempDir()
			var lines, addrs []string
			for i := range edges {
				addrs = append(addrs, fmt.Sprintf("192.0.2.%d", 1+i))
				lines = append(lines, fmt.Sprintf("e%d-%d %s", i, seed, addrs[i]))
			}
			s.edges(lines...)
			between := &way{fakeProber: s.prober}
			s.options = func(o *Options) { o.Prober = between }
			s.start()
			s.round()
			s.advance(calm)
			set := s.answers(IPv4)
			still := func(when string) {
				if got := s.answers(IPv4); got != set {
					changed = append(changed, fmt.Sprintf("%s at %s: got %s, want %s", when, time.Now().Format(time.TimeOnly), got, set))
				}
			}
			if closes {
				between.close()
			} else {
				s.prober.set(unreachable, addrs...)
			}
			s.advance(lasts / 2)
			if restarts {
				s.restart()
			}
			s.advance(lasts / 2)
			still("cut off")
			if closes {
				between.open()
			} else {
				s.prober.set(behaviour{took: fast}, addrs...)
			}
			for range 20 {
				s.advance(s.config.Interval / 10)
				still("healed")
			}
		})
		if len(changed) > 0 {
			r.Fatal(strings.Join(changed, "\n"))
		}
	})
}

// Cut off from some edges the prober serves the others, in time.
func TestPartlyCutOff(t *testing.T) {
	for _, cut := range []behaviour{hanging, unreachable} {
		for gone := 1; gone <= 7; gone++ {
			t.Run(fmt.Sprintf("%s, %d of 8", cut.outcome, gone), func(t *testing.T) {
				inBubble(t, func(s *site) {
					s.config.EdgeCount, s.config.MinLive = 4, 1
					addrs := s.many(8)
					s.start()
					s.round()
					s.want("before", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4")
					s.prober.set(cut, addrs[:gone]...)
					s.advance(s.config.Interval + s.config.Timeout + time.Second)
					want := strings.Join(addrs[max(gone, 0):min(8, max(4, gone+4))], " ")
					if gone < 4 {
						// Those that are reached stay, and others fill the set.
						for _, a := range addrs[:gone] {
							if strings.Contains(s.answers(IPv4)+" ", a+" ") {
								t.Errorf("after interval + timeout + 1 s: %s is live, which is cut off: %v", a, s.why(IPv4))
							}
						}
						return
					}
					s.want("after interval + timeout + 1 s", want)
				})
			})
		}
	}
}

// An edge that fails alone costs the others a probe or three out of turn, once.
func TestWitnessesAreFew(t *testing.T) {
	inBubble(t, func(s *site) {
		addrs := s.many(100)
		s.start()
		s.round()
		s.round()
		count := func() (all int) {
			for _, a := range addrs[1:] {
				all += len(s.prober.probes(a))
			}
			return all
		}
		before := count()
		s.prober.set(unreachable, addrs[0])
		s.advance(10 * s.config.Interval)
		if got, want := count()-before, 10*99; got < want || got > want+witnesses {
			t.Errorf("got %d probes of the others in ten intervals, want %d and at most %d more", got, want, witnesses)
		}
	})
}

// Slow edges, as all are in an attack, are not probed much more often for being slow.
func TestSlowEdgesAreNotHurried(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.EdgeCount = 4
		addrs := s.many(8)
		s.prober.set(behaviour{took: s.config.Timeout - time.Millisecond}, addrs...)
		s.start()
		s.round()
		count := func() (all int) {
			for _, a := range addrs {
				all += len(s.prober.probes(a))
			}
			return all
		}
		before := count()
		s.advance(20 * s.config.Interval)
		if got, calm := count()-before, 20*len(addrs); got > calm+20*s.config.EdgeCount*witnesses {
			t.Errorf("got %d probes in twenty intervals, want %d, and at most three more for each of a live edge", got, calm)
		}
	})
}

// An answer of whatever kind shows that the way is open: an edge that refuses is not in doubt, and speaks against one that is
// silent.
func TestRefusalIsAnAnswer(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.MinLive = 1
		addrs := s.many(4)
		s.start()
		s.round()
		s.want("before", "192.0.2.1 192.0.2.2")
		s.prober.set(dead, addrs[1:3]...)
		s.prober.set(hanging, addrs[0])
		s.prober.set(behaviour{took: fast, outcome: prober.Checksum}, addrs[3])
		s.round()
		s.equal("grade of the silent one", s.edge("e1").Grade, history.Fail)
		s.equal("told", len(heard[ContactChanged](s.told)), 0)
	})
}

// An edge that answers again after a cut is not probed faster for that others answer, whatever rise it has yet to reach.
func TestRiseAfterACut(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.EdgeCount, s.config.Rise = 4, 20
		addrs := s.many(30)
		s.start()
		s.round()
		s.prober.set(hanging, addrs...)
		s.advance(5 * s.config.Interval)
		s.prober.set(behaviour{took: fast}, addrs...)
		before := len(s.prober.probes(addrs[0]))
		s.advance(s.config.Interval)
		// Its own turn, the one out of turn, and rise at a sixth of the interval each.
		if got := len(s.prober.probes(addrs[0])) - before; got > 1+1+6 {
			t.Errorf("got %d probes in the interval after it", got)
		}
	})
}

// A canary in use stays when contact is lost, and goes when it fails alone.
func TestCutOffFromACanary(t *testing.T) {
	inBubble(t, func(s *site) {
		s.zones = []string{"example.org."}
		addrs := s.many(4)
		s.config.Canaries = s.TempDir() + "/canaries"
		writeFile(s, s.config.Canaries, "example.org: 192.0.2.9\n")
		s.start()
		s.round()
		with := s.Snapshot().Zones["example.org."].Serial
		active := func(when string, want bool) {
			t.Helper()
			s.equal(when+": canary in use", s.Status().Canaries[0].Active, want)
		}
		active("at first", true)
		s.prober.set(hanging, append(addrs, "192.0.2.9")...)
		for range 10 {
			s.advance(s.config.Interval / 3)
			active("cut off", true)
		}
		s.prober.set(behaviour{took: fast}, append(addrs, "192.0.2.9")...)
		for range 10 {
			s.advance(s.config.Interval / 3)
			active("healed", true)
		}
		s.equal("serial", s.Snapshot().Zones["example.org."].Serial, with)
		s.prober.set(hanging, "192.0.2.9")
		s.round()
		active("dead", false)
	})
}

// What an operator says is obeyed at once when contact is lost.
func TestModesWithoutContact(t *testing.T) {
	inBubble(t, func(s *site) {
		addrs := s.many(6)
		s.start()
		s.round()
		s.want("before", "192.0.2.1 192.0.2.2")
		s.prober.set(hanging, addrs...)
		s.round()
		s.mode("e1", selector.Unavailable)
		if got := s.answers(IPv4); strings.Contains(got, "192.0.2.1") || got == "SERVFAIL" {
			t.Errorf("got %s with e1 unavailable", got)
		}
		s.prober.set(behaviour{took: fast}, addrs...)
		s.round()
		s.round()
		if got := s.answers(IPv4); strings.Contains(got, "192.0.2.1") {
			t.Errorf("healed: got %s with e1 unavailable", got)
		}
		s.wantRung("healed", selector.Full)
	})
}
