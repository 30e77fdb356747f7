package network

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// seen is long enough for a change of a file to be taken up.
const seen = 4 * pollEvery

func TestEdgeListChanges(t *testing.T) {
	two := []string{"a 192.0.2.1", "b 192.0.2.2"}
	three := append(two, "c 192.0.2.3")
	tests := []struct {
		name     string
		lines    []string
		want     string
		failures int // told
	}{
		{"an edge less", []string{"b 192.0.2.2", "c 192.0.2.3"}, "192.0.2.2 192.0.2.3", 0},
		{"an edge more", append(three, "d 192.0.2.4"), "192.0.2.1 192.0.2.2", 0},
		{"all others", []string{"x 192.0.2.11", "y 192.0.2.12"}, "192.0.2.11 192.0.2.12", 0},
		{"another order", []string{"c 192.0.2.3", "b 192.0.2.2", "a 192.0.2.1"}, "192.0.2.1 192.0.2.2", 0},
		{"a bad line", []string{"a 192.0.2.1", "b 192.0.2.300"}, "192.0.2.1 192.0.2.2", 1},
		{"no edge", []string{"# nobody"}, "192.0.2.1 192.0.2.2", 1},
		{"an address twice", []string{"a 192.0.2.1", "b 192.0.2.1"}, "192.0.2.1 192.0.2.2", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				rewrite := s.edgeFile(three...)
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2")
				rewrite(tt.lines...)
				s.advance(seen)
				s.want("after", tt.want)
				s.round()
				s.want("a round later", tt.want)
				s.equal("failures", len(heard[ReloadFailed](s.told)), tt.failures)

				rewrite("b 192.0.2.2", "c 192.0.2.3")
				s.advance(seen)
				s.want("after a list that is good", "192.0.2.2 192.0.2.3")
				s.equal("failures at last", len(heard[ReloadFailed](s.told)), tt.failures)
			})
		})
	}
}

// A file that vanishes and returns, or is bad for long, is told of once for each time.
func TestFailuresAreToldOnce(t *testing.T) {
	inBubble(t, func(s *site) {
		rewrite := s.edgeFile("a 192.0.2.1")
		other := filepath.Join(t.TempDir(), "others")
		writeFile(t, other, "b 192.0.2.2\n")
		s.config.Sources = append(s.config.Sources, config.Source{File: other})
		s.start()
		s.round()
		steps := []struct {
			name string
			do   func()
			want int
		}{
			{"a file vanishes", func() { os.Remove(other) }, 1},
			{"the other one changes", func() { rewrite("a 192.0.2.1", "c 192.0.2.3") }, 1},
			{"it returns", func() { writeFile(t, other, "b 192.0.2.2\n") }, 1},
			{"it vanishes again", func() { os.Remove(other) }, 2},
			{"it comes back bad", func() { writeFile(t, other, "b 192.0.2.300\n") }, 3},
			{"it is bad in another way", func() { writeFile(t, other, "b 192.0.2.301\n") }, 4},
			{"it contradicts the other one", func() { writeFile(t, other, "b 192.0.2.1\n") }, 5},
			{"that changes and does not help", func() { rewrite("a 192.0.2.1", "d 192.0.2.4") }, 5},
			{"all is well", func() { writeFile(t, other, "b 192.0.2.2\n") }, 5},
		}
		for _, step := range steps {
			step.do()
			s.advance(seen)
			s.round()
			if got := heard[ReloadFailed](s.told); len(got) != step.want {
				t.Fatalf("%s: got %d failures, want %d: %v", step.name, len(got), step.want, got)
			}
			s.want(step.name, "192.0.2.1 192.0.2.2")
		}
		s.equal("edges at last", len(s.family(IPv4).Edges), 3)
	})
}

// An edge that was taken off the list by mistake comes back with its history, within a day.
func TestRemovedEdgeReturns(t *testing.T) {
	tests := []struct {
		name    string
		away    time.Duration
		samples bool
	}{
		{"within a day", 23 * time.Hour, true},
		{"after a day", 25 * time.Hour, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				rewrite := s.edgeFile("a 192.0.2.1", "b 192.0.2.2")
				s.start()
				s.advance(10 * time.Minute)
				rewrite("b 192.0.2.2")
				s.advance(tt.away)
				s.want("without it", "192.0.2.2")
				probes := len(s.prober.probes("192.0.2.1"))
				rewrite("a 192.0.2.1", "b 192.0.2.2")
				s.advance(seen)
				s.equal("probes at its return", len(s.prober.probes("192.0.2.1")), probes+1)
				if got := s.edge("a").Samples > 1; got != tt.samples {
					t.Errorf("got %d samples at its return, want those from before: %v", s.edge("a").Samples, tt.samples)
				}
				s.want("with it", "192.0.2.1 192.0.2.2")
			})
		})
	}
}

// A list that is rewritten grades nobody anew: an edge that was not probed since keeps its grade. The window has moved on
// meanwhile and would say something else.
func TestListChangeKeepsGrades(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.Interval = time.Hour
		s.config.Window = time.Minute
		rewrite := s.edgeFile("a 192.0.2.1")
		s.prober.set(behaviour{took: time.Second}, "192.0.2.1")
		s.start()
		s.round()
		before := s.edge("a").Grade
		s.reload(func(c *config.Network) { c.GoodEnough = 2 * time.Second })
		if after := s.edge("a").Grade; after == before {
			t.Errorf("got %s before and after a reload with other rules", after)
		}
		before = s.edge("a").Grade
		rewrite("a 192.0.2.1", "b 192.0.2.2")
		s.advance(seen)
		s.equal("grade", s.edge("a").Grade, before)
	})
}

// An address that a list changes while a probe of the old one runs is probed at once when that has ended.
func TestAddressChangesDuringProbe(t *testing.T) {
	inBubble(t, func(s *site) {
		rewrite := s.edgeFile("a 192.0.2.1", "b 192.0.2.2")
		s.prober.set(hanging, "192.0.2.1")
		s.start()
		rewrite("a 192.0.2.11", "b 192.0.2.2")
		s.advance(11 * time.Second)
		s.want("then", "192.0.2.2 192.0.2.11")
		s.equal("samples of the old address", s.edge("a").LastFailed, false)
		s.equal("two at once", s.prober.overlapped(), false)
	})
}

func TestObjectChanges(t *testing.T) {
	inBubble(t, func(s *site) {
		path := filepath.Join(t.TempDir(), "object")
		writeFile(t, path, "first")
		s.config.Object.File = path
		s.edges("a 192.0.2.1")
		s.start()
		first := s.expected()
		writeFile(t, path, "second")
		s.advance(seen)
		d, err := prober.ReadObject(path)
		if err != nil {
			t.Fatal(err)
		}
		s.equal("after the change", s.expected() != first, true)
		// Nothing that is said again of the same content makes the one before pass for longer.
		now := s.expected()
		if again := now.Replace(d, time.Now()); again != now {
			t.Error("the object expected is not that of the file")
		}
		writeFile(t, path, "")
		s.advance(seen)
		s.equal("with a bad one", s.expected() == now, true)
		s.equal("failures", len(heard[ReloadFailed](s.told)), 1)
		writeFile(t, path, "second")
		s.reload(same)
		s.equal("after a reload", s.expected() == now, true)
	})
}

func (s *site) expected() *prober.Object {
	s.prober.mu.Lock()
	defer s.prober.mu.Unlock()
	return s.prober.object
}

// A start with files that cannot be used goes on with the last good ones; without them it fails and names every fault.
func TestReadInputs(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(lists [2]string, object string)
		want  []string // parts of the error without a state, of the faults with one
	}{
		{"a list vanished", func(lists [2]string, _ string) { os.Remove(lists[0]) }, []string{"one"}},
		{"a bad list", func(lists [2]string, _ string) { os.WriteFile(lists[1], []byte("b 1.2.3\n"), 0o600) }, []string{"two"}},
		{"no object", func(_ [2]string, object string) { os.Remove(object) }, []string{"object"}},
		{"everything", func(lists [2]string, object string) {
			os.Remove(lists[0])
			os.Remove(lists[1])
			os.Remove(object)
		}, []string{"one", "two", "object"}},
		// Each is good by itself. This once stopped a restart although the state had lists that work.
		{"lists that contradict", func(lists [2]string, _ string) {
			os.WriteFile(lists[1], []byte("b 192.0.2.1\n"), 0o600)
		}, []string{"edges of network net: "}},
	}
	for _, tt := range tests {
		for _, saved := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, with a state %v", tt.name, saved), func(t *testing.T) {
				inBubble(t, func(s *site) {
					dir := t.TempDir()
					lists := [2]string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}
					object := filepath.Join(dir, "object")
					writeFile(t, lists[0], "a 192.0.2.1\n")
					writeFile(t, lists[1], "b 192.0.2.2\nc.example.net\n")
					writeFile(t, object, "content")
					s.config.Sources = []config.Source{{File: lists[0]}, {File: lists[1]}}
					s.config.Object.File = object
					if saved {
						s.config.State = filepath.Join(dir, "state")
					}
					s.start()
					s.round()
					s.stop()
					tt.spoil(lists, object)
					in, err := ReadInputs(s.config)
					got := fmt.Sprint(err)
					if saved {
						if err != nil {
							t.Fatal(err)
						}
						s.equal("edges", len(in.Edges), 3)
						s.equal("faults", len(in.Faults), len(tt.want))
						got = fmt.Sprint(in.Faults)
						s.start()
						s.want("at the start", "192.0.2.1 192.0.2.2")
						s.equal("told", len(heard[ReloadFailed](s.told)), len(tt.want))
						writeFile(t, lists[0], "a 192.0.2.1\n")
						writeFile(t, lists[1], "b 192.0.2.22\n")
						writeFile(t, object, "content")
						s.advance(seen)
						s.want("when mended", "192.0.2.1 192.0.2.22")
					}
					for _, part := range tt.want {
						if !strings.Contains(got, part) {
							t.Errorf("got %s, want it to tell of %q", got, part)
						}
					}
				})
			})
		}
	}
}

// What the object was before passes for its ten minutes also when it changes twice, over a restart, and when it changed
// while the server was down: edges get a new object one after another, and none may fail for that.
func TestPreviousObjectsPass(t *testing.T) {
	inBubble(t, func(s *site) {
		path := filepath.Join(t.TempDir(), "object")
		s.config.State = t.TempDir()
		s.config.Object.File = path
		s.edges("a 192.0.2.1")
		passing := func(when string, want int) {
			t.Helper()
			s.equal(when, len(s.expected().Passing(time.Now())), want)
		}
		writeFile(t, path, "first")
		s.start()
		passing("at first", 0)
		writeFile(t, path, "half of the sec")
		s.advance(seen)
		writeFile(t, path, "second, which is whole")
		s.advance(seen)
		passing("after two changes", 2)
		s.restart()
		passing("after a restart", 2)
		s.stop()
		writeFile(t, path, "third")
		s.start()
		passing("changed while it was down", 3)
		s.advance(prober.PreviousPasses)
		passing("when the time is over", 0)
	})
}
