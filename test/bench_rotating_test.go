//go:build e2e && bench

package test

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

const (
	rotatingPart = "answers while rotating every second"
	notRight     = "answers wrong, empty or lost"
)

func rotatingGoals() []goal {
	return []goal{{rotatingPart, notRight, "", atMost(0)}, {rotatingPart, "99 of 100 answers, at rest", "ms", nil}, {rotatingPart, "99 of 100 answers, rotating", "ms", nil}}
}

// measureRotating compares how long answers take at rest and while the live set changes every second, each time with a
// NOTIFY for every zone to two secondaries that listen and one that is dead.
func measureRotating(t *testing.T, r *results) {
	const part = rotatingPart
	path, err := benchServer()
	if err != nil {
		t.Fatal(err)
	}
	rate, during, pairs := 2000, inEarnest(10*time.Second, 3*time.Second), inEarnest(5, 1)
	first, second := echo(t), echo(t)
	dead, err := net.ListenPacket("udp", "127.0.0.1:0") // nobody reads from it
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	st := newSite(t, 8)
	st.with("edge_count 4", fmt.Sprintf("notify %s %s %s", first.addr, dead.LocalAddr(), second.addr))
	names := []string{"example.org"}
	for i := range notifiedZones - 1 {
		names = append(names, fmt.Sprintf("zone%d.example.org", i))
	}
	s := newServer(t, st.dir, block(".", st.directive("main", names...)))
	s.path = path
	s.start()
	s.awaitAnswers()
	s.full(4)
	c := control.NewClient(st.path("state/control.sock"))
	var at rest
	var rest50, rest99, busy50, busy99 []time.Duration
	var calm, rotating load
	before, turns := s.serial(), 0
	for range pairs {
		l := put(t, s.addr, names, rate, during)
		rest50, rest99 = append(rest50, quantile(l.latencies, 0.5)), append(rest99, quantile(l.latencies, 0.99))
		calm.add(l)

		stop := at.rotate(t, c, s)
		l = put(t, s.addr, names, rate, during)
		turns += stop()
		busy50, busy99 = append(busy50, quantile(l.latencies, 0.5)), append(busy99, quantile(l.latencies, 0.99))
		rotating.add(l)
	}
	calm.check(t, "at rest")
	rotating.check(t, "while rotating")
	if s.serial() == before || turns == 0 {
		t.Error("the set did not change")
	}
	for _, f := range []struct {
		what       string
		rest, busy time.Duration
		ratio      float64
	}{
		{"half of the answers", median(rest50), median(busy50), median(ratios(busy50, rest50))},
		{"99 of 100 answers", median(rest99), median(busy99), median(ratios(busy99, rest99))},
	} {
		r.add(t, part, f.what+", at rest", milliseconds(f.rest), "ms", fmt.Sprintf("%d queries a second", rate))
		r.add(t, part, f.what+", rotating", milliseconds(f.busy), "ms", fmt.Sprintf("%.2f × at rest", f.ratio))
	}
	r.add(t, part, "slowest answer at rest", milliseconds(quantile(calm.latencies, 1)), "ms", "")
	r.add(t, part, "slowest answer rotating", milliseconds(quantile(rotating.latencies, 1)), "ms", "")
	r.bound(t, part, notRight, float64(calm.missing+calm.wrong+rotating.missing+rotating.wrong), "", 0,
		fmt.Sprintf("of %d", len(calm.latencies)+len(rotating.latencies)))
	r.add(t, part, "changes of the set", float64(turns), "", fmt.Sprintf("%d zones; %d NOTIFY heard by the two that listen", len(names), first.heard.Load()+second.heard.Load()))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// rest remembers which edge is out, over several spells of rotation.
type rest struct{ out string }

// rotate takes another live edge out every second, and lets the one before in again, until stop is called, which says how
// many changes there were.
func (r *rest) rotate(t *testing.T, c *control.Client, s *server) (stop func() int) {
	t.Helper()
	end := make(chan struct{})
	changes := 0
	var turning sync.WaitGroup
	turning.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for i := 0; ; i++ {
			// Four of the eight stay, so that there is always a set.
			next := fmt.Sprintf("edge%d.example.net", i%4+1)
			modes := []control.ModeRequest{{Edge: next, Mode: "unavailable", Comment: "rotating"}}
			if r.out != "" && r.out != next {
				modes = append(modes, control.ModeRequest{Edge: r.out, Mode: "available"})
			}
			for _, m := range modes {
				applied, err := c.SetMode(t.Context(), m)
				if err != nil {
					t.Errorf("setting mode %s of %s: %v", m.Mode, m.Edge, err)
					return
				}
				for _, f := range applied.Families {
					if len(f.Left)+len(f.Entered) > 0 {
						changes++
					}
				}
			}
			r.out = next
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	})
	return func() int {
		close(end)
		turning.Wait()
		return changes
	}
}

// echoing is a secondary that acknowledges every NOTIFY and does nothing else, at little cost to the machine that it shares
// with the server.
type echoing struct {
	addr  string
	heard atomic.Int64
}

func echo(t testing.TB) *echoing {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echoing{addr: conn.LocalAddr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		packet := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			if n < 12 {
				continue
			}
			e.heard.Add(1)
			packet[2] |= 0x80 // a response
			conn.WriteTo(packet[:n], from)
		}
	})
	t.Cleanup(func() {
		conn.Close()
		serving.Wait()
	})
	return e
}
