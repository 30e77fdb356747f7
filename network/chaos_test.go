//go:build chaos

package network

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// right lets time pass and looks each second whether one of some sets is answered.
func (s *site) right(during time.Duration, sets ...string) {
	s.Helper()
	for range during / time.Second {
		s.advance(time.Second)
		if got := s.answers(IPv4); !slices.Contains(sets, got) {
			s.Errorf("the set is %s, want one of %q", got, sets)
		}
	}
}

// TestChaosClock steps the wall clock of a running network, whose timers go on as before.
func TestChaosClock(t *testing.T) {
	figures.Part(t)
	steps := []time.Duration{-30 * 24 * time.Hour, -time.Hour, -time.Minute, time.Minute, time.Hour, 30 * 24 * time.Hour}
	name := func(step time.Duration) string {
		direction := "ahead"
		if step < 0 {
			direction = "back"
		}
		return fmt.Sprintf("clock: %s %s (simulated)", direction, step.Abs())
	}
	for _, step := range steps {
		figures.Expect(t, "faults", name(step))
	}
	for _, step := range steps {
		t.Run(step.String(), func(t *testing.T) {
			var set, kept string
			inBubble(t, func(s *site) {
				var off atomic.Int64
				s.options = func(o *Options) { o.Now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) } }
				s.config.State = t.TempDir()
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
				s.start()
				s.round()
				serial := s.Snapshot().Serial
				off.Store(int64(step))
				s.right(5*(s.config.Interval+s.config.Timeout), "192.0.2.1 192.0.2.2")
				s.equal("serial", s.Snapshot().Serial, serial)
				s.prober.set(dead, "192.0.2.1")
				start := time.Now()
				for s.answers(IPv4) == "192.0.2.1 192.0.2.2" && time.Since(start) < time.Hour {
					s.right(time.Second, "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.3")
				}
				left := time.Since(start)
				s.right(5*(s.config.Interval+s.config.Timeout), "192.0.2.2 192.0.2.3")
				s.want("after an edge died", "192.0.2.2 192.0.2.3")
				if bound := s.config.Interval + s.config.Timeout + time.Second; left > bound {
					t.Errorf("the dead edge left after %s, bound %s", left, bound)
				}
				later := s.Snapshot().Serial
				if !SerialLess(serial, later) {
					t.Errorf("got serial %d after %d", later, serial)
				}
				s.restart()
				s.want("after a restart", "192.0.2.2 192.0.2.3")
				s.equal("serial after a restart", s.Snapshot().Serial, later)
				set = fmt.Sprintf("as before; a dead edge left in %s", left)
				kept = "the serial rose with the change alone; set and serial were there after a restart"
			})
			figures.Add(t, "faults", name(step), "right at each second", set, kept)
		})
	}
}

// flapper answers each probe of an address otherwise than the one before.
type flapper struct {
	mu   sync.Mutex
	n    map[netip.Addr]int
	ways []behaviour
}

func (*flapper) Expect(*prober.Object) {}

func (p *flapper) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	p.mu.Lock()
	// Half of the edges are always in the other half of their turn.
	b := p.ways[(p.n[addr]+int(addr.As4()[3]))%len(p.ways)]
	p.n[addr]++
	p.mu.Unlock()
	r := prober.Result{Addr: addr, At: time.Now(), Outcome: b.outcome, Took: b.took, Attempts: 1}
	if b.outcome == 0 {
		r.Outcome = prober.OK
	}
	r.Cancelled = !pass(ctx, b.took)
	return r
}

// TestChaosFlapping has every edge change between each probe and the next, for an hour. The budget must hold what is not
// needed, and the set must never be empty.
func TestChaosFlapping(t *testing.T) {
	figures.Part(t)
	quick, slow := behaviour{took: fast}, behaviour{took: 3 * time.Second}
	const prefix = "flapping for an hour (simulated): "
	cases := []struct {
		name   string
		ways   []behaviour
		change func(c *config.Network)
		within bool // the budget bounds every change
	}{
		{"passing and refusing, strict", []behaviour{quick, dead}, func(c *config.Network) { c.Strict = true }, true},
		{"passing and refusing", []behaviour{quick, dead}, func(*config.Network) {}, false},
		{"passing and hanging, strict, fall 2, rise 2", []behaviour{quick, quick, hanging, hanging}, func(c *config.Network) { c.Strict, c.Fall, c.Rise = true, 2, 2 }, true},
		{"fast and slow", []behaviour{quick, slow}, func(*config.Network) {}, true},
		{"fast and slow, keep pass_threshold", []behaviour{quick, slow}, func(c *config.Network) { c.Keep = "pass_threshold" }, true},
	}
	for _, tt := range cases {
		figures.Expect(t, "faults", prefix+tt.name)
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			var changes, entered, substitutions, most, least int
			inBubble(t, func(s *site) {
				s.config.State, s.config.EdgeCount = t.TempDir(), 4
				tt.change(s.config)
				s.options = func(o *Options) { o.Prober = &flapper{n: map[netip.Addr]int{}, ways: tt.ways} }
				var lines []string
				for i := range 16 {
					lines = append(lines, fmt.Sprintf("edge%02d 192.0.2.%d", i, i+1))
				}
				s.edges(lines...)
				s.start()
				s.round()
				// Edges that enter: in place of one that leaves, and to fill a place that was free, of which a place that one left
				// before is one. The budget is of the former.
				var at []time.Time
				seen := len(heard[SetChanged](s.told))
				first := seen
				least = len(s.Snapshot().Families[IPv4].Addrs)
				for start := time.Now(); time.Since(start) < time.Hour; {
					s.advance(time.Second)
					least = min(least, len(s.Snapshot().Families[IPv4].Addrs))
					told := heard[SetChanged](s.told)
					for _, c := range told[seen:] {
						entered += len(c.Entered)
						for range min(len(c.Left), len(c.Entered)) {
							at = append(at, time.Now())
						}
					}
					changes, seen = changes+len(told)-seen, len(told)
				}
				for i, first := range at {
					n := slices.IndexFunc(at[i:], func(later time.Time) bool { return later.Sub(first) >= s.config.MaxChangesPer })
					if n < 0 {
						n = len(at) - i
					}
					most = max(most, n)
				}
				substitutions = len(at)
				if tt.within && most > s.config.MaxChanges {
					t.Errorf("%d substitutions within %s, budget %d", most, s.config.MaxChangesPer, s.config.MaxChanges)
				}
				if least < s.config.EdgeCount/2 {
					t.Errorf("the set once had %d edges", least)
				}
				// All of it is on the disk, and the last of it is what a restart begins with.
				set, serial := s.answers(IPv4), s.Snapshot().Serial
				s.stop()
				written, err := state.ReadChanges(filepath.Join(s.config.State, s.config.Name), 1000)
				if err != nil {
					t.Fatal(err)
				}
				written = slices.DeleteFunc(written, func(c state.Change) bool { return c.Kind != "set" })
				s.equal("changes of the set on record", len(written), first+changes)
				s.start()
				s.want("after a restart", set)
				s.equal("serial after a restart", s.Snapshot().Serial, serial)
			})
			budget := "the budget is 10"
			if !tt.within {
				budget = "the budget is 10, and who replaces an edge that fails is exempt"
			}
			figures.Add(t, "faults", prefix+tt.name, fmt.Sprintf("at each second at least %d of 4", least),
				fmt.Sprintf("%d changes: %d edges entered, %d of them in place of another, at most %d in any 10 minutes (%s)", changes, entered, substitutions, most, budget),
				"each change on record; set and serial were there after a restart")
		})
	}
}
