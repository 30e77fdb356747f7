package network

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// shaped changes what a prober finds.
type shaped struct {
	*fakeProber
	shape func(*prober.Result)
}

func (p *shaped) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	r := p.fakeProber.Probe(ctx, addr)
	p.shape(&r)
	return r
}

// The result of a probe is that of its last try, which the timeout may have cut short.
func TestCutShortTryIsSilence(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Timeout = 4 * time.Second
		addrs := s.many(9)
		p := &shaped{s.prober, func(r *prober.Result) {
			if r.Outcome == prober.Timeout {
				r.At, r.Took, r.Attempts = r.At.Add(3320*time.Millisecond), 680*time.Millisecond, 2
			}
		}}
		s.options = func(o *Options) { o.Prober = p }
		s.start()
		s.round()
		s.want("before", "192.0.2.1 192.0.2.2")
		s.prober.set(behaviour{took: s.config.Timeout, outcome: prober.Timeout}, addrs[0])
		s.advance(s.config.Interval + s.config.Timeout + time.Second)
		if got := s.answers(IPv4); strings.Contains(got+" ", addrs[0]+" ") {
			t.Errorf("got %s; %v", got, s.why(IPv4))
		}
	})
}

// An edge that is silent leaves in the end, however late the answers of the others come.
func TestLateAnswersConvict(t *testing.T) {
	inBubble(t, func(s *site) {
		addrs := s.many(6)
		p := &shaped{s.prober, func(r *prober.Result) {
			if r.Outcome == prober.OK {
				r.Phases.Connect = r.Took
			}
		}}
		s.options = func(o *Options) { o.Prober = p }
		s.prober.set(behaviour{took: 5 * time.Second}, addrs...)
		s.start()
		s.round()
		before := s.answers(IPv4)
		s.prober.set(unreachable, strings.Fields(before)[0])
		s.advance(4 * s.config.Interval)
		if got := s.answers(IPv4); strings.Contains(got+" ", strings.Fields(before)[0]+" ") {
			t.Errorf("got %s, as before: %v", got, s.why(IPv4))
		}
	})
}

// A restart while everything is cut off changes nothing either, though the edges fail some at a time.
func TestRestartWhileCutOff(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State, s.config.EdgeCount, s.config.Workers = s.TempDir(), 8, 100
		addrs := s.many(200)
		// Half of the live ones are among the first to be probed, half among the last.
		s.prober.set(behaviour{took: fast / 2}, append(slices.Clone(addrs[:4]), addrs[95:99]...)...)
		s.start()
		s.round()
		s.round()
		set, serial := s.answers(IPv4), s.Snapshot().Serial
		s.prober.set(hanging, addrs...)
		s.advance(5 * time.Minute)
		s.restart()
		s.advance(time.Second)
		if got := s.family(IPv4).Warnings; len(got) != 1 || !strings.Contains(got[0], "no edge has answered") {
			t.Errorf("after the restart: got warnings %q", got)
		}
		changes := 1 // the first decision
		for range 60 {
			s.advance(time.Second)
			s.want("after the restart", set)
		}
		s.prober.set(behaviour{took: fast / 2}, addrs...)
		for range 20 {
			s.advance(10 * time.Second)
			s.want("healed", set)
		}
		s.equal("serial", s.Snapshot().Serial, serial)
		s.equal("changes of the set", len(heard[SetChanged](s.told)), changes)
		// What is on record of it is over, and traces go on.
		for _, c := range s.Changes(maxChanges) {
			if c.Kind == "contact" {
				s.equal("the last record", c.After, []string{"contact"})
				break
			}
		}
		tr := s.recordedRounds(IPv4)
		for _, d := range trace.Compare(tr, trace.Run(tr)) {
			t.Error(d)
		}
	})
}

// While there is no contact the rung is hold, whoever on this side of the cut goes on failing, and though edges still accept
// connections.
func TestRungWithoutContact(t *testing.T) {
	accepts := func(r *prober.Result) {
		if r.Outcome == prober.Timeout {
			r.Phases.Connect, r.Phases.FirstByte = fast, r.Took-fast
		}
	}
	for _, tt := range []struct {
		name  string
		shape func(*prober.Result)
		dead  int
		rungs int // how often it changes on the way to hold
	}{
		{"one refuses as before", func(*prober.Result) {}, 1, 1},
		// They are seen to fail, one or the other before nobody is left who passes.
		{"all accept and say nothing", accepts, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.EdgeCount = 4
				addrs := s.many(9)
				s.options = func(o *Options) { o.Prober = &shaped{s.prober, tt.shape} }
				s.prober.set(dead, addrs[:tt.dead]...)
				s.start()
				for range 3 {
					s.round()
				}
				set, rungs := s.answers(IPv4), len(heard[RungChanged](s.told))
				s.prober.set(hanging, addrs[tt.dead:]...)
				s.advance(20 * time.Minute)
				if tt.dead > 0 {
					s.want("without contact", set)
				}
				s.wantRung("without contact", selector.Hold)
				s.equal("changes of the rung", len(heard[RungChanged](s.told))-rungs, tt.rungs)
				s.prober.set(behaviour{took: fast}, addrs[tt.dead:]...)
				s.round()
				s.round()
				if tt.dead > 0 {
					s.want("healed", set)
				}
				s.wantRung("healed", selector.Full)
			})
		})
	}
}

// Edges that come back and refuse have answered: contact is there, though they fail.
func TestContactWithWhatFails(t *testing.T) {
	inBubble(t, func(s *site) {
		addrs := s.many(6)
		s.start()
		s.round()
		set := s.answers(IPv4)
		s.prober.set(hanging, addrs...)
		s.round()
		s.equal("warnings", len(s.family(IPv4).Warnings), 1)
		s.prober.set(dead, addrs...)
		s.round()
		s.want("all refuse", set)
		s.wantRung("all refuse", selector.Hold)
		s.equal("warnings when they refuse", len(s.family(IPv4).Warnings), 0)
	})
}

// Who speaks for or against a silent edge is asked before all that are overdue, where workers are too few.
func TestHurriedAreAskedFirst(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Workers = 10
		addrs := s.many(100)
		s.start()
		s.round()
		s.prober.set(hanging, addrs[5:]...)
		for range 10 {
			s.round()
		}
		live := strings.Fields(s.answers(IPv4))
		s.prober.set(unreachable, live[0])
		// Its turn comes when the backlog lets it; from then on it is soon over.
		n := len(s.prober.probes(live[0]))
		for range 1000 {
			if len(s.prober.probes(live[0])) > n {
				break
			}
			s.advance(time.Second)
		}
		s.advance(3 * s.config.Timeout)
		if got := s.answers(IPv4); strings.Contains(got+" ", live[0]+" ") {
			t.Errorf("got %s, with %s silent", got, live[0])
		}
	})
}
