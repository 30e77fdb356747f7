package network

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// kinds counts the changes on record by kind.
func (s *site) kinds() map[string]int {
	count := map[string]int{}
	for _, c := range s.Changes(maxChanges) {
		count[c.Kind]++
	}
	return count
}

// With a canary in each of thousands of zones every failover wrote a change for each canary whose place moved: what the set
// had been an hour ago was no longer on record, and of 5,000 not even the change of the set that led to it.
func TestCanariesDoNotFloodTheRecord(t *testing.T) {
	const zones = 600
	inBubble(t, func(s *site) {
		s.config.State, s.config.CanaryKiller = t.TempDir(), 6
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		var lines []string
		for i := range zones {
			zone := fmt.Sprintf("zone%d.example.org", i)
			s.zones = append(s.zones, zone+".")
			lines = append(lines, fmt.Sprintf("%s: 10.0.%d.%d", zone, i/250, i%250+1))
		}
		s.canaries(lines...)
		s.start()
		s.round()
		first := s.kinds()
		s.equal("canaries that came in, in one change a decision", first["canary"] > 0 && first["canary"] < 100, true)
		moved := 0
		for _, c := range s.Status().Canaries {
			if c.Active {
				moved++
			}
		}
		s.equal("in", moved, zones)
		heardBefore := len(heard[CanariesChanged](s.told))
		for range 3 {
			s.prober.set(dead, "192.0.2.1")
			s.round()
			s.prober.set(behaviour{took: fast}, "192.0.2.1")
			s.prober.set(dead, "192.0.2.2")
			s.round()
			s.prober.set(behaviour{took: fast}, "192.0.2.2")
			s.round()
		}
		sets := len(heard[SetChanged](s.told))
		s.equal("sets on record", s.kinds()["set"], sets)
		s.equal("canaries on record after failovers in which all stayed in", s.kinds()["canary"], first["canary"])
		if n := len(heard[CanariesChanged](s.told)) - heardBefore; n > sets {
			t.Errorf("told of canaries %d times, want at most once a decision", n)
		}
		s.equal("errors of a healthy disk", s.Status().StateErrors, uint64(0))

		s.canaries("# none")
		s.advance(seen)
		s.round()
		last := s.Changes(1)[0]
		s.equal("taken off the file", []string{told(last), fmt.Sprint(len(last.Reason) < 1000)}, []string{"canary ipv4: in>out", "true"})
		if want := "600 canaries: zone0.example.org. (no longer configured), "; !strings.HasPrefix(last.Reason, want) || !strings.HasSuffix(last.Reason, " and 595 more") {
			t.Errorf("got %q, want %q, and how many more", last.Reason, want)
		}
		s.stop()
		kept, err := state.ReadChanges(filepath.Join(s.config.State, s.config.Name), 2*maxChanges)
		if err != nil {
			t.Fatal(err)
		}
		on := map[string]int{}
		for _, c := range kept {
			on[c.Kind]++
		}
		s.equal("sets on the disk", on["set"], sets)
	})
}

// A canary's reason names the edge whose place it has, and named it twice.
func TestCanaryReasonNamesThePlaceOnce(t *testing.T) {
	inCanaries(t, func(s *site) {
		s.start()
		s.round()
		for _, c := range s.Changes(10) {
			if c.Kind == "canary" && (strings.Count(c.Reason, "in place of b") != 1 || c.Zone != "example.org." || c.Edge != "192.0.2.9") {
				t.Errorf("got %+v, want that it is in place of b, once", c)
			}
		}
		s.equal("changes", s.kinds()["canary"], 1)
	})
}

// A pattern over thousands of edges drove all else out of the record in the same way.
func TestPatternIsOneChange(t *testing.T) {
	const many = 300
	inBubble(t, func(s *site) {
		s.config.State, s.config.MaxChanges = t.TempDir(), 0
		var list []string
		for i := range many {
			list = append(list, fmt.Sprintf("edge%04d 10.1.%d.%d", i, i/250, i%250+1))
		}
		s.edges(append(list, "spare1 192.0.2.1", "spare2 192.0.2.2")...)
		s.start()
		s.round()
		s.mode("edge0007", selector.Force)
		before := s.kinds()
		events := len(heard[ModesChanged](s.told))
		s.modeFor("edge*", 10*time.Minute)
		s.want("taken out", "192.0.2.1 192.0.2.2")
		s.equal("told", len(heard[ModesChanged](s.told)), events+1)
		s.equal("told of", len(modesTold(s.told)), many+1)
		s.equal("recorded, of those that were available and of the one that was forced", s.kinds()["mode"], before["mode"]+2)
		s.equal("sets on record", s.kinds()["set"], before["set"]+1)
		for _, c := range s.Changes(10) {
			if c.Kind != "mode" || c.Edge != "edge*" {
				continue
			}
			s.equal("edges", len(c.Edges), many-1)
			if !strings.Contains(c.Reason, ": 299 edges: edge0000, ") || len(c.Reason) > 300 {
				t.Errorf("got reason %q, want how many and the first few", c.Reason)
			}
		}
		s.equal("modes in the state", len(s.Status().Modes), many)
		s.restart()
		s.equal("modes after a restart", len(s.Status().Modes), many)

		modes := s.kinds()["mode"]
		s.advance(10 * time.Minute)
		s.equal("modes that ran out", len(s.Status().Modes), 0)
		s.equal("recorded", s.kinds()["mode"], modes+1)
		s.equal("errors of a healthy disk", s.Status().StateErrors, uint64(0))

		// What a replay needs is all there.
		tr := s.recordedRounds(IPv4)
		taken := 0
		for _, r := range tr.Rounds {
			taken = max(taken, len(r.Modes))
		}
		s.equal("modes of one round in the trace", taken, many)
	})
}

// A change of one edge is on record as ever, with its name.
func TestOneEdgeByPattern(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2")
		s.start()
		s.round()
		s.mode("a*", selector.Unavailable)
		i := slices.IndexFunc(s.Changes(10), func(c state.Change) bool { return c.Kind == "mode" })
		c := s.Changes(10)[i]
		s.equal("change", []string{told(c), c.Reason, c.Comment}, []string{"mode a: available>unavailable", "set by tester", "for the test"})
		s.equal("edges", c.Edges, []string(nil))
	})
}
