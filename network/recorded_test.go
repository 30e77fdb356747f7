package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// recordedRounds is the trace of a site, having gone through a file.
func (s *site) recordedRounds(f Family) trace.Trace {
	s.Helper()
	t, err := s.Trace(context.Background(), f)
	if err != nil {
		s.Fatal(err)
	}
	data, err := trace.Encode(t)
	if err != nil {
		s.Fatal(err)
	}
	t, err = trace.Parse("recorded", data)
	if err != nil {
		s.Fatal(err)
	}
	return t
}

// A day with its incidents, decided anew by the settings it was decided by, gives the sets that were live.
func TestTraceReplays(t *testing.T) {
	tests := []struct {
		name  string
		setup func(s *site)
		day   func(s *site)
	}{
		{"calm", nil, func(s *site) { s.advance(time.Hour) }},
		{"failures", nil, func(s *site) {
			s.advance(10 * time.Minute)
			s.prober.set(dead, "192.0.2.1")
			s.advance(17 * time.Minute)
			s.prober.set(hanging, "192.0.2.2", "192.0.2.4")
			s.advance(8 * time.Minute)
			s.prober.set(behaviour{took: 900 * time.Millisecond}, "192.0.2.1")
			s.advance(8 * time.Minute)
			s.prober.set(behaviour{took: fast}, "192.0.2.1", "192.0.2.2", "192.0.2.4")
			s.advance(time.Hour)
		}},
		{"everything at once", nil, func(s *site) {
			s.advance(10 * time.Minute)
			s.prober.set(dead, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5")
			s.advance(5 * time.Minute)
			s.prober.set(behaviour{took: fast}, "192.0.2.4")
			s.advance(5 * time.Minute)
			s.prober.set(behaviour{took: fast}, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.5")
			s.advance(5 * time.Minute)
		}},
		{"fall and rise", func(s *site) { s.config.Fall, s.config.Rise = 3, 2 }, func(s *site) {
			for range 5 {
				s.advance(5 * time.Minute)
				s.prober.set(dead, "192.0.2.1", "192.0.2.3")
				s.advance(3 * time.Minute)
				s.prober.set(behaviour{took: fast}, "192.0.2.1", "192.0.2.3")
			}
		}},
		{"an operator", nil, func(s *site) {
			s.advance(10 * time.Minute)
			s.mode("e1", selector.Unavailable)
			s.advance(10 * time.Minute)
			s.mode("e5", selector.Force)
			s.advance(10 * time.Minute)
			s.mode("e1", selector.Available)
			s.modeFor("e2", 10*time.Minute)
			s.advance(time.Hour)
		}},
		{"several edges at once", nil, func(s *site) {
			s.advance(10 * time.Minute)
			s.mode("e[1234]", selector.Unavailable)
			s.advance(10 * time.Minute)
			s.mode("e*", selector.Available)
			s.advance(10 * time.Minute)
		}},
		{"a mode from before", nil, func(s *site) {
			s.mode("e1", selector.Unavailable)
			s.advance(3 * time.Hour)
		}},
		{"a full history", func(s *site) { s.config.History = 20 }, func(s *site) {
			s.advance(time.Hour)
			s.prober.set(dead, "192.0.2.2")
			s.advance(5 * time.Minute)
			s.prober.set(behaviour{took: fast}, "192.0.2.2")
			s.advance(3 * time.Minute)
		}},
		{"a restart", func(s *site) { s.config.State = s.TempDir() }, func(s *site) {
			s.advance(10 * time.Minute)
			s.prober.set(dead, "192.0.2.1")
			s.advance(10 * time.Minute)
			s.restart()
			s.advance(10 * time.Minute)
		}},
		{"a budget that is used up", func(s *site) { s.config.MaxChanges = 1 }, func(s *site) {
			s.advance(10 * time.Minute)
			s.prober.set(behaviour{took: 2 * time.Second}, "192.0.2.1", "192.0.2.2")
			s.advance(30 * time.Minute)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.edges("e1 192.0.2.1", "e2 192.0.2.2", "e3 192.0.2.3", "e4 192.0.2.4", "e5 192.0.2.5")
				if tt.setup != nil {
					tt.setup(s)
				}
				s.start()
				tt.day(s)
				tr := s.recordedRounds(IPv4)
				expected := 0
				for _, e := range tr.Expect {
					if e.Live != nil {
						expected++
					}
				}
				if expected < len(tr.Rounds)*9/10 {
					t.Errorf("got %d expectations of %d rounds", expected, len(tr.Rounds))
				}
				for _, d := range trace.Compare(tr, trace.Run(tr)) {
					t.Error(d)
				}
				end := trace.Run(tr).Rounds
				s.equal("at the end", end[len(end)-1].Live, s.family(IPv4).Live)
			})
		})
	}
}

// Edges that come and go are listed while they were probed.
func TestTraceLists(t *testing.T) {
	inBubble(t, func(s *site) {
		rewrite := s.edgeFile("e1 192.0.2.1", "e2 192.0.2.2", "e3 192.0.2.3 2001:db8::3")
		s.config.Families = config.Both
		s.start()
		s.advance(10 * time.Minute)
		rewrite("e2 192.0.2.2", "e3 192.0.2.3 2001:db8::3")
		s.advance(10 * time.Minute)
		rewrite("e2 192.0.2.2", "e3 192.0.2.3 2001:db8::3", "e4 192.0.2.4")
		s.advance(10 * time.Minute)
		var lists []string
		tr := s.recordedRounds(IPv4)
		for _, r := range tr.Rounds {
			if r.Edges != nil {
				lists = append(lists, fmt.Sprint(r.Edges))
			}
		}
		s.equal("lists", lists, []string{"[e1 e2 e3]", "[e2 e3]", "[e2 e3 e4]"})
		for _, d := range trace.Compare(tr, trace.Run(tr)) {
			t.Error(d)
		}
		s.equal("name", tr.Name, "net ipv4")
		six := s.recordedRounds(IPv6)
		s.equal("the other family", six.Rounds[0].Edges, []string{"e3"})
	})
}

func TestTraceSettings(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("e1 192.0.2.1")
		s.config.Fallback = parseAddrs("192.0.2.200", "2001:db8::200")
		s.config.EdgeCount, s.config.MaxChanges, s.config.MaxChangesPer, s.config.Strict = 7, 0, 0, true
		s.config.Headers = []config.Header{{Name: "Authorization", Value: "secret"}}
		s.start()
		if _, err := s.Trace(context.Background(), IPv6); !errors.Is(err, ErrInvalid) {
			t.Errorf("a family that is not served: got error %v", err)
		}
		s.round()
		got := s.recordedRounds(IPv4).Settings
		want := trace.Settings{Grading: rules(s.config), Selection: selector.Settings{
			EdgeCount: 7, MaxChangesPer: 10 * time.Minute, Strict: true, Fallback: parseAddrs("192.0.2.200"),
		}}
		s.equal("settings", got, want)
		s.memory = s.Stop()
		if _, err := s.Trace(context.Background(), IPv4); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: got error %v", err)
		}
	})
}

// Whatever is on record, with clocks that were set and edges that came and went: it makes rounds that can be read.
func TestRecordingMakesTraces(t *testing.T) {
	start := time.Unix(1700000000, 0)
	name := rapid.SampledFrom([]string{"a", "b", "c", "d", "192.0.2.1"})
	moment := rapid.Map(rapid.IntRange(0, 600_000), func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) })
	rapid.Check(t, func(t *rapid.T) {
		r := recording{family: IPv4, until: moment.Draw(t, "until"), interval: time.Minute, modes: map[string]selector.Mode{}}
		for _, edge := range rapid.SliceOfDistinct(name, rapid.ID).Draw(t, "edges") {
			e := recorded{name: edge, listed: rapid.Bool().Draw(t, "listed"), cut: rapid.Bool().Draw(t, "cut")}
			for range rapid.IntRange(0, 12).Draw(t, "samples") {
				e.samples = append(e.samples, history.Sample{At: moment.Draw(t, "at"), Failed: rapid.Bool().Draw(t, "failed")})
			}
			r.edges = append(r.edges, e)
		}
		names := rapid.SliceOfNDistinct(name, 0, 3, rapid.ID)
		r.changes = []state.Change{{At: moment.Draw(t, "since"), Kind: "set", After: names.Draw(t, "live")}}
		var changes []state.Change
		for range rapid.IntRange(0, 8).Draw(t, "changes") {
			c := state.Change{At: moment.Draw(t, "at"), Kind: rapid.SampledFrom([]string{"set", "mode", "rung"}).Draw(t, "kind")}
			switch c.Kind {
			case "set":
				c.Family, c.Before, c.After = "ipv4", names.Draw(t, "before"), names.Draw(t, "after")
			case "mode":
				c.Edge, c.Before, c.After = name.Draw(t, "edge"), []string{"available"}, []string{"unavailable"}
			}
			changes = append(changes, c)
		}
		r.keep(changes)
		tr := r.trace()
		tr.Settings = trace.Defaults()
		if len(tr.Rounds) == 0 {
			return
		}
		data, err := trace.Encode(tr)
		if err != nil {
			t.Fatal(err)
		}
		got, err := trace.Parse("recorded", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if len(got.Expect) != 0 && len(got.Expect) != len(got.Rounds) {
			t.Fatalf("got %d expectations of %d rounds", len(got.Expect), len(got.Rounds))
		}
		trace.Run(got)
	})
}

// With other settings the same day goes otherwise: that is what it is recorded for.
func TestTraceWhatIf(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("e1 192.0.2.1", "e2 192.0.2.2", "e3 192.0.2.3")
		s.start()
		s.advance(10 * time.Minute)
		s.prober.set(dead, "192.0.2.1")
		s.advance(10 * time.Minute)
		tr := s.recordedRounds(IPv4)
		as := trace.Summarize(tr)
		if as.Rotations == 0 || slices.ContainsFunc(as.Edges, func(e trace.EdgeTime) bool { return e.Failing > time.Second }) {
			t.Errorf("as it was: got %+v", as)
		}
		if err := tr.Settings.Set("fall", "1000"); err != nil {
			t.Fatal(err)
		}
		if with := trace.Summarize(tr); with.Rotations != 0 || with.Failing < 9*time.Minute {
			t.Errorf("with fall 1000: got %+v", with)
		}
	})
}

// BenchmarkTrace is the whole history of a large site: the goroutine that decides is kept for the copies only.
func BenchmarkTrace(b *testing.B) {
	n := runningBench(b, 200, 2000)
	for b.Loop() {
		if _, err := n.Trace(context.Background(), IPv4); err != nil {
			b.Fatal(err)
		}
	}
}
