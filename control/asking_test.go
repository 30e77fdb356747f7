package control

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Sixteen clients that asked for samples again and again kept an operator's preview waiting for seconds: each answer was
// copied in the goroutine that decides. Now a network is asked once a second.
func TestMemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemo[int]()
		asked := 0
		read := func() (int, error) {
			asked++
			<-time.After(100 * time.Millisecond)
			return asked, nil
		}
		var looking sync.WaitGroup
		for range 20 {
			looking.Go(func() {
				if got, err := m.get(t.Context(), question{}, read); err != nil || got != 1 {
					t.Errorf("got %d, error %v, want 1", got, err)
				}
			})
		}
		looking.Wait()
		if _, err := m.get(t.Context(), question{most: 1}, read); err != nil || asked != 2 {
			t.Errorf("another question was asked %d times, error %v", asked-1, err)
		}
		<-time.After(fresh)
		synctest.Wait()
		if len(m.answers) != 0 {
			t.Errorf("%d answers are kept though they are old", len(m.answers))
		}
		if got, err := m.get(t.Context(), question{}, read); err != nil || got != 3 {
			t.Errorf("got %d, error %v, want 3: the old answer is given", got, err)
		}
		failed := errors.New("stopped")
		for range 2 {
			if _, err := m.get(t.Context(), question{most: 2}, func() (int, error) { return 0, failed }); !errors.Is(err, failed) {
				t.Errorf("got error %v, want %v", err, failed)
			}
		}
		<-time.After(fresh)
		synctest.Wait() // for timers to end
	})
}

// Asking sparingly is asking for more and leaving it out: what comes of it is the same.
func TestSparingly(t *testing.T) {
	c := configure(t, "net", append(three, "d.example.net 192.0.2.4 2001:db8::4", "late.example.net")...)
	c.Families = 0
	n := start(t, c)
	for _, name := range []string{"gone.example.net", "d.example.net"} {
		if _, err := n.SetMode(t.Context(), network.ModeChange{Edge: name, Mode: selector.Unavailable, Comment: "for the test", Force: true}); err != nil {
			t.Fatal(err)
		}
	}
	plainly := cmp.Options{cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateErrors()}
	for _, pattern := range []string{"", "*", "?.example.net", "a.example.net", "late.example.net", "gone.example.net", "g*", "x.example.net", "x*"} {
		t.Run("explain "+pattern, func(t *testing.T) {
			s := newSparingly()
			want, wantErr := directly{}.explain(t.Context(), n, pattern)
			got, err := s.explain(t.Context(), n, pattern)
			if (err == nil) != (wantErr == nil) || errors.Is(err, network.ErrNoMatch) != errors.Is(wantErr, network.ErrNoMatch) {
				t.Errorf("got error %v, want %v", err, wantErr)
			}
			// By the first family with what has none, then the other: within, as they come.
			names := func(all []network.Explanation) (names []string) {
				for _, e := range all {
					names = append(names, e.Family.String()+" "+e.Name+": "+e.Verdict.String()+", "+e.Needs)
				}
				return names
			}
			if diff := cmp.Diff(names(want), names(got)); diff != "" {
				t.Errorf("(-directly +sparingly):\n%s", diff)
			}
		})
	}
	for _, most := range []int{1, 2, 19, 20, 60, 61, 200} {
		t.Run(fmt.Sprint("recent ", most), func(t *testing.T) {
			s := newSparingly()
			want, err := directly{}.recent(t.Context(), n, most)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.recent(t.Context(), n, most)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, plainly); diff != "" {
				t.Errorf("(-directly +sparingly):\n%s", diff)
			}
		})
	}
}

// One answer serves all limits, and none of them spoils it for the next.
func TestSparinglyShares(t *testing.T) {
	n := start(t, configure(t, "net", three...))
	s := newSparingly()
	samples := func(most int) (counts []int) {
		series, err := s.recent(t.Context(), n, most)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range series {
			counts = append(counts, len(one.Samples))
		}
		return counts
	}
	before := samples(60)
	samples(1)
	if again := samples(60); !slices.Equal(before, again) {
		t.Errorf("got %v samples, then %v", before, again)
	}
	for i := range 200 {
		samples(i + 1)
	}
	if got := len(s.sampled.answers); got > 2 {
		t.Errorf("the network was asked for %d sizes, want 2", got)
	}
	for _, pattern := range strings.Split("a.example.net b* c* ?.example.net", " ") {
		if _, err := s.explain(t.Context(), n, pattern); err != nil {
			t.Error(err)
		}
	}
	if got := len(s.explained.answers); got > 1 {
		t.Errorf("the network was asked for %d patterns, want 1", got)
	}
}

// A network without edges has nothing to explain, which is no error.
func TestSparinglyOfNothing(t *testing.T) {
	n := start(t, configure(t, "net", three...))
	c := configure(t, "empty", three...)
	c.Sources = nil
	in, err := network.ReadInputs(c)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := network.New(c, in, network.Options{Prober: &fakeProber{}, Resolver: fakeResolver{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := empty.Start(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if m := empty.Stop(); m != nil {
			m.Close()
		}
	})
	s := newSparingly()
	if got, err := s.explain(t.Context(), empty, ""); err != nil || len(got) != 0 {
		t.Errorf("got %v, error %v", got, err)
	}
	if got, err := s.explain(t.Context(), n, ""); err != nil || len(got) != 3 {
		t.Errorf("got %d explanations of another network, error %v, want 3", len(got), err)
	}
}
