package network

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// site is a network whose edges, resolver, clock and files a test has in hand. Its tests run in a bubble, so that time
// passes only as they say.
type site struct {
	*testing.T
	*Network
	config   *config.Network
	prober   *fakeProber
	resolver *fakeResolver
	told     *recorder
	step     time.Duration // how far the wall clock is off
	memory   *Memory
	zones    []string       // that the Corefile names
	options  func(*Options) // changes how networks are made
}

// inBubble runs a test of a site that is not started yet.
func inBubble(t *testing.T, test func(s *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{
			T:      t,
			prober: newFakeProber(), resolver: newFakeResolver(), told: &recorder{},
			config: &config.Network{
				Name: "net", NS: []string{"ns1.example.net."}, MName: "ns1.example.net.",
				Timers: config.SOATimers{Refresh: 300, Retry: 300, Expire: 1209600, Minimum: 60}, TTL: 60,
				EdgeCount: 2, Keep: "better", MaxChanges: 10, MaxChangesPer: 10 * time.Minute, Fall: 1, Rise: 1,
				Interval: time.Minute, Timeout: 10 * time.Second, GoodEnough: 700 * time.Millisecond, Window: 5 * time.Minute,
				History: 100, Families: config.IPv4,
			},
		}
		defer s.stop()
		test(s)
	})
}

// edges makes lines of an edge list the sources.
func (s *site) edges(lines ...string) {
	s.Helper()
	s.config.Sources = nil
	edges, _, err := config.ParseEdges("edges", []byte(strings.Join(lines, "\n")))
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range edges {
		s.config.Sources = append(s.config.Sources, config.Source{Edge: e})
	}
}

// edgeFile makes a file the only source and returns what rewrites it.
func (s *site) edgeFile(lines ...string) (rewrite func(lines ...string)) {
	s.Helper()
	path := filepath.Join(s.TempDir(), "edges")
	rewrite = func(lines ...string) {
		s.Helper()
		writeFile(s, path, strings.Join(lines, "\n")+"\n")
	}
	rewrite(lines...)
	s.config.Sources = []config.Source{{File: path}}
	return rewrite
}

// writeFile replaces a file at once, as editors and configuration management do.
func writeFile(t testing.TB, path, text string) {
	t.Helper()
	aside := path + ".new"
	if err := os.WriteFile(aside, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
}

// start makes a network of the configuration and starts it with what the one before left.
func (s *site) start() {
	s.Helper()
	if err := s.tryStart(); err != nil {
		s.Fatal(err)
	}
}

func (s *site) tryStart() error {
	in, err := ReadInputs(s.config)
	if err != nil {
		return err
	}
	o := Options{
		Prober: s.prober, Resolver: s.resolver, Observer: s.told, Zones: s.zones,
		Now: func() time.Time { return time.Now().Add(s.step) },
	}
	if s.options != nil {
		s.options(&o)
	}
	n, err := New(s.config, in, o)
	if err != nil {
		return err
	}
	s.Network = n
	if err := n.Start(s.memory); err != nil {
		return err
	}
	s.memory = nil
	return nil
}

// reload changes the configuration of the running site.
func (s *site) reload(change func(c *config.Network)) {
	s.Helper()
	s.memory = s.Stop()
	c := *s.config
	change(&c)
	s.config = &c
	s.start()
}

// stop ends the site, as a process does.
func (s *site) stop() {
	s.Helper()
	if s.Network != nil {
		if m := s.Stop(); m != nil {
			s.memory = m
		}
	}
	if s.memory != nil {
		s.memory.Close()
		s.memory = nil
	}
}

// restart ends the process and starts another one.
func (s *site) restart() {
	s.Helper()
	s.stop()
	s.start()
}

// advance lets time pass and everything come to rest.
func (s *site) advance(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// round is long enough for each edge to be probed at least once, hang or not, and for the decision after it.
func (s *site) round() { s.advance(s.config.Interval + s.config.Timeout + time.Second) }

func (s *site) family(f Family) FamilyStatus {
	s.Helper()
	for _, status := range s.Status().Families {
		if status.Family == f {
			return status
		}
	}
	s.Fatalf("no status of %s", f)
	return FamilyStatus{}
}

// edge returns the IPv4 status of an edge.
func (s *site) edge(name string) EdgeStatus {
	s.Helper()
	edges := s.family(IPv4).Edges
	i := slices.IndexFunc(edges, func(e EdgeStatus) bool { return e.Name == name })
	if i < 0 {
		s.Fatalf("no status of %s", name)
	}
	return edges[i]
}

// answers says what a family is answered with: addresses, NODATA or SERVFAIL.
func (s *site) answers(f Family) string {
	switch set := s.Snapshot().Families[f]; set.Coverage {
	case Undecided:
		return "SERVFAIL"
	case Empty:
		return "NODATA"
	default:
		return strings.Trim(fmt.Sprint(set.Addrs), "[]")
	}
}

// want checks what IPv4 is answered with.
func (s *site) want(when, want string) {
	s.Helper()
	if got := s.answers(IPv4); got != want {
		s.Errorf("%s: got %s, want %s; rung %s, edges %v", when, got, want, s.family(IPv4).Rung, s.why(IPv4))
	}
}

func (s *site) wantRung(when string, want selector.Rung) {
	s.Helper()
	if got := s.family(IPv4).Rung; got != want {
		s.Errorf("%s: got rung %s, want %s", when, got, want)
	}
}

// why lists each edge with its reason.
func (s *site) why(f Family) (reasons []string) {
	for _, e := range s.family(f).Edges {
		reasons = append(reasons, e.Name+" "+e.Verdict.String())
	}
	return reasons
}

// mode sets a mode and wants it to be done.
func (s *site) mode(edge string, m selector.Mode) Applied {
	s.Helper()
	applied, err := s.SetMode(context.Background(), ModeChange{Edge: edge, Mode: m, Comment: "for the test", Author: "tester", Force: true})
	if err != nil {
		s.Fatal(err)
	}
	return applied
}

func (s *site) equal(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// dead is an edge that refuses connections.
var dead = behaviour{took: time.Millisecond, outcome: prober.Refused}

// hanging is one that answers nothing until the timeout.
var hanging = behaviour{took: 10 * time.Second, outcome: prober.Timeout}
