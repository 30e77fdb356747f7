//go:build e2e && chaos

package test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
	"github.com/miekg/dns"
)

// scale makes the runs with large numbers shorter: with 0.1 there are 30 kills and not 300.
var scale = flag.Float64("scale", 1, "how much of the large runs to do")

func scaled(n int) int { return max(1, int(float64(n)**scale)) }

// witness asks for the apex all the time, and counts what a user would have noticed.
type witness struct {
	t     testing.TB
	s     *server
	stop  chan struct{}
	ended sync.WaitGroup

	mu      sync.Mutex
	paused  bool
	asked   int
	lost    int // no answer within five seconds
	refused int // another rcode than success
	empty   int
	slowest time.Duration
	sets    []string // that were answered, in turn
}

// bearWitness begins to ask. It is ended by answers, or by the end of the test.
func bearWitness(t testing.TB, s *server) *witness {
	w := &witness{t: t, s: s, stop: make(chan struct{})}
	w.ended.Go(func() {
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
				w.ask()
			}
		}
	})
	t.Cleanup(w.end)
	return w
}

func (w *witness) end() {
	w.mu.Lock()
	select {
	case <-w.stop:
	default:
		close(w.stop)
	}
	w.mu.Unlock()
	w.ended.Wait()
}

// pause has it ask no more until resume: the server is to be away.
func (w *witness) pause() { w.rest(true) }

func (w *witness) resume() { w.rest(false) }

func (w *witness) rest(paused bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = paused
}

// seen are the sets that were answered so far, in turn.
func (w *witness) seen() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sets)
}

func (w *witness) ask() {
	w.mu.Lock()
	paused := w.paused
	w.mu.Unlock()
	if paused {
		return
	}
	start := time.Now()
	m, err := w.s.exchange(zone, dns.TypeA, 5*time.Second)
	took := time.Since(start)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	w.slowest = max(w.slowest, took)
	switch {
	case err != nil && w.paused:
	case err != nil:
		w.lost++
	case m.Rcode != dns.RcodeSuccess:
		w.refused++
	case len(values(m)) == 0:
		w.empty++
	default:
		if set := strings.Join(values(m), " "); len(w.sets) == 0 || w.sets[len(w.sets)-1] != set {
			w.sets = append(w.sets, set)
		}
	}
}

// answers ends the witness and says what it saw. A bad answer fails the test.
func (w *witness) answers() string {
	w.t.Helper()
	w.end()
	bad := w.lost + w.refused + w.empty
	if bad > 0 {
		w.t.Errorf("of %d queries %d were lost, %d answered with an error and %d with nothing", w.asked, w.lost, w.refused, w.empty)
	}
	if w.asked == 0 {
		w.t.Error("no query was ever asked")
	}
	return fmt.Sprintf("%d asked, %d bad, slowest %s", w.asked, bad, w.slowest.Round(time.Millisecond))
}

// operator asks over the control socket of the only network.
type operator struct {
	t      testing.TB
	client *control.Client
}

func newOperator(t testing.TB, socket string) operator { return operator{t, control.NewClient(socket)} }

func (s *site) operator() operator { return newOperator(s.t, s.path("state/control.sock")) }

// network is the network at a glance; it waits for the server.
func (o operator) network() (n control.Network) {
	o.t.Helper()
	eventually(o.t, patience, "the control socket to answer", func() bool {
		ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Second)
		defer cancel()
		answer, err := o.client.Networks(ctx, "")
		if err == nil && len(answer.Networks) == 1 {
			n = answer.Networks[0]
		}
		return err == nil && len(answer.Networks) == 1
	})
	return n
}

// edges are the edges by name; it waits for the server.
func (o operator) edges() map[string]control.Edge {
	o.t.Helper()
	edges := map[string]control.Edge{}
	eventually(o.t, patience, "the control socket to answer", func() bool {
		ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Second)
		defer cancel()
		answer, err := o.client.Edges(ctx, control.EdgesQuery{})
		for _, e := range answer.Edges {
			edges[e.Edge] = e
		}
		return err == nil
	})
	return edges
}

// try sets a mode and says whether it was acknowledged as saved.
func (o operator) try(edge, mode string) (saved bool) {
	o.t.Helper()
	applied, err := o.client.SetMode(o.t.Context(), control.ModeRequest{Edge: edge, Mode: mode, Comment: "chaos"})
	if err != nil {
		o.t.Fatalf("setting %s %s: %v", edge, mode, err)
	}
	return applied.Saved
}

// mode sets a mode, which must be saved.
func (o operator) mode(edge, mode string) {
	o.t.Helper()
	if !o.try(edge, mode) {
		o.t.Fatalf("setting %s %s: it was not saved", edge, mode)
	}
}

// fault adds a row to the table of faults.
func fault(t testing.TB, name, answers, set, state string) {
	t.Helper()
	figures.Add(t, "faults", name, answers, set, state)
}

// privileged fails the test of who may not make what it needs.
func privileged(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this needs to be root, for namespaces and disks: sudo make chaos, or unshare --map-root-user make chaos for what that allows")
	}
}

// probes is how many probes have had an outcome so far.
func probes(t testing.TB, metricsAt, outcome string) float64 {
	t.Helper()
	v, _ := metric(t, metricsAt, "probes_total", label("outcome", outcome))
	return v
}
