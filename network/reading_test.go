package network

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// hold makes the next networks stop at the history of an edge, amid the reading, until it is called or the network stops.
func (s *site) hold(edge string) (release func()) {
	released := make(chan struct{})
	options := s.options
	s.options = func(o *Options) {
		if options != nil {
			options(o)
		}
		o.reads = func(ctx context.Context, name string) {
			if name != edge {
				return
			}
			select {
			case <-released:
			case <-ctx.Done():
			}
		}
	}
	return sync.OnceFunc(func() { s.options = options; close(released) })
}

// samplesOf are the numbers of samples of edges, as an operator is shown them.
func (s *site) samplesOf(edges ...string) (numbers []int) {
	s.Helper()
	for _, e := range edges {
		series, err := s.History(s.Context(), e)
		if err != nil {
			s.Fatal(err)
		}
		numbers = append(numbers, len(series[0].Samples))
	}
	return numbers
}

// inHistories is a site that was stopped after six rounds: a and b are live, of a, b and c.
func inHistories(t *testing.T, test func(s *site, rewrite func(lines ...string))) {
	t.Helper()
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		rewrite := s.edgeFile(all...)
		s.prober.set(behaviour{took: 2 * fast}, "192.0.2.3")
		s.start()
		s.rounds(6)
		s.want("before", without)
		s.equal("samples before", s.samplesOf("a", "b", "c"), []int{6, 6, 6})
		s.stop()
		s.told.events = nil
		test(s, rewrite)
	})
}

// rounds lets each edge be probed that many times, counted from a start.
func (s *site) rounds(n int) {
	s.Helper()
	s.advance(time.Duration(n-1)*s.config.Interval + fast + time.Second)
}

var all = []string{"a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3"}

// What was answered before is answered on while the histories are read, and that is all that is done meanwhile.
func TestAnswersWhileReading(t *testing.T) {
	inHistories(t, func(s *site, rewrite func(lines ...string)) {
		saved := s.saved()
		s.prober.set(dead, "192.0.2.1", "192.0.2.2") // which nobody is to know yet
		asked := len(s.prober.probes("192.0.2.1"))
		release := s.hold("b")
		s.start()
		s.want("at the start", without)
		s.equal("ready", s.Status().Ready, true)
		s.advance(10 * s.config.Interval)
		s.want("much later", without)
		s.equal("serial", s.Snapshot().Serial, saved.SetSerial)
		s.equal("probes", len(s.prober.probes("192.0.2.1")), asked)
		s.equal("changes told", heard[SetChanged](s.told), []SetChanged(nil))
		for _, e := range s.family(IPv4).Edges {
			s.equal(e.Name+" is not graded by a part of its history", e.Grade, history.Unknown)
		}

		short, cancel := context.WithTimeout(s.Context(), time.Second)
		defer cancel()
		if _, err := s.History(short, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("whoever does not wait so long got error %v", err)
		}
		var samples []int
		var wait sync.WaitGroup
		wait.Go(func() { samples = s.samplesOf("a", "b", "c") })
		synctest.Wait()
		rewrite("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.advance(10 * time.Second)
		release()
		wait.Wait()
		s.equal("samples", samples, []int{6, 6, 6})
		s.equal("grade", s.edge("c").Grade, history.PassThreshold)
		s.rounds(2)
		s.want("when those who were live are known to be dead", "192.0.2.3 192.0.2.4")
	})
}

// Whatever ends the reading, all of it is read by the next network that has the memory, or the state.
func TestReadingIsMadeGood(t *testing.T) {
	tests := []struct {
		name string
		next func(s *site)
	}{
		{"stopped", func(s *site) { s.stop(); s.start() }},
		{"reloaded", func(s *site) { s.reload(same) }},
		{"reloaded twice", func(s *site) { s.reload(same); s.reload(same) }},
		{"reloaded with another history", func(s *site) { s.reload(func(c *config.Network) { c.History = 50 }) }},
		{"into another directory", func(s *site) {
			dir := t.TempDir()
			s.reload(func(c *config.Network) { c.State = dir })
		}},
		{"into a dry run and back", func(s *site) {
			s.reload(func(c *config.Network) { c.DryRun = true })
			s.reload(func(c *config.Network) { c.DryRun = false })
		}},
		{"reloaded, held again and stopped", func(s *site) {
			s.hold("c")
			s.reload(same)
			synctest.Wait()
			s.stop()
			s.options = nil
			s.start()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inHistories(t, func(s *site, _ func(...string)) {
				saved, state := s.saved(), s.config.State
				saved.Saved = time.Time{}
				s.hold("b")
				s.start()
				synctest.Wait() // a has been read in part
				s.options = nil
				began := time.Now()
				tt.next(s)
				s.equal("time that it took to stop", time.Since(began), time.Duration(0))
				s.want("at once", without)
				s.equal("samples", s.samplesOf("a", "b", "c"), []int{6, 6, 6})
				s.equal("average of c", s.edge("c").Average, 2*fast)
				synctest.Wait()
				now := s.saved()
				now.Saved = time.Time{}
				s.equal("state", now, saved)
				s.rounds(2)
				s.stop()
				s.start()
				later := []int{8, 8, 8}
				if s.config.State != state {
					later = []int{2, 2, 2} // which has what came since the move
				}
				s.equal("samples later", s.samplesOf("a", "b", "c"), later)
			})
		})
	}
}

// An edge that was taken off the list by mistake, while the server was down or read the histories, comes back as it was.
func TestOffTheListWhileReading(t *testing.T) {
	tests := []struct {
		name string
		next func(s *site, rewrite func(...string))
	}{
		{"by a start", func(s *site, rewrite func(...string)) {
			rewrite("a 192.0.2.1", "b 192.0.2.2")
			release := s.hold("b")
			s.start()
			synctest.Wait()
			release()
			s.advance(time.Second)
		}},
		{"by a reload", func(s *site, rewrite func(...string)) {
			release := s.hold("b")
			s.start()
			synctest.Wait()
			rewrite("a 192.0.2.1", "b 192.0.2.2")
			s.reload(same)
			synctest.Wait()
			release()
			s.advance(time.Second)
		}},
		{"by a reload, and put on by another one", func(s *site, rewrite func(...string)) {
			release := s.hold("b")
			s.start()
			rewrite("a 192.0.2.1", "b 192.0.2.2")
			s.reload(same)
			rewrite(all...)
			s.reload(same)
			synctest.Wait()
			release()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inHistories(t, func(s *site, rewrite func(...string)) {
				tt.next(s, rewrite)
				s.prober.set(hanging, "192.0.2.3")
				rewrite(all...)
				s.advance(3 * time.Second)
				s.equal("samples", s.samplesOf("c"), []int{6})
				s.equal("address", s.edge("c").Addr.String(), "192.0.2.3")
				s.equal("grade", s.edge("c").Grade, history.PassThreshold)
				s.mode("a", selector.Unavailable)
				s.want("with c in the place of a", "192.0.2.2 192.0.2.3")
			})
		})
	}
}

// An address of last resort is answered until the histories say who passes, which they do before anybody is probed.
func TestFallbackWhileReading(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State, s.config.Fallback = t.TempDir(), parseAddrs("198.51.100.1")
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.rounds(3)
		s.mode("*", selector.Unavailable)
		s.want("before", "198.51.100.1")
		s.stop()
		s.says(ModeChange{Edge: "a", Mode: selector.Available})
		s.prober.set(hanging, "192.0.2.1", "192.0.2.2")
		release := s.hold("b")
		s.start()
		s.advance(time.Minute)
		s.want("while reading", "198.51.100.1")
		release()
		synctest.Wait()
		s.want("by the history of a", "192.0.2.1")
	})
}

// A freeze holds what stood, whoever was left out of it.
func TestFrozenWhileReading(t *testing.T) {
	inHistories(t, func(s *site, _ func(...string)) {
		s.start()
		s.rounds(1)
		s.freezeFor(time.Hour)
		s.mode("a", selector.Unavailable)
		s.want("frozen", "192.0.2.2")
		s.stop()
		s.says(ModeChange{Edge: "a", Mode: selector.Available})
		release := s.hold("b")
		s.start()
		s.advance(time.Minute)
		s.want("while reading", "192.0.2.2")
		release()
		s.rounds(2)
		s.want("later", "192.0.2.2")
	})
}

// Canaries are as they were until their histories are read: else every start would change their zones twice.
func TestCanariesWhileReading(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.canaries("example.org: 192.0.2.9", "example.net: 192.0.2.8")
		s.config.State = t.TempDir()
		s.prober.set(dead, "192.0.2.8")
		s.start()
		s.rounds(3)
		s.wantAddrs("before", "example.org", inPlaceB)
		s.wantAddrs("before", "example.net", without)
		serial := s.serial("example.org")
		s.stop()
		s.told.events = nil
		release := s.hold("192.0.2.9")
		s.start()
		for _, when := range []string{"while reading", "when all is read"} {
			s.advance(time.Second)
			s.wantAddrs(when, "example.org", inPlaceB)
			s.wantAddrs(when, "example.net", without)
			s.equal(when+": serial", s.serial("example.org"), serial)
			s.equal(when+": told", canariesTold(s.told), []CanaryChanged(nil))
			release()
		}
	})
}

// What is kept up for the Python edgemanage begins with the whole histories, and a stop before they are read leaves it.
func TestLegacyWhileReading(t *testing.T) {
	inHistories(t, func(s *site, _ func(...string)) {
		s.config.Legacy = filepath.Join(t.TempDir(), "legacy")
		release := s.hold("b")
		s.start()
		synctest.Wait()
		s.stop()
		if _, err := os.Stat(s.config.Legacy); err == nil {
			t.Error("it was written without the histories")
		}
		release()
		s.start()
		s.rounds(1)
		s.stop()
		s.equal("fetches", len(s.stored("c").FetchTimes), 7)
	})
}

// Who is no running server reads the histories first.
func TestHistoriesAtOnce(t *testing.T) {
	inHistories(t, func(s *site, _ func(...string)) {
		at := map[string]*Network{"preview": preview(s)}
		o := s.offline(false)
		defer o.Close()
		at["offline"] = o.Network
		for name, n := range at {
			for _, e := range n.Status().Families[IPv4].Edges {
				s.equal(name+": samples of "+e.Name, e.Samples, 6)
				s.equal(name+": grade of "+e.Name, e.Grade, history.PassThreshold)
			}
		}
	})
}
