package network

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// A saved set stands from the start until its members have been probed, less those that are out.
func TestSavedSetStands(t *testing.T) {
	slow := behaviour{took: 5 * time.Second}
	tests := []struct {
		name   string
		down   func(s *site) // what happens while the process is down
		start  string        // right after the start
		during string        // a second later
		want   string        // when all have been probed
		rung   selector.Rung
	}{
		{
			name:  "all well",
			start: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", during: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4",
			want: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", rung: selector.Full,
		},
		{
			name:  "everything down",
			down:  func(s *site) { s.prober.set(dead, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5") },
			start: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", during: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4",
			want: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", rung: selector.Hold,
		},
		{
			name:  "one dead, one slow to answer",
			down:  func(s *site) { s.prober.set(dead, "192.0.2.1"); s.prober.set(slow, "192.0.2.2") },
			start: "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", during: "192.0.2.2 192.0.2.3 192.0.2.4",
			want: "192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5", rung: selector.Full,
		},
		{
			name:  "one removed",
			down:  func(s *site) { s.edges("b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4", "e 192.0.2.5") },
			start: "192.0.2.2 192.0.2.3 192.0.2.4", during: "192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5",
			want: "192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5", rung: selector.Full,
		},
		{
			// The histories say whom to take instead, before anything is probed.
			name:  "all of it removed, another one known",
			down:  func(s *site) { s.edges("e 192.0.2.5"); s.config.MinLive = 1 },
			start: "192.0.2.5", during: "192.0.2.5", want: "192.0.2.5", rung: selector.Short,
		},
		{
			// Nothing is known of the new ones: an address that never passed is not answered before it was tried.
			name:  "all of it replaced",
			down:  func(s *site) { s.edges("x 192.0.2.11", "y 192.0.2.12"); s.prober.set(slow, "192.0.2.11") },
			start: "SERVFAIL", during: "SERVFAIL",
			want: "192.0.2.11 192.0.2.12", rung: selector.Short,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State, s.config.EdgeCount, s.config.MinLive = t.TempDir(), 4, 2
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4", "e 192.0.2.5")
				s.prober.set(behaviour{took: 2 * fast}, "192.0.2.5")
				s.start()
				s.round()
				s.want("before", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4")
				s.stop()
				if tt.down != nil {
					tt.down(s)
				}
				s.start()
				s.want("at the start", tt.start)
				s.advance(time.Second)
				s.want("while some are being probed", tt.during)
				s.round()
				s.want("when all have been probed", tt.want)
				s.wantRung("when all have been probed", tt.rung)
			})
		})
	}
}

// A restart that changes nothing is no change: nothing is told or written of one, and the set is as old as it was.
func TestRestartIsNoChange(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State, s.config.Families = t.TempDir(), config.Both
		s.edges("a.example.net", "b.example.net")
		s.resolver.set("a.example.net", "192.0.2.1")
		s.resolver.set("b.example.net", "192.0.2.2")
		s.start()
		s.round()
		serial, since := s.Snapshot().Serial, s.family(IPv4).Since
		s.stop()
		s.told.events = nil
		s.resolver.set("a.example.net")
		s.resolver.set("b.example.net")
		s.prober.set(dead, "192.0.2.1", "192.0.2.2")
		s.start()
		s.want("with a dead resolver and dead edges", "192.0.2.1 192.0.2.2")
		// SERVFAIL for AAAA would make many clients fail although A is answered.
		s.equal("IPv6 of names that have none", s.answers(IPv6), "NODATA")
		if !s.Status().Ready {
			t.Error("not ready though a saved set stands")
		}
		s.equal("changes told", heard[SetChanged](s.told), []SetChanged(nil))
		s.equal("serial", s.Snapshot().Serial, serial)
		s.equal("since", s.family(IPv4).Since.Equal(since), true)
	})
}

func TestFallbackStandsAfterRestart(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.config.Fallback = parseAddrs("198.51.100.1", "198.51.100.2")
		s.edges("a 192.0.2.1")
		s.start()
		s.mode("a", selector.Unavailable)
		s.round()
		s.want("with the only edge unavailable", "198.51.100.1 198.51.100.2")
		serial := s.Snapshot().Serial
		s.restart()
		s.want("at the start", "198.51.100.1 198.51.100.2")
		s.equal("serial", s.Snapshot().Serial, serial)
		s.mode("a", selector.Available)
		s.round()
		s.want("with the edge available again", "192.0.2.1")
		changes := heard[SetChanged](s.told)
		s.equal("reasons", changes[len(changes)-1].Reasons, map[string]int{"fallback": 2, "filled": 1})
	})
}

// An edge whose address went and came back as another one has a history that passes. The new address must pass itself
// before it is answered.
func TestHistoryIsNotOfAnotherAddress(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.EdgeCount, s.config.Families = 1, config.Both
		s.edges("a.example.net", "b.example.net")
		s.resolver.set("a.example.net", "192.0.2.1", "2001:db8::1")
		s.resolver.set("b.example.net", "192.0.2.2", "2001:db8::2")
		s.start()
		s.round()
		s.want("at first", "192.0.2.1")
		s.resolver.set("a.example.net", "2001:db8::1") // its IPv4 address is gone, for now
		s.round()
		s.want("with a gone", "192.0.2.2")
		s.prober.set(behaviour{took: 9 * time.Second}, "192.0.2.11")
		s.prober.set(dead, "192.0.2.2")
		s.resolver.set("a.example.net", "192.0.2.11", "2001:db8::1")
		s.round()
		s.round()
		s.want("when the new address has passed", "192.0.2.11")
		passed := s.prober.probes("192.0.2.11")[0].Add(9 * time.Second)
		if since := s.family(IPv4).Since; since.Before(passed) {
			t.Errorf("the new address was answered from %s on, and passed at %s", since, passed)
		}
	})
}

func TestStateOfTwoProcesses(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1")
		s.start()
		other := &site{T: t, prober: s.prober, resolver: s.resolver, told: &recorder{}, config: s.config}
		err := other.tryStart()
		if want := filepath.Join(s.config.State, "net", "lock"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error that names %s", err, want)
		}
		s.round()
		s.want("the first one", "192.0.2.1")
	})
}

func TestDryRunWritesNothing(t *testing.T) {
	inBubble(t, func(s *site) {
		dir := t.TempDir()
		s.config.State, s.config.DryRun = dir, true
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.mode("a", selector.Unavailable)
		s.round()
		s.want("decided all the same", "192.0.2.2 192.0.2.3")
		s.stop()
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) > 0 {
			t.Errorf("got %v, %v in the state directory, want nothing", entries, err)
		}
	})
}

// A dry run beside the server in production takes over: the modes said meanwhile hold, the set stays, the serial rises.
func TestDryRunEnds(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", "d 192.0.2.4")
		s.prober.set(behaviour{took: 2 * fast}, "192.0.2.3", "192.0.2.4")
		dry := *s.config
		dry.DryRun = true
		beside := &site{T: t, prober: s.prober, resolver: s.resolver, told: &recorder{}, config: &dry}
		beside.start()
		defer beside.stop()

		s.start()
		s.round()
		s.mode("a", selector.Unavailable)
		s.round()
		s.want("production", "192.0.2.2 192.0.2.3")
		beside.want("dry", "192.0.2.1 192.0.2.2")
		serial := s.Snapshot().Serial
		s.stop()

		beside.reload(func(c *config.Network) { c.DryRun = false })
		beside.want("after the dry run", "192.0.2.2 192.0.2.3")
		beside.round()
		beside.want("a round later", "192.0.2.2 192.0.2.3")
		if got := beside.Snapshot().Serial; got != serial && !SerialLess(serial, got) {
			t.Errorf("got serial %d after %d", got, serial)
		}
	})
}

func TestWhatIsWritten(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b.example.net", "c 192.0.2.3")
		s.resolver.set("b.example.net", "192.0.2.2")
		s.start()
		s.round()
		s.mode("c", selector.Unavailable)
		s.prober.set(dead, "192.0.2.1")
		s.round()
		dir := filepath.Join(s.config.State, "net")
		serial := s.Snapshot().Serial
		s.stop()

		l, err := state.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		d := l.Document
		s.equal("serial", d.SetSerial, serial)
		s.equal("live", d.Families["ipv4"].Live, []string{"b.example.net"})
		s.equal("rung", d.Families["ipv4"].Rung, "short")
		s.equal("last good address", d.Addresses["b.example.net"].IPv4, parseAddrs("192.0.2.2")[0])
		s.equal("mode", d.Modes["c"].Mode+" by "+d.Modes["c"].Author, "unavailable by tester")
		samples := map[string]int{}
		if err := l.EachSample(func(s state.Sample) { samples[s.Edge+" "+s.Outcome]++ }); err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{"a ok", "a refused", "b.example.net ok", "c ok"} {
			if samples[what] == 0 {
				t.Errorf("got no sample %q, only %v", what, samples)
			}
		}

		changes, err := state.ReadChanges(dir, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i := len(changes) - 1; i >= 0; i-- {
			c := changes[i]
			got = append(got, strings.TrimSpace(c.Kind+" "+c.Edge)+": "+strings.Join(c.Before, " ")+" > "+strings.Join(c.After, " "))
		}
		s.equal("changes", got, []string{
			"set:  > a b.example.net", "rung: none > full",
			"mode c: available > unavailable",
			"set: a b.example.net > b.example.net", "rung: full > short",
		})
	})
}

// A process that ends while a saved set stands less one of its members leaves behind what it answered: the next start
// is no change of the set either. Found by TestInvariants: the set was told to have changed, under the same serial.
func TestRestartWhileSetStands(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.round()
		s.prober.set(hanging, "192.0.2.1", "192.0.2.2")
		s.restart()
		s.mode("a", selector.Unavailable)
		s.want("while it stands", "192.0.2.2")
		serial, changes := s.Snapshot().Serial, len(heard[SetChanged](s.told))
		s.restart()
		s.want("after another restart", "192.0.2.2")
		s.equal("serial", s.Snapshot().Serial, serial)
		s.equal("changes", len(heard[SetChanged](s.told)), changes)
	})
}

// The newer generation of the state is damaged: its set is lost, and was published with a serial that secondaries have. What
// is known instead must have a later one, or they would keep the lost set.
func TestGenerationLost(t *testing.T) {
	for _, floor := range []uint32{0, 2_026_010_199} {
		t.Run(fmt.Sprintf("floor %d", floor), func(t *testing.T) {
			inBubble(t, func(s *site) {
				s.config.State, s.config.SerialFloor = t.TempDir(), floor
				s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
				s.start()
				s.round()
				s.prober.set(dead, "192.0.2.1")
				s.round()
				s.want("before", "192.0.2.2 192.0.2.3")
				serial := s.Snapshot().Serial
				s.stop()
				writeFile(t, filepath.Join(stateDir(s.config), "state.json"), "damaged")
				s.start()
				lost := s.Snapshot().Serial
				if !SerialLess(serial, lost) {
					t.Errorf("got serial %d after %d, which was lost", lost, serial)
				}
				s.restart()
				s.equal("serial after another restart", s.Snapshot().Serial, lost)
			})
		})
	}
}

// With no generation of the state readable the log says what that means, and Status that it is so.
func TestModesLost(t *testing.T) {
	inBubble(t, func(s *site) {
		s.config.State = t.TempDir()
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.mode("a", selector.Unavailable)
		s.stop()
		for _, name := range []string{"state.json", "state.json.1"} {
			writeFile(t, filepath.Join(stateDir(s.config), name), "damaged")
		}
		s.start()
		s.equal("modes lost", s.Status().ModesLost, true)
		if !slices.ContainsFunc(heard[Fault](s.told), func(f Fault) bool { return strings.Contains(f.Text, "the modes that operators set are lost") }) {
			t.Errorf("got %q, want a fault that says that modes were lost", heard[Fault](s.told))
		}
		s.round()
		s.restart()
		s.equal("modes lost, after another restart", s.Status().ModesLost, true)
		s.mode("a", selector.Unavailable)
		s.equal("modes lost, after an operator set one", s.Status().ModesLost, false)
	})
}
