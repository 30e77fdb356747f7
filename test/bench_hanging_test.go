//go:build e2e && bench

package test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

const hangingPart = "nine of ten edges hang until the deadline"

// hangingSize is that of the network.
func hangingSize() size { return inEarnest(sizes[2], sizes[0]) }

func hangingGoals() []goal {
	of := hangingSize()
	return []goal{{hangingPart, of.what("longest"), "s", atMost(of.late().Seconds())}, {hangingPart, of.what("share of a core"), "%", nil}, {hangingPart, of.what("resident"), "MB", nil}}
}

// late is from how long after the last probe on the next one comes late.
func (of size) late() time.Duration { return of.interval + of.interval/20 }

// measureHanging has nine of ten edges hang until the deadline, and looks whether the others are probed on time all the same.
func measureHanging(t *testing.T, r *results) {
	const part = hangingPart
	of := hangingSize()
	f := newFarm(t, of.edges, false)
	for i, addr := range f.edges {
		f.hangs[addr] = i%10 != 0
	}
	st := f.site(of.interval)
	s := f.serve(st, st.directive("main", "example.org"))
	f.awaitRound(1, 10*of.interval)
	f.forget()
	spent, began := processorTime(t, s.cmd.Process.Pid), time.Now()
	f.awaitRound(2, 10*of.interval)
	share := 100 * (processorTime(t, s.cmd.Process.Pid) - spent).Seconds() / time.Since(began).Seconds()
	gaps := func(hangs bool) (all []time.Duration) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for addr, times := range f.probed {
			if f.hangs[addr] != hangs {
				continue
			}
			for i := range times[1:] {
				all = append(all, times[i+1].Sub(times[i]))
			}
		}
		return all
	}
	healthy, hanging := gaps(false), gaps(true)
	r.add(t, part, of.what("between two probes of a healthy edge"), median(healthy).Seconds(), "s", fmt.Sprintf("of %d", len(healthy)))
	r.bound(t, part, of.what("longest"), quantile(healthy, 1).Seconds(), "s", of.late().Seconds(), "")
	r.add(t, part, of.what("longest between two probes of one that hangs"), quantile(hanging, 1).Seconds(), "s", fmt.Sprintf("of %d", len(hanging)))
	r.add(t, part, of.what("share of a core"), share, "%", "")
	r.add(t, part, of.what("resident"), float64(s.memory())/1e6, "MB", "histories just begun")
	hanger := func(addr string) bool { return f.hangs[netip.MustParseAddr(addr)] }
	if set := s.full(4); slices.ContainsFunc(set, hanger) {
		t.Errorf("the set is %v, with an edge that hangs", set)
	}
}
