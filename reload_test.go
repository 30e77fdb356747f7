package edgemanage

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// corefile is a Corefile of networks a and b, or those left of them, each with its own zone a.example.org and so on. Two
// edges must be live: of three with one withdrawn the set cannot change, however slow the machine.
type corefile struct {
	farm       *farm
	generation int
	state      string
	networks   string        // letters
	extra      string        // in each body
	trip       string        // a line in the first block
	more       string        // more blocks
	interval   time.Duration // of the networks; zero is every
}

// every is the usual interval.
const every = 100 * time.Millisecond

func (c corefile) String() string {
	var b strings.Builder
	if c.interval == 0 {
		c.interval = every
	}
	for _, n := range c.networks {
		fmt.Fprintf(&b, "edgemanage %c %c.example.org {\nedges %s\nobject http://www.example.org:%s/\nns ns1.example.org\n"+
			"edge_count 2\nmin_live 2\nfamilies ipv4\nallow_short_interval\ninterval %s\ntimeout %s\ngoodenough %s\n"+
			"header From %c%d\nstate %s\n%s\n}\n",
			n, n, strings.Join(c.farm.addrs, " "), c.farm.port, c.interval, c.interval*8/10, c.interval/2, n, c.generation, c.state, c.extra)
	}
	return fmt.Sprintf("example.org:0 {\nbind 127.0.0.1\n%s\nwhoami\n%s}\n%s", c.trip, b.String(), c.more)
}

// TestReload: whatever becomes of a reload there is one engine afterwards, which remembers what the one before knew, and
// every query in the meantime is answered.
func TestReload(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	held := filepath.Join(t.TempDir(), "b", "lock")
	holder, loaded, err := state.Open(filepath.Dir(held), state.Options{Rounds: 100})
	if err != nil {
		t.Fatal(err)
	}
	loaded.Close()
	defer holder.Close()
	clash := "example.net:" + port + " {\nbind 127.0.0.1\nwhoami\n}\n"

	for _, test := range []struct {
		name   string
		change func(*corefile)
		fails  string   // what the error says; empty: the reload is good
		probe  []string // who probes afterwards
	}{
		{"good", func(*corefile) {}, "", []string{"a2", "b2"}},
		{"other settings", func(c *corefile) { c.extra = "history 100\nkeep pass" }, "", []string{"a2", "b2"}},
		{"faulty property", func(c *corefile) { c.extra = "ttl soon" }, `"soon" is not a duration`, []string{"a1", "b1"}},
		{"unknown directive", func(c *corefile) { c.trip = "nonsense" }, "Unknown directive 'nonsense'", []string{"a1", "b1"}},
		{"undefined network", func(c *corefile) { c.more = "example.net:0 {\nbind 127.0.0.1\nedgemanage c\n}\n" }, "defined nowhere", []string{"a1", "b1"}},
		{"another plugin fails before", func(c *corefile) { c.trip = "trip_before now" }, "tripping", []string{"a1", "b1"}},
		{"another plugin fails after", func(c *corefile) { c.trip = "trip_after now" }, "tripping", []string{"a1", "b1"}},
		{"port taken", func(c *corefile) { c.more = clash }, "address already in use", []string{"a1", "b1"}},
		{"network removed", func(c *corefile) { c.networks = "a" }, "", []string{"a2"}},
		{"network removed, port taken", func(c *corefile) { c.networks, c.more = "a", clash }, "address already in use", []string{"a1", "b1"}},
		{"another state directory", func(c *corefile) { c.state += "2" }, "", []string{"a2", "b2"}},
		{"another state directory, another plugin fails", func(c *corefile) { c.state, c.trip = c.state+"2", "trip_after now" }, "tripping", []string{"a1", "b1"}},
		{"another state directory, held by another process", func(c *corefile) { c.state = filepath.Dir(filepath.Dir(held)) }, held, []string{"a1", "b1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFarm(t, 3)
			first := filepath.Join(t.TempDir(), "state")
			c := corefile{farm: f, generation: 1, networks: "ab", state: first}
			s := serve(t, c.String())
			withdraw(t, active.Load().networks["a"], f.addrs[0])
			f.awaitProbes(t, 2, "a1", "b1")
			await(t, "the first decision", func() bool { return active.Load().ready() })
			before := knowledge(t, "a")

			watched := s.query(t, "a.example.org.")
			c.generation = 2
			test.change(&c)
			err := s.reload(c.String())
			if (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("reloading: got %v, want %q", err, test.fails)
			}

			f.awaitProbes(t, 2, test.probe...)
			onlyProbed(t, f, test.probe)
			watched()
			after := knowledge(t, "a")
			if after.samples < before.samples {
				t.Errorf("%d samples, there were %d before", after.samples, before.samples)
			}
			before.samples, after.samples = 0, 0
			if diff := cmp.Diff(before, after, cmp.AllowUnexported(known{})); diff != "" {
				t.Errorf("what is known differs (-before +after):\n%s", diff)
			}
			if err := stopInstance(s.inst); err != nil {
				t.Error(err)
			}
			unlocked(t, filepath.Join(first, "a"), filepath.Join(first, "b"), filepath.Join(first+"2", "a"), filepath.Join(first+"2", "b"))
		})
	}
}

// TestReloadsInARow: what one reload keeps for going back must not be in the way of the next.
func TestReloadsInARow(t *testing.T) {
	f := newFarm(t, 3)
	c := corefile{farm: f, generation: 1, networks: "ab", state: filepath.Join(t.TempDir(), "state")}
	s := serve(t, c.String())
	withdraw(t, active.Load().networks["b"], f.addrs[0])
	f.awaitProbes(t, 2, "a1", "b1")
	await(t, "the first decision", func() bool { return active.Load().ready() })
	before := knowledge(t, "b")
	for i, step := range []struct {
		networks, trip string
		probe          []string
	}{
		{"ab", "trip_after now", []string{"a1", "b1"}},
		{"a", "trip_after now", []string{"a1", "b1"}},
		{"ab", "", []string{"a4", "b4"}},
		{"a", "trip_after now", []string{"a4", "b4"}},
		{"a", "", []string{"a6"}},
		{"", "trip_after now", []string{"a6"}},
		{"ab", "trip_after now", []string{"a6"}},
		{"ab", "", []string{"a9", "b9"}}, // b from the disk
		{"", "", nil},
		{"b", "", []string{"b11"}},
	} {
		c.generation, c.networks, c.trip = i+2, step.networks, step.trip
		if err := s.reload(c.String()); (err != nil) != (step.trip != "") {
			t.Fatalf("reload %d: %v", i+1, err)
		}
		f.awaitProbes(t, 1, step.probe...)
		if step.probe == nil && active.Load() != nil {
			t.Errorf("reload %d: an engine runs, and no block asks for one", i+1)
		}
	}
	onlyProbed(t, f, []string{"b11"})
	after := knowledge(t, "b")
	if after.samples < before.samples {
		t.Errorf("%d samples, there were %d before", after.samples, before.samples)
	}
	before.samples, after.samples = 0, 0
	sameTime := cmp.Comparer(func(x, y time.Time) bool { return x.Equal(y) })
	if diff := cmp.Diff(before, after, cmp.AllowUnexported(known{}), sameTime); diff != "" {
		t.Errorf("what is known of b differs (-before +after):\n%s", diff)
	}
}

// TestReloadToDryRun: the plugin lets go of its zones, and takes them back as they were.
func TestReloadToDryRun(t *testing.T) {
	f := newFarm(t, 3)
	c := corefile{farm: f, generation: 1, networks: "a", state: filepath.Join(t.TempDir(), "state")}
	s := serve(t, c.String())
	await(t, "the first decision", func() bool { return active.Load().ready() })
	before := knowledge(t, "a")
	for i, dry := range []bool{true, false} {
		c.generation, c.extra = i+2, ""
		if dry {
			c.extra = "dry_run"
		}
		if err := s.reload(c.String()); err != nil {
			t.Fatal(err)
		}
		m, err := s.ask("a.example.org.", dns.TypeA)
		if err != nil {
			t.Fatal(err)
		}
		if ours := len(m.Answer) == 2; ours == dry { // whoami answers with additional records alone
			t.Errorf("dry run %v: answer\n%v", dry, m)
		}
		f.awaitProbes(t, 1, fmt.Sprintf("a%d", i+2))
	}
	if after := knowledge(t, "a"); after.serial != before.serial {
		t.Errorf("serial %d, was %d: nothing changed", after.serial, before.serial)
	}
}

// onlyProbed watches that every edge is probed by those named, by nobody else, and by each not more than once an interval.
func onlyProbed(t *testing.T, f *farm, from []string) {
	t.Helper()
	before, began := f.visits(), time.Now()
	f.awaitProbes(t, 4, from...)
	after := f.visits()
	most := int(time.Since(began)/every) + 2
	for v, n := range after {
		n -= before[v]
		switch {
		case !slices.Contains(from, v.from) && n > 0:
			t.Errorf("%s was probed %d times from %s", v.edge, n, v.from)
		case n > most:
			t.Errorf("%s was probed %d times from %s, want at most %d", v.edge, n, v.from, most)
		}
	}
}

// known is what a network knows that must outlive a reload.
type known struct {
	live    []string
	serial  uint32
	modes   map[string]network.Mode
	samples int // of all edges
}

func knowledge(t *testing.T, name string) known {
	t.Helper()
	s := active.Load().networks[name].Status()
	k := known{serial: s.Serial, modes: s.Modes}
	for _, f := range s.Families {
		if f.Family == network.IPv4 {
			k.live = f.Live
			for _, e := range f.Edges {
				k.samples += e.Samples
			}
		}
	}
	return k
}

// query asks for the addresses of a name over and over, until the function it returns is called, which reports every
// query that was not answered with two addresses.
func (s *server) query(t *testing.T, qname string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	answered := make(chan struct{})
	wg.Go(func() {
		first := sync.OnceFunc(func() { close(answered) })
		defer first()
		for ctx.Err() == nil {
			m, err := s.ask(qname, dns.TypeA)
			switch {
			case err != nil:
				t.Errorf("query lost: %v", err)
				return
			case m.Rcode != dns.RcodeSuccess || len(m.Answer) != 2:
				t.Errorf("answer without the addresses:\n%v", m)
				return
			}
			first()
		}
	})
	<-answered
	return func() { cancel(); wg.Wait() }
}

// unlocked checks that no state directory is held any more.
func unlocked(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		store, loaded, err := state.Open(dir, state.Options{Rounds: 100})
		if err != nil {
			t.Errorf("still held: %v", err)
			continue
		}
		loaded.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}
