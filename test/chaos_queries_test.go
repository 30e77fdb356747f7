//go:build e2e && chaos

package test

import (
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// longFlood is how long each kind of nonsense is sent.
const longFlood = time.Minute

// Nonsense that goes on takes no more memory, descriptors or goroutines than it did at first.
func TestChaosQueries(t *testing.T) {
	figures.Part(t)
	during := max(shortFlood, time.Duration(float64(longFlood)**scale))
	floods := []struct {
		name string
		send func(*server, time.Duration, func()) string
	}{
		{"packets that are nearly queries", (*server).mutants},
		{"random names", (*server).strangers},
		{"connections that are silent", func(s *server, during time.Duration, each func()) (said string) {
			for start := time.Now(); time.Since(start) < during; {
				said = s.crowd(400)
				each()
			}
			return said
		}},
	}
	for _, flood := range floods {
		figures.Expect(t, "hostile", flood.name)
		for _, held := range heldRows {
			figures.Expect(t, "hostile", flood.name+": "+held)
		}
	}
	path, err := plainServer()
	if err != nil {
		t.Fatal(err)
	}
	for _, flood := range floods {
		t.Run(flood.name, func(t *testing.T) {
			metricsAt := "127.0.0.1:" + freePort(t)
			_, s := hostile(t, path, "prometheus "+metricsAt)
			held, last := newTrend(t, s, metricsAt), time.Time{}
			idle := held.running()
			said := flood.send(s, during, func() {
				if time.Since(last) > during/50 {
					// What ends with its connection does not stay.
					eventually(t, patience, "the connections to be over", func() bool { return held.running() < idle+20 })
					held.look()
					last = time.Now()
				}
			})
			figures.Add(t, "hostile", flood.name, said, "answered, no panic")
			held.flat(func(name, measured, bound string) { figures.Add(t, "hostile", flood.name+": "+name, measured, bound) }, 20, 0.2)
		})
	}
}
