package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// brief is a series in short: its samples as seconds, x for a failure.
func brief(s Series) string {
	text := fmt.Sprintf("%s %s %s:", s.Edge, s.Family, s.Addr)
	for _, sample := range s.Samples {
		if sample.Failed {
			text += " x"
		} else {
			text += fmt.Sprintf(" %.1f", sample.Took.Seconds())
		}
	}
	return text
}

func briefs(all []Series) (texts []string) {
	for _, s := range all {
		texts = append(texts, brief(s))
	}
	return texts
}

func TestHistory(t *testing.T) {
	inBubble(t, func(s *site) {
		rewrite := s.edgeFile("a 192.0.2.1 2001:db8::1", "b 192.0.2.2")
		s.config.Families = config.Both
		s.canaries("example.org: 192.0.2.9")
		s.start()
		s.round()
		s.prober.set(dead, "192.0.2.1")
		s.advance(time.Minute)
		tests := []struct {
			edge string
			want []string
		}{
			{"a", []string{"a ipv4 192.0.2.1: 0.1 0.1 x", "a ipv6 2001:db8::1: 0.1 0.1 0.1"}},
			{"A.", []string{"a ipv4 192.0.2.1: 0.1 0.1 x", "a ipv6 2001:db8::1: 0.1 0.1 0.1"}},
			{"192.0.2.9", []string{"192.0.2.9 ipv4 192.0.2.9: 0.1 0.1 0.1"}},
		}
		for _, tt := range tests {
			got, err := s.History(context.Background(), tt.edge)
			if err != nil {
				t.Fatal(err)
			}
			s.equal(tt.edge, briefs(got), tt.want)
		}
		got, _ := s.History(context.Background(), "a")
		for i, sample := range got[0].Samples[1:] {
			if !sample.At.After(got[0].Samples[i].At) {
				t.Errorf("got samples at %v, want the oldest first", got[0].Samples)
			}
		}
		if _, err := s.History(context.Background(), "nobody"); !errors.Is(err, ErrNoMatch) {
			t.Errorf("got error %v, want ErrNoMatch", err)
		}
		// An edge taken off the list a moment ago is the one that will be asked about.
		rewrite("b 192.0.2.2")
		s.advance(5 * time.Second)
		if got, err := s.History(context.Background(), "a"); err != nil || len(got) != 2 {
			t.Errorf("no longer configured: got %v, %v", got, err)
		}
		s.memory = s.Stop()
		if _, err := s.History(context.Background(), "a"); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: got error %v", err)
		}
	})
}

func TestRecent(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.canaries("example.org: 192.0.2.9")
		s.config.Window = 10 * time.Second
		s.start()
		s.round()
		all, err := s.Recent(context.Background(), 100)
		if err != nil {
			t.Fatal(err)
		}
		s.equal("shorter than the window of few", briefs(all), []string{
			"a ipv4 192.0.2.1: 0.1 0.1", "b ipv4 192.0.2.2: 0.1 0.1", "192.0.2.9 ipv4 192.0.2.9: 0.1 0.1"})
		s.advance(time.Hour)
		for _, tt := range []struct {
			name         string
			most, length int
		}{{"the last twenty at least", 100, 20}, {"no more than asked for", 5, 5}, {"none", 0, 0}} {
			all, err := s.Recent(context.Background(), tt.most)
			if err != nil || len(all) != 3 {
				t.Fatalf("%s: got %v, %v", tt.name, all, err)
			}
			for _, one := range all {
				if len(one.Samples) != tt.length {
					t.Errorf("%s: got %d samples of %s, want %d", tt.name, len(one.Samples), one.Edge, tt.length)
				}
			}
		}
	})
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1")
		s.config.Window = 45 * time.Minute
		s.start()
		s.advance(time.Hour)
		all, err := s.Recent(context.Background(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(all[0].Samples); n < 44 || n > 46 {
			t.Errorf("got %d samples, want those of the window", n)
		}
	})
}

// The histories of ten thousand edges were copied in one go, while an operator's change waited. Now others get their turn in
// between, and an edge that is gone by then is left out.
func TestRecentLetsOthersIn(t *testing.T) {
	n := runningBench(t, 10*atOnce+5, 3)
	commands := n.commands
	between := make(chan command)
	n.commands = between
	turns := 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c := range between {
			turns++
			second := turns == 2
			commands <- func() {
				if c(); second {
					delete(n.mem.edges, "edge999") // the last by name
				}
			}
		}
	}()
	all, err := n.Recent(context.Background(), 2)
	close(between)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if want := 10*atOnce + 4; len(all) != want || slices.ContainsFunc(all, func(s Series) bool { return s.Edge == "edge999" }) {
		t.Errorf("got %d series, want %d, without the edge that went", len(all), want)
	}
	if turns < 11 {
		t.Errorf("got %d turns of the network's goroutine, want one for each %d edges", turns, atOnce)
	}
	if !slices.IsSortedFunc(all, func(a, b Series) int { return strings.Compare(a.Edge, b.Edge) }) {
		t.Error("the series are not by name")
	}
}

// BenchmarkRecent10000 and BenchmarkHistory2000 are what the network's goroutine is kept for.
func BenchmarkRecent10000(b *testing.B) {
	n := runningBench(b, 10_000, 40)
	for b.Loop() {
		if _, err := n.Recent(context.Background(), 120); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistory2000(b *testing.B) {
	n := runningBench(b, 1, 2000)
	for b.Loop() {
		if _, err := n.History(context.Background(), "edge0"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExplain10000 is what who asks waits for; most of it is outside of the network's goroutine.
func BenchmarkExplain10000(b *testing.B) {
	n := runningBench(b, 10_000, 10)
	for b.Loop() {
		if _, err := n.Explain(context.Background(), ""); err != nil {
			b.Fatal(err)
		}
	}
}

// runningBench is a network of which nothing runs but the commands, each edge with samples.
func runningBench(b testing.TB, edges, samples int) *Network {
	n := benchNetwork(b, edges)
	n.changes.Store(n.mem.changes)
	n.rules.Size = 2000
	now := time.Now()
	for i, e := range n.mem.order {
		for j := range samples {
			n.probedAt(e, now.Add(time.Duration(j-samples)*30*time.Second), time.Duration(50+(i*7919+j)%1000)*time.Millisecond)
		}
	}
	n.decide()
	commands := make(chan command)
	n.commands, n.stopped, n.cancel = commands, make(chan struct{}), func() {}
	done := make(chan struct{})
	b.Cleanup(func() {
		close(n.stopped)
		<-done
	})
	go func() {
		defer close(done)
		for {
			select {
			case c := <-commands:
				c()
			case <-n.stopped:
				return
			}
		}
	}()
	return n
}
