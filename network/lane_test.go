package network

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// disks hang when they are told to, by what the network has them for.
type disks struct {
	mu    sync.Mutex
	hangs map[string]bool
	held  map[string][]chan struct{} // who is held up, in the order of coming
	most  int                        // how many were, on one disk
}

func (d *disks) hold(use, _ string) {
	d.mu.Lock()
	if !d.hangs[use] {
		d.mu.Unlock()
		return
	}
	on := make(chan struct{})
	d.held[use] = append(d.held[use], on)
	d.most = max(d.most, len(d.held[use]))
	d.mu.Unlock()
	<-on
}

func (d *disks) hang(uses ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, use := range uses {
		d.hangs[use] = true
	}
}

// mend lets disks hang no more, but for who is held up.
func (d *disks) mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.hangs)
}

// goOn lets those go on who are held up, the last who came first, each with a pause after it.
func (d *disks) goOn(pause func()) {
	d.mend()
	d.mu.Lock()
	held := d.held
	d.held = map[string][]chan struct{}{}
	d.mu.Unlock()
	for _, all := range held {
		for _, on := range slices.Backward(all) {
			close(on)
			pause()
		}
	}
}

// outside is what a network writes outside its state.
var outside = []string{"live_list", "legacy", "zonefiles"}

// onDisks has a network of three edges, two of them live, that writes everything there is to write.
func onDisks(t *testing.T, test func(s *site, d *disks)) {
	t.Helper()
	inFiles(t, map[string]string{"example.org": mx(10)}, func(s *site) {
		d := &disks{hangs: map[string]bool{}, held: map[string][]chan struct{}{}}
		defer func() {
			d.goOn(func() {})
			s.stop()
			s.advance(time.Second) // who was left behind ends
		}()
		s.config.Legacy, s.config.LiveList = filepath.Join(s.TempDir(), "legacy"), filepath.Join(s.TempDir(), "live")
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.prober.set(behaviour{took: 3 * fast}, "192.0.2.3")
		s.options = func(o *Options) { o.hold = d.hold }
		test(s, d)
	})
}

// wantOutside checks that what is written for a use says that these edges are live.
func (s *site) wantOutside(when, use string, live ...string) {
	s.Helper()
	switch use {
	case "live_list":
		s.equal(when+": live list", s.content(s.config.LiveList), strings.Join(live, "\n")+"\n")
	case "legacy":
		s.equal(when+": live of legacy", s.storedState().LastLive, live)
		for _, name := range []string{"a", "b", "c"} {
			want := "out"
			if slices.Contains(live, name) {
				want = "in"
			}
			s.equal(when+": legacy of "+name, s.stored(name).State, want)
		}
	case "zonefiles":
		s.wantFile(when, "example.org")
		for i, name := range []string{"a", "b", "c"} {
			is := strings.Contains(s.file("example.org"), fmt.Sprintf("192.0.2.%d\n", i+1))
			s.equal(when+": zone file with "+name, is, slices.Contains(live, name))
		}
	}
}

// hung are the times it was told that a disk hangs.
func hung(r *recorder) (told []string) {
	for _, e := range heard[FileFailed](r) {
		told = append(told, e.Err.Error())
	}
	for _, e := range heard[ZoneFilesFailed](r) {
		told = append(told, e.Err.Error())
	}
	return slices.DeleteFunc(told, func(text string) bool { return !strings.Contains(text, "the disk hangs") })
}

// A disk that hangs under what is written outside the state holds up nothing else: not the other files, no probe, no decision
// and no reload. However many reloads there are, one writer is left behind on it, and what that one wrote last does not
// stay: the next one waits for it.
func TestDiskHangs(t *testing.T) {
	for _, use := range outside {
		t.Run(use, func(t *testing.T) {
			onDisks(t, func(s *site, d *disks) {
				s.start()
				s.round()
				s.round()
				d.hang(use)
				s.prober.set(dead, "192.0.2.1") // this is what the one that is held up would write
				s.round()
				s.round()
				s.want("while it hangs", "192.0.2.2 192.0.2.3")
				if got := hung(s.told); len(got) != 1 {
					t.Errorf("told %q, want it once", got)
				}
				for range 5 {
					before := time.Now()
					s.reload(same)
					if took := time.Since(before); took > time.Second {
						t.Errorf("a reload took %s", took)
					}
				}
				s.prober.set(behaviour{}, "192.0.2.1")
				s.prober.set(dead, "192.0.2.2")
				probes := len(s.prober.probes("192.0.2.1"))
				s.round()
				s.round()
				s.want("after reloads", "192.0.2.1 192.0.2.3")
				if n := len(s.prober.probes("192.0.2.1")); n < probes+2 {
					t.Errorf("%d probes in two rounds", n-probes)
				}
				for _, other := range outside {
					if other != use {
						s.wantOutside("while it hangs", other, "a", "c")
					}
				}
				if got := hung(s.told); len(got) != 2 {
					t.Errorf("told %q, want it once more after the reloads", got)
				}
				s.equal("held up at most", d.most, 1)
				d.goOn(func() {})
				s.advance(s.config.Interval)
				s.wantOutside("when it goes on", use, "a", "c")
				s.prober.set(behaviour{}, "192.0.2.2")
				s.mode("a", selector.Unavailable)
				s.round()
				s.round()
				s.wantOutside("afterwards", use, "b", "c")
			})
		})
	}
}

// What a writer was about to write when its disk hung is not there at any time after something newer.
func TestDiskHangsInOrder(t *testing.T) {
	onDisks(t, func(s *site, d *disks) {
		s.start()
		s.round()
		s.round()
		d.hang("live_list", "zonefiles")
		s.mode("a", selector.Unavailable)
		s.advance(time.Second)
		s.reload(same)
		s.mode("a", selector.Available)
		s.mode("b", selector.Unavailable)
		s.advance(time.Second)
		d.goOn(func() { s.advance(time.Second) })
		for range 3 { // by then nothing changes: who has the last word keeps it
			s.advance(time.Second)
			s.wantOutside("when it goes on", "live_list", "a", "c")
			s.wantOutside("when it goes on", "zonefiles", "a", "c")
		}
	})
}

// Written to another place, for which an operator may reload when a disk hangs, files are there at once.
func TestDiskHangsAndIsLeft(t *testing.T) {
	onDisks(t, func(s *site, d *disks) {
		s.start()
		s.round()
		d.hang(outside...)
		s.prober.set(dead, "192.0.2.1")
		s.round()
		d.mend() // the new disks do not hang
		dir := t.TempDir()
		s.reload(func(c *config.Network) {
			c.LiveList, c.Legacy, c.ZoneFiles = filepath.Join(dir, "live"), filepath.Join(dir, "legacy"), filepath.Join(dir, "zones")
		})
		s.round()
		for _, use := range outside {
			s.wantOutside("at the new place", use, "b", "c")
		}
	})
}

// The process ends though every disk hangs, those that are read too; one that is only slow gets the last word.
func TestEndWhileDisksHang(t *testing.T) {
	t.Run("hang", func(t *testing.T) {
		onDisks(t, func(s *site, d *disks) {
			s.start()
			s.round()
			d.hang(outside...)
			s.prober.set(dead, "192.0.2.1")
			s.round()
			before := time.Now()
			s.stop()
			if took := time.Since(before); took > leaveAfter+leaveLast {
				t.Errorf("it took %s", took)
			}
		})
	})
	t.Run("slow", func(t *testing.T) {
		onDisks(t, func(s *site, d *disks) {
			s.start()
			s.round()
			d.hang(outside...)
			s.mode("a", selector.Unavailable)
			timer := time.AfterFunc(3*time.Second, func() { d.goOn(func() {}) })
			defer timer.Stop()
			s.stop()
			s.wantOutside("at the end", "live_list", "b", "c")
			s.wantOutside("at the end", "legacy", "b", "c")
		})
	})
}

// A round alone that is told to end leaves what hangs behind and says so.
func TestOnceWhileDisksHang(t *testing.T) {
	onDisks(t, func(s *site, d *disks) {
		d.hang(outside...)
		ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
		defer cancel()
		in, err := ReadInputs(s.config)
		if err != nil {
			t.Fatal(err)
		}
		n, err := New(s.config, in, Options{Prober: s.prober, Resolver: s.resolver, Observer: s.told, hold: d.hold})
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		failures, err := n.Once(ctx, false)
		if took := time.Since(before); err != nil || took > 2*time.Minute {
			t.Errorf("it took %s, error %v", took, err)
		}
		text := fmt.Sprint(failures)
		for _, path := range []string{s.config.LiveList, s.config.Legacy, s.config.ZoneFiles} {
			if !strings.Contains(text, fmt.Sprintf("%q: given up", path)) {
				t.Errorf("got %s, without %s", text, path)
			}
		}
		if _, err := os.Stat(s.config.LiveList); err == nil {
			t.Error("the live list was written")
		}
	})
}
