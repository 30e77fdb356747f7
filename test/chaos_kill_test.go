//go:build e2e && chaos

package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
	"github.com/miekg/dns"
)

// ordeal is a server that is killed over and over while operators, edges and the authors of zones are at work.
type ordeal struct {
	t       *testing.T
	st      *site
	s       *server
	op      operator
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
	starts                          []time.Duration
}

// shownZone is what one zone has shown so far.
type shownZone struct {
	serial  uint32
	edition int
	shown   map[uint32]string // what each serial stood for
}

var killZones = []string{"example.org.", "example.com.", "shop.example.net."}

// A server that is killed at any moment goes on, after its start, with every mode that it acknowledged, with the set and
// the zones that it showed last or newer ones, and never with a lower serial or an empty answer.
func TestChaosKill(t *testing.T) {
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
		all.kills += o.kills
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
	row("modes acknowledged", fmt.Sprintf("%d, and %d cut off by the kill; after each start every mode was the last acknowledged or one cut off", all.acknowledged, all.unanswered), "none lost")
	row("queries answered", fmt.Sprintf("%d; %d empty, in error, with a lower serial, or with two contents of one serial", all.asked, len(all.bad)), "0 such")
	row("exec to first answer", fmt.Sprintf("median %s, slowest %s", all.starts[len(all.starts)/2].Round(time.Millisecond), all.starts[len(all.starts)-1].Round(time.Millisecond)), "1 s on a quiet machine")
	if all.acknowledged == 0 || all.changes == 0 {
		t.Error("nothing was proved: want modes acknowledged, and changes seen")
	}
}

func newOrdeal(t *testing.T) *ordeal {
	o := &ordeal{t: t, st: newSite(t, 8), modes: map[string][]string{}, zones: map[string]*shownZone{}}
	for _, z := range killZones {
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
	o.op = newOperator(t, state+"/control.sock")
	o.s = startServer(t, o.st.dir, block(".", o.st.directive("main")))
	o.s.full(3)
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
	for _, z := range killZones {
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
		o.mu.Unlock()
		o.s.start()
		_, took := o.s.firstAnswer(patience)
		o.starts = append(o.starts, took)
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

// live lets the server live for a while among people and edges, and kills it while they are at work.
func (o *ordeal) live(during time.Duration) {
	done := make(chan struct{})
	var setting sync.WaitGroup
	setting.Go(func() { o.setModes(done) })
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); <-tick.C {
		if rand.IntN(3) == 0 {
			o.edit(killZones[rand.IntN(len(killZones))])
			continue
		}
		does := []behaviour{healthy, healthy, healthy, serverError, hanging, wrongBody}[rand.IntN(6)]
		o.st.edges[rand.IntN(len(o.st.edges))].set(o.t, does)
	}
	o.s.kill()
	close(done)
	setting.Wait()
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
		default:
			o.unanswered++
			return
		}
	}
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

var editionText = regexp.MustCompile(`^\d+$`)

// ask looks at one zone all the time. An answer is a fault when it is none of a working zone, when its serial or edition is
// lower than one seen before, and when a serial stands for another content than it did.
func (o *ordeal) ask(zone string, stop chan struct{}) {
	serial := func() (uint32, bool) {
		m, ok := o.question(zone, dns.TypeSOA)
		if !ok {
			return 0, false
		}
		return m.Answer[0].(*dns.SOA).Serial, true
	}
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		before, ok := serial()
		if !ok {
			continue
		}
		addresses, ok1 := o.question(zone, dns.TypeA)
		text, ok2 := o.question("edition."+zone, dns.TypeTXT)
		after, ok3 := serial()
		if !ok1 || !ok2 || !ok3 {
			continue
		}
		o.see(zone, before, after, addresses, text)
	}
}

func (o *ordeal) see(zone string, before, after uint32, addresses, text *dns.Msg) {
	o.mu.Lock()
	defer o.mu.Unlock()
	z := o.zones[zone]
	if before < z.serial || after < before {
		o.bad = append(o.bad, fmt.Sprintf("the serial of %s was %d, then %d and %d", zone, z.serial, before, after))
	}
	if after != z.serial {
		o.changes++
	}
	z.serial = after
	words := text.Answer[0].(*dns.TXT).Txt
	edition, err := strconv.Atoi(strings.Join(words, ""))
	if err != nil || !editionText.MatchString(words[0]) || edition < z.edition {
		o.bad = append(o.bad, fmt.Sprintf("%s is in edition %q after %d", zone, words, z.edition))
	}
	z.edition = edition
	if before != after {
		return
	}
	shown := fmt.Sprint(values(addresses), edition)
	if known, again := z.shown[after]; again && known != shown {
		o.bad = append(o.bad, fmt.Sprintf("serial %d of %s stood for %s, and for %s", after, zone, known, shown))
	}
	z.shown[after] = shown
}

// question asks once. Without an answer the server is dead, for a moment; one without records is a fault.
func (o *ordeal) question(name string, qtype uint16) (*dns.Msg, bool) {
	m, err := o.s.exchange(name, qtype, 300*time.Millisecond)
	if err != nil {
		return nil, false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) == 0 {
		o.bad = append(o.bad, fmt.Sprintf("%s %s is answered with %s and %d records", name, dns.TypeToString[qtype], dns.RcodeToString[m.Rcode], len(m.Answer)))
		return nil, false
	}
	return m, true
}
