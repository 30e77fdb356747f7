//go:build e2e

package test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A live edge that stops working leaves, and those that work stay.
func TestSwap(t *testing.T) {
	for _, b := range []behaviour{refusing, hanging, wrongBody, serverError, redirecting} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 4).with("edge_count 3")
			s := startServer(t, st.dir, block("example.org", st.directive("main")))
			w := watch(t, s)
			live := s.full(3)
			dead := live[1]
			st.at(dead).set(t, b)
			t.Logf("left after %s, bound %s", s.leaves(10*swapBound, dead), swapBound)
			now := s.full(3)
			for _, addr := range live {
				if addr != dead && !slices.Contains(now, addr) {
					t.Errorf("%s left too: the set was %v and is %v", addr, live, now)
				}
			}
			w.check()
		})
	}
}

// Care is taken that changes are not made where they are not needed: an edge that comes back, be it the fastest, does
// not push out one that still works.
func TestRecoveredEdgeWaits(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3).with("history 5")
	metricsAt := "127.0.0.1:" + freePort(t)
	s := startServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
	w := watch(t, s)
	s.full(2)
	broken := st.edges[0]
	broken.set(t, serverError)
	s.leaves(10*swapBound, broken.addr.String())
	live := s.full(2)
	serial := s.serial()
	broken.set(t, healthy)
	for _, e := range st.edges[1:] {
		e.slow(100 * time.Millisecond)
	}
	average := func(e *edge) float64 {
		v, _ := metric(t, metricsAt, "edge_average_seconds", label("edge", e.name))
		return v
	}
	eventually(t, patience, "the recovered edge to be the fastest", func() bool {
		return average(broken) < average(st.edges[1]) && average(broken) < average(st.edges[2])
	})
	rounds(t, 3, st.edges...)
	if now := s.apex(); !slices.Equal(now, live) {
		t.Errorf("the set is %v, want %v as before", now, live)
	}
	if now := s.serial(); now != serial {
		t.Errorf("the serial is %d, want %d as before: nothing changed", now, serial)
	}
	w.check()
}

// rungHold is the value of the metric rung on that rung.
const rungHold = 3

// With everything dead the last set is held; after a crash too, and at once.
func TestHeldOverCrash(t *testing.T) {
	for _, b := range []behaviour{refusing, hanging} {
		t.Run(string(b), func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 4).with("min_live 2")
			metricsAt := "127.0.0.1:" + freePort(t)
			s := startServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
			s.full(2)
			// Not the set that a server without memory would choose.
			st.edges[0].set(t, serverError)
			s.leaves(10*swapBound, st.edges[0].addr.String())
			st.all(b)
			sees(t, 10*swapBound, "every edge to fail", func() float64 {
				grades, _ := metric(t, metricsAt, "edge_grade")
				rung, _ := metric(t, metricsAt, "rung")
				return rung + 10*grades
			}, func(v float64) bool { return v == rungHold })
			held := s.apex()
			if len(held) != 2 || slices.Contains(held, st.edges[0].addr.String()) {
				t.Fatalf("with every edge %s the set is %v, want two, without the edge that left before", b, held)
			}
			serial := s.serial()
			for range 3 {
				s.kill()
				s.start()
				first, took := s.firstAnswer(10 * time.Second)
				t.Logf("the first answer came %s after the start, bound 1s", took)
				if !slices.Equal(first, held) {
					t.Fatalf("the first answer after the crash is %v, want %v", first, held)
				}
				if got := s.serial(); got != serial {
					t.Errorf("the serial after the crash is %d, want %d: nothing changed", got, serial)
				}
			}
			// Each edge is probed, and fails, and still the set is held.
			eventually(t, 10*swapBound, "a round of probes after the crash", func() bool {
				v, _ := metric(t, metricsAt, "last_round_timestamp_seconds")
				return v > 0
			})
			if got := s.apex(); !slices.Equal(got, held) {
				t.Errorf("after a round with every edge %s the set is %v, want %v held", b, got, held)
			}
		})
	}
}

// firstAnswer asks for the apex from the moment of the start until an answer comes, whatever it is.
func (s *server) firstAnswer(within time.Duration) (set []string, took time.Duration) {
	s.t.Helper()
	sees(s.t, within, "the first answer", func() error {
		m, err := s.exchange(zone, dns.TypeA, time.Second)
		if err == nil {
			set, took = values(m), time.Since(s.started)
		}
		return err
	}, func(err error) bool { return err == nil })
	return set, took
}

// Edge lists and the object are taken up while the server runs; faulty ones are kept out, and said once.
func TestFilesTakenUp(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4)
	metricsAt := "127.0.0.1:" + freePort(t)
	s := startServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
	w := watch(t, s)
	s.becomes(patience, addresses(st.edges[0], st.edges[1]))

	refused := func() float64 {
		v, _ := metric(t, metricsAt, "reload_errors_total")
		return v
	}
	t.Run("a live edge is taken off the list", func(t *testing.T) {
		st.list(st.edges[1:]...)
		s.becomes(patience, addresses(st.edges[1], st.edges[2]))
	})
	for i, tt := range []struct{ name, list string }{
		{"an address that is none", "edge2.example.net 127.0.0.999\n"},
		{"no edge at all", "# nothing but a comment\n"},
		{"binary", "\x00\xff\x00"},
	} {
		t.Run("a bad list is kept out: "+tt.name, func(t *testing.T) {
			st.write("edges", tt.list)
			sees(t, patience, "the fault to be counted", refused, func(v float64) bool { return v >= float64(i+1) })
			rounds(t, 2, st.edges[1:]...)
			if got, want := s.apex(), addresses(st.edges[1], st.edges[2]); !slices.Equal(got, want) {
				t.Errorf("the set is %v, want %v", got, want)
			}
			if got := refused(); got != float64(i+1) {
				t.Errorf("the fault was counted %v times, want once", got-float64(i))
			}
			if got := len(s.lines("its last good version stays")); got != i+1 {
				t.Errorf("the fault was logged %d times, want once", got-i)
			}
		})
	}
	t.Run("the list is taken away", func(t *testing.T) {
		before := refused()
		if err := os.Remove(st.path("edges")); err != nil {
			t.Fatal(err)
		}
		sees(t, patience, "the fault to be counted", refused, func(v float64) bool { return v > before })
		if got, want := s.apex(), addresses(st.edges[1], st.edges[2]); !slices.Equal(got, want) {
			t.Errorf("the set is %v, want %v", got, want)
		}
	})
	t.Run("a good list heals it", func(t *testing.T) {
		st.list(st.edges[2:]...)
		s.becomes(patience, addresses(st.edges[2], st.edges[3]))
	})
	t.Run("another object", func(t *testing.T) {
		// The edges that already have the new object fail until the server expects it; those that still have the old
		// one pass for ten minutes more.
		metricOf := func(e *edge, name string) float64 {
			v, _ := metric(t, metricsAt, name, label("edge", e.name))
			return v
		}
		st.edges[2].set(t, wrongBody)
		sees(t, patience, "the edge with the new object to fail", func() float64 { return metricOf(st.edges[2], "edge_grade") }, func(v float64) bool { return v == 0 })
		st.write("object", wrongObject)
		sees(t, patience, "the edge with the new object to pass", func() float64 { return metricOf(st.edges[2], "edge_grade") }, func(v float64) bool { return v > 1 })
		rounds(t, 2, st.edges[3])
		if got := metricOf(st.edges[3], "edge_grade"); got <= 1 {
			t.Errorf("the edge with the object before has grade %v, want a passing one", got)
		}
	})
	t.Run("the object is taken away", func(t *testing.T) {
		before := refused()
		if err := os.Remove(st.path("object")); err != nil {
			t.Fatal(err)
		}
		sees(t, patience, "the fault to be counted", refused, func(v float64) bool { return v > before })
		rounds(t, 2, st.edges[2], st.edges[3])
		if got, want := s.apex(), addresses(st.edges[2], st.edges[3]); !slices.Equal(got, want) {
			t.Errorf("the set is %v, want %v", got, want)
		}
	})
	w.check()
}

// An edge whose address is taken up anew is served there only when it has passed there.
func TestNewAddressMustPass(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	s := startServer(t, st.dir, block("example.org", st.directive("main")))
	s.becomes(patience, addresses(st.edges...))
	moved := newEdge(t, st.edges[0].name, nextTo(st.edges[0].addr.String()), st.port)
	moved.set(t, wrongBody)
	st.list(moved, st.edges[1])
	rounds(t, 3, moved)
	if got := s.apex(); slices.Contains(got, moved.addr.String()) {
		t.Errorf("the set is %v: %s never passed", got, moved.addr)
	}
	moved.set(t, healthy)
	s.becomes(patience, addresses(moved, st.edges[1]))
}

// nextTo is another address of a site's network.
func nextTo(addr string) string {
	ip := net.ParseIP(addr).To4()
	return fmt.Sprintf("%d.%d.1.%d", ip[0], ip[1], ip[3])
}
