//go:build e2e && chaos

package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// ordeal is a server that is killed over and over while operators, edges and the authors of zones are at work.
type ordeal struct {
	t       *testing.T
	st      *site
	s       *server
	state   string // its directory
	op      operator
	killed  atomic.Bool
	edition int // of the zones' texts

	// Of each edge: the modes it may have after a crash, by comment. The first is the last one acknowledged, others were
	// asked for and never answered.
	modes map[string][]string

	mu      sync.Mutex
	zones   map[string]*shownZone
	asked   int
	bad     []string
	changes int

	kills, acknowledged, unanswered int
	newer                           int // first answers of a set that nobody had seen before the kill
	starts                          []time.Duration
}

var killZones = []string{"example.org.", "example.com.", "shop.example.net."}

// quietZone is never edited: its serial rises with the set alone.
const quietZone = "quiet.example.net."

// startBound is within what a killed server answers again, with few edges and zones.
const startBound = time.Second

// A server that is killed at any moment goes on, after its start, with every mode that it acknowledged, with the set and
// the zones that it showed last or newer ones, and never with a lower serial or an empty answer.
func TestChaosKill(t *testing.T) {
	figures.Part(t)
	figures.Expect(t, "kill", "kills at random", "first answer", "modes acknowledged", "queries answered", "exec to first answer")
	const servers = 3
	ordeals := make([]*ordeal, servers)
	t.Run("servers", func(t *testing.T) {
		for i := range ordeals {
			t.Run(strconv.Itoa(i+1), func(t *testing.T) {
				t.Parallel()
				ordeals[i] = newOrdeal(t)
				ordeals[i].run(max(1, scaled(300)/servers))
			})
		}
	})
	var all ordeal
	for _, o := range ordeals {
		if o == nil || len(o.starts) == 0 {
			t.Fatal("a server did not get to its first kill")
		}
		all.kills += o.kills
		all.newer += o.newer
		all.acknowledged += o.acknowledged
		all.unanswered += o.unanswered
		all.asked += o.asked
		all.changes += o.changes
		all.starts = append(all.starts, o.starts...)
		all.bad = append(all.bad, o.bad...)
	}
	slices.Sort(all.starts)
	row := func(name, measured, bound string) { figures.Add(t, "kill", name, measured, bound) }
	row("kills at random", fmt.Sprintf("%d, over %d changes of zones or sets seen", all.kills, all.changes), "300")
	row("first answer", fmt.Sprintf("%d times the set that was answered last, %d times one that was decided after it and saved", all.kills-all.newer, all.newer), "no other")
	row("modes acknowledged", fmt.Sprintf("%d as saved, none as not saved, and %d cut off by the kill; after each start every mode was the last acknowledged or one cut off", all.acknowledged, all.unanswered), "none lost")
	row("queries answered", fmt.Sprintf("%d; %d empty, in error, with a lower serial, or with two contents of one serial", all.asked, len(all.bad)), "0 such")
	row("exec to first answer", fmt.Sprintf("median %s, slowest %s", all.starts[len(all.starts)/2].Round(time.Millisecond), all.starts[len(all.starts)-1].Round(time.Millisecond)), startBound.String())
	if all.acknowledged == 0 || all.changes == 0 {
		t.Error("nothing was proved: want modes acknowledged, and changes seen")
	}
}

func newOrdeal(t *testing.T) *ordeal {
	o := &ordeal{t: t, st: newSite(t, 8), modes: map[string][]string{}, zones: map[string]*shownZone{}}
	for _, z := range append([]string{quietZone}, killZones...) {
		o.zones[z] = &shownZone{shown: map[uint32]string{}}
		o.edit(z)
	}
	for _, e := range o.laterHalf() {
		o.modes[e.name] = []string{"available "}
	}
	// In memory, since a set is shown when it is saved or after 250 ms: what other users of the machine do to its disk is
	// not what is tried here.
	state := memoryDir(t)
	o.st.with("interval 1s", "timeout 800ms", "goodenough 700ms", "edge_count 3", "state "+state, "includes "+o.st.path("includes"))
	o.state, o.op = state, newOperator(t, state+"/control.sock")
	o.s = startServer(t, o.st.dir, block(".", o.st.directive("main")))
	o.s.full(3)
	o.op.edges()
	return o
}

// edit writes the next edition of a zone. Each edition is greater than all before it.
func (o *ordeal) edit(zone string) {
	o.edition++
	o.st.include(zone, fmt.Sprintf("edition IN TXT %d\n", o.edition))
}

func (o *ordeal) run(kills int) {
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for z := range o.zones {
		asking.Go(func() { o.ask(z, stop) })
	}
	defer asking.Wait()
	defer close(stop)
	for range kills {
		o.live(rand.N(1200 * time.Millisecond))
		o.kills++
		before := map[string]uint32{}
		o.mu.Lock()
		for z, shown := range o.zones {
			before[z] = shown.serial
		}
		last := o.zones[quietZone].last
		o.mu.Unlock()
		kept := o.kept(last)
		o.s.start()
		first, took := o.s.firstAnswer(patience)
		if o.starts = append(o.starts, took); took > 10*startBound {
			o.t.Errorf("after kill %d the first answer took %s, ten times the bound of %s", o.kills, took, startBound)
		}
		// It may have decided already since the start.
		if now := o.s.serialOf(quietZone); !slices.Equal(first, kept.set) && now == kept.serial {
			o.t.Errorf("after kill %d the first answer is %v with serial %d, want %v, as it was saved", o.kills, first, now, kept.set)
		}
		if kept.serial != last.serial {
			o.newer++
		}
		for z, serial := range before {
			if now := o.s.serialOf(z); now < serial {
				o.t.Errorf("after kill %d the serial of %s is %d, was %d", o.kills, z, now, serial)
			}
		}
		o.checkModes()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, bad := range o.bad[:min(10, len(o.bad))] {
		o.t.Error(bad)
	}
}

// kept is the set that a killed server had saved. It must be the last one that was answered, or one decided since.
func (o *ordeal) kept(last shown) shown {
	o.t.Helper()
	loaded, err := state.Read(filepath.Join(o.state, "main"))
	must(o.t, err)
	defer loaded.Close()
	kept := shown{loaded.Document.SetSerial, published(loaded.Document)}
	if !loaded.Found || kept.serial < last.serial || kept.serial == last.serial && !slices.Equal(kept.set, last.set) {
		o.t.Errorf("kill %d left %v with serial %d, and %v with serial %d had been answered", o.kills, kept.set, kept.serial, last.set, last.serial)
	}
	return kept
}

// live lets the server live for a while among people and edges, and kills it at a moment that has nothing to do with what they
// are at.
func (o *ordeal) live(during time.Duration) {
	done, process := make(chan struct{}), o.s.cmd.Process
	var setting sync.WaitGroup
	setting.Go(func() { o.setModes(done) })
	death := time.AfterFunc(during, func() {
		o.killed.Store(true)
		_ = process.Kill() // a process that has ended shows below
	})
	defer death.Stop()
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for ; o.s.running(); <-tick.C {
		if rand.IntN(3) == 0 {
			o.edit(killZones[rand.IntN(len(killZones))])
			continue
		}
		does := []behaviour{healthy, healthy, healthy, serverError, hanging, wrongBody}[rand.IntN(6)]
		o.st.edges[rand.IntN(len(o.st.edges))].set(o.t, does)
	}
	close(done)
	setting.Wait()
	if !o.killed.Swap(false) {
		o.t.Fatalf("the server ended before it was killed: %v", o.s.cmd.ProcessState)
	}
}

// laterHalf are the edges that operators set modes of.
func (o *ordeal) laterHalf() []*edge { return o.st.edges[len(o.st.edges)/2:] }

// setModes sets modes until the server is gone.
func (o *ordeal) setModes(done chan struct{}) {
	half := o.laterHalf()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		e := half[rand.IntN(len(half))].name
		comment := strconv.Itoa(rand.Int())
		mode := []string{"unavailable", "force", "blindforce"}[rand.IntN(3)]
		// Asked for is asked for, whatever becomes of the answer.
		o.modes[e] = append(o.modes[e], mode+" "+comment)
		ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Second)
		applied, err := o.op.client.SetMode(ctx, control.ModeRequest{Edge: e, Mode: mode, Comment: comment, Force: true})
		cancel()
		switch {
		case err == nil && applied.Saved:
			o.modes[e] = o.modes[e][len(o.modes[e])-1:]
			o.acknowledged++
		case err != nil && o.killed.Load():
			o.unanswered++
			return
		default:
			o.fault("setting %s %s: saved %t, error %v", e, mode, applied.Saved, err)
			return
		}
	}
}

func (o *ordeal) fault(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bad = append(o.bad, fmt.Sprintf(format, args...))
}

func (o *ordeal) checkModes() {
	o.t.Helper()
	edges := o.op.edges()
	for name, may := range o.modes {
		is := edges[name].Mode.Mode + " " + edges[name].Mode.Comment
		if !slices.Contains(may, is) {
			o.t.Errorf("after kill %d %s is %q, want one of %q", o.kills, name, is, may)
		}
		if edges[name].Live && edges[name].Mode.Mode == "unavailable" {
			o.t.Errorf("after kill %d %s is live, and unavailable", o.kills, name)
		}
		o.modes[name] = []string{is}
	}
}
