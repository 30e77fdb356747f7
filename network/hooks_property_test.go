package network

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// follower knows of a network only what its events say.
type follower struct {
	serial uint32
	live   []string
	rung   string
	frozen bool
	modes  map[string]string
}

// follow takes events up, and says which does not go on from where the one before left off.
func (w *follower) follow(events []hooks.Event) string {
	for _, e := range events {
		changed := e.Serial != e.SerialBefore || e.Freeze != nil || len(e.Modes) > 0 || len(e.Zones) > 0
		if e.SerialBefore != w.serial {
			return fmt.Sprintf("serial: %d before %q, known is %d", e.SerialBefore, line(e), w.serial)
		}
		w.serial = e.Serial
		for _, f := range e.Families {
			if !slices.Equal(f.Before, w.live) || f.RungBefore != w.rung {
				return fmt.Sprintf("%q begins with %v %s, known is %v %s", line(e), f.Before, f.RungBefore, w.live, w.rung)
			}
			changed = changed || f.Rung != f.RungBefore
			w.live, w.rung = f.After, f.Rung
		}
		for _, m := range e.Modes {
			if known := w.modes[m.Edge]; known != m.Before && !(known == "" && m.Before == "available") {
				return fmt.Sprintf("%q: mode of %s was %s, known is %s", line(e), m.Edge, m.Before, known)
			}
			w.modes[m.Edge] = m.After
		}
		if e.Freeze != nil {
			w.frozen = e.Freeze.Frozen
		}
		if timed := e.Event == hooks.Round || e.Event == hooks.Before; changed == timed {
			return fmt.Sprintf("%q is an event", line(e))
		}
	}
	return ""
}

// lags says what the follower does not know.
func (w *follower) lags(s *site) string {
	f, status := s.family(IPv4), s.Status()
	switch {
	case !slices.Equal(w.live, f.Live):
		return fmt.Sprintf("live are %v, known is %v", f.Live, w.live)
	case w.rung != f.Rung.String():
		return fmt.Sprintf("the rung is %s, known is %s", f.Rung, w.rung)
	case w.serial != status.Serial:
		return fmt.Sprintf("the serial is %d, known is %d", status.Serial, w.serial)
	case w.frozen != (status.Freeze != nil):
		return fmt.Sprintf("frozen is %v, known is %v", status.Freeze != nil, w.frozen)
	}
	for edge, mode := range w.modes {
		if got := status.Modes[edge].Mode.String(); got != mode {
			return fmt.Sprintf("mode of %s is %s, known is %s", edge, got, mode)
		}
	}
	return ""
}

// Whatever happens, over reloads and restarts: who gets every event knows at any time what is live, and each event goes on
// from where the one before left off. So none is lost, and none told twice.
func TestHooksTellAll(t *testing.T) {
	const edges = 5
	name := func(i int) string { return fmt.Sprintf("edge%d", i) }
	address := func(i int) string { return fmt.Sprintf("192.0.2.%d", i+1) }
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.SliceOfN(rapid.IntRange(0, 1<<20), 1, 15).Draw(r, "operations")
		fault := ""
		inHooks(t, nil, func(s *site, l *listener) {
			s.config.State, s.config.Includes = t.TempDir(), ""
			s.zones = []string{"example.org."}
			lines := make([]string, edges)
			for i := range lines {
				lines[i] = name(i) + " " + address(i)
			}
			rewrite := s.edgeFile(lines...)
			s.start()
			s.round()
			known := follower{modes: map[string]string{}, rung: selector.None.String()}
			if first := l.take(hooks.Changed); len(first) == 1 {
				known.serial = first[0].SerialBefore
				fault = known.follow(first)
			}
			for step, op := range seed {
				i, kind := op%edges, op/edges%10
				rest := op / edges / 10
				switch kind {
				case 0, 1:
					s.prober.set(dead, address(i))
				case 2:
					s.prober.set(behaviour{took: time.Duration(op%3000) * time.Millisecond}, address(i))
				case 3:
					s.mode(name(i), selector.Mode(rest%4))
				case 4:
					if selector.Mode(rest%4) != selector.Available {
						s.modeFor(name(i), time.Duration(1+rest%300)*time.Second)
					}
				case 5:
					rewrite(slices.Delete(slices.Clone(lines), i, i+1)...)
					s.advance(seen)
				case 6:
					s.restart()
				case 7:
					s.reload(func(c *config.Network) { c.EdgeCount, c.TTL = 1+rest%3, uint32(30+rest%2) })
				case 8:
					c := FreezeChange{Frozen: rest%2 == 0, Comment: "for the test", Author: "tester"}
					if c.Frozen {
						c.For = time.Duration(rest%300) * time.Second
					}
					if _, err := s.SetFreeze(context.Background(), c); err != nil {
						t.Fatal(err)
					}
				case 9:
					s.round()
				}
				if fault == "" {
					if fault = known.follow(l.take()); fault == "" {
						fault = known.lags(s)
					}
				}
				if fault != "" {
					fault = fmt.Sprintf("step %d, operation %d on edge%d: %s", step, kind, i, fault)
					return
				}
			}
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}
