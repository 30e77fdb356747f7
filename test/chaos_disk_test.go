//go:build e2e && chaos

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

// TestChaosDisk takes the disk of the state away in every way there is, breaks an edge and lets an operator withdraw another
// meanwhile, gives the disk back, and kills the server: what was decided on the bad disk must be there after the start.
func TestChaosDisk(t *testing.T) {
	privileged(t)
	figures.Part(t)
	const image = "dd if=/dev/zero of=IMAGE bs=1M count=16 2>/dev/null && mkfs.ext4 -q IMAGE && mount -o loop IMAGE STATE"
	for _, tt := range []struct {
		name          string
		mount         string
		breaks, mends string // scripts
		slow          bool   // breaks and mends in turn: three of four seconds nothing is written
		saves         bool   // a mode is saved all the same
		crash         bool   // the server starts on it: the kernel makes no disk read-only that somebody writes
	}{
		{name: "full", mount: "mount -t tmpfs -o size=1m none STATE",
			breaks: "dd if=/dev/zero of=STATE/filler bs=4k 2>/dev/null || true", mends: "rm STATE/filler"},
		{name: "read-only", mount: "mount -t tmpfs -o size=1m none STATE",
			breaks: "mount -o remount,ro STATE", mends: "mount -o remount,rw STATE", crash: true},
		{name: "slow", mount: image, breaks: "fsfreeze --freeze STATE", mends: "fsfreeze --unfreeze STATE", slow: true, saves: true},
		{name: "stuck", mount: image, breaks: "fsfreeze --freeze STATE", mends: "fsfreeze --unfreeze STATE"},
		{name: "vanished", mount: "true", breaks: "rm -r STATE/main", mends: "true", saves: true},
		{name: "vanished for good", mount: "true", breaks: "rm -r STATE && touch STATE", mends: "rm STATE"},
	} {
		figures.Expect(t, "faults", "disk: "+tt.name)
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := newSite(t, 6)
			// The socket is not on the disk.
			st.with("control "+st.path("control.sock"), "edge_count 2", "min_live 1")
			state, images := st.path("state"), t.TempDir()
			if err := os.Mkdir(state, 0o755); err != nil {
				t.Fatal(err)
			}
			script := func(text string) string {
				return strings.NewReplacer("STATE", state, "IMAGE", filepath.Join(images, "disk")).Replace(text)
			}
			ns := newNamespace(t, false, script(tt.mount))
			metricsAt := "127.0.0.1:" + freePort(t)
			s := newServer(t, st.dir, block("example.org", "prometheus "+metricsAt, st.directive("main")))
			s.in = ns
			s.start()
			s.awaitAnswers()
			live := s.full(2)
			o := newOperator(t, st.path("control.sock"))
			if tt.crash {
				s.kill()
			}
			ns.sh(script(tt.breaks))
			if tt.crash {
				s.start()
				if first, _ := s.firstAnswer(patience); !slices.Equal(first, live) {
					t.Errorf("started on it, it answers %v, want %v", first, live)
				}
			}
			w, watching := bearWitness(t, s), watch(t, s)

			broken := true
			mend := func() {
				if broken {
					ns.sh(script(tt.mends))
					broken = false
				}
			}
			// A frozen disk would keep the server from ending.
			defer mend()
			withdrawn := st.at(s.apex()[0])
			during := func(do func()) { do() }
			if tt.slow {
				broken = false
				during = func(do func()) { ns.blink(script(tt.breaks), script(tt.mends), do) }
			}
			var saved bool
			var acknowledged, left time.Duration
			during(func() {
				start := time.Now()
				saved = o.try(withdrawn.name, "unavailable")
				acknowledged = time.Since(start)
				s.leaves(10*swapBound, withdrawn.addr.String())
				set := s.full(2)
				st.at(set[0]).set(t, serverError)
				left = s.leaves(10*swapBound, set[0])
				s.full(2)
			})
			if saved != tt.saves {
				t.Errorf("a mode on a disk that is %s is acknowledged as saved: %t, want %t", tt.name, saved, tt.saves)
			}
			errors, _ := metric(t, metricsAt, "state_errors_total")
			mend()
			sees(t, patience, "the state to be written", func() string { return o.network().StateError }, func(e string) bool { return e == "" })
			eventually(t, patience, "the mode to be on the disk", func() bool {
				return strings.Contains(ns.sh("cat "+state+"/main/state.json || true"), `"chaos"`)
			})
			s.rests()
			answers := w.answers()
			watching.check()
			before := shown{s.serial(), s.apex()}
			s.kill()
			s.start()
			first, _ := s.firstAnswer(patience)
			if now := s.serial(); !slices.Equal(first, before.set) || now < before.serial {
				t.Errorf("after a crash it answers %v and serial %d, want %v and %d", first, now, before.set, before.serial)
			}
			if mode := o.edges()[withdrawn.name].Mode.Mode; mode != "unavailable" {
				t.Errorf("after a crash %s is %s, want unavailable", withdrawn.name, mode)
			}
			said := "acknowledged as not saved"
			if saved {
				said = "acknowledged as saved"
			}
			fault(t, "disk: "+tt.name, answers,
				fmt.Sprintf("a dead edge left in %s, one withdrawn left at once", left.Round(100*time.Millisecond)),
				fmt.Sprintf("the mode was %s in %s; %.0f errors counted; all of it there after the disk healed and a crash", said, acknowledged.Round(10*time.Millisecond), errors))
		})
	}
}

// blink mends and breaks in turn while something is done, which begins broken: three of four seconds it is.
func (n *namespace) blink(breaks, mends string, do func()) {
	n.t.Helper()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
			case <-time.After(3 * time.Second):
			}
			n.sh(mends)
			select {
			case <-stop:
				return
			case <-time.After(time.Second):
			}
			n.sh(breaks)
		}
	}()
	do()
	close(stop)
	<-ended
}

// rests waits until set and serial have stood for a second: a set that is younger may not be saved yet.
func (s *server) rests() {
	s.t.Helper()
	eventually(s.t, patience, "set and serial to rest", func() bool {
		before, ok := s.look()
		if !ok {
			return false
		}
		rest := time.NewTimer(time.Second)
		defer rest.Stop()
		<-rest.C
		now, ok := s.look()
		return ok && now.serial == before.serial && slices.Equal(now.set, before.set)
	})
}
