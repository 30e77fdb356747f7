package state

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(playRole(role))
	}
	goleak.VerifyTestMain(m)
}

// alike compares what went through a file: times keep their instant, empty may become nil.
var alike = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.EquateComparable(netip.Addr{}),
	cmpopts.IgnoreFields(Document{}, "Saved"),
}

var start = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

func fixedNow() time.Time { return start }

func sampleDocument() Document {
	return Document{
		SetSerial:   1767366245,
		Fingerprint: "5f1c",
		Zones:       map[string]Zone{"example.org.": {Serial: 1767366200, Print: "00"}},
		Modes: map[string]Mode{
			"edge7.example.net": {Mode: "unavailable", Comment: "disk \"swap\"\n", Author: "eva", Claimed: "root", At: start},
			"edge8.example.net": {Mode: "force", Comment: "test", Author: "eva", At: start, Expires: start.Add(time.Hour)},
		},
		Freeze: &Freeze{Comment: "upstream moves", Author: "eva", Claimed: "root", At: start, Expires: start.Add(2 * time.Hour)},
		Families: map[string]Family{
			"ipv4": {
				Live:          []string{"edge1.example.net", "192.0.2.9"},
				Addresses:     map[string]netip.Addr{"edge1.example.net": netip.MustParseAddr("192.0.2.1")},
				Rung:          "short",
				Since:         start,
				Substitutions: []time.Time{start, start.Add(time.Second)},
			},
			"ipv6": {Rung: "fallback", Fallback: []netip.Addr{netip.MustParseAddr("2001:db8::9")}},
		},
		Addresses: map[string]Addresses{"edge1.example.net": {IPv4: netip.MustParseAddr("192.0.2.1")}},
		Edges: map[string][]EdgeEntry{"/etc/edges": {
			{Name: "edge1.example.net"},
			{Name: "edge2.example.net", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.2")}},
		}},
		Object: map[string]Digest{"/etc/object": {SHA256: "00ff", Size: 12}},
	}
}

func mustOpen(t testing.TB, dir string, o Options) (*Store, *Loaded) {
	t.Helper()
	if o.Now == nil {
		o.Now = fixedNow
	}
	s, l, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); l.Close() })
	return s, l
}

// await fails the test when c is not closed within half a minute, far beyond what any machine needs.
func await(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: not within 30s", what)
	}
}

func samplesOf(t testing.TB, l *Loaded) []Sample {
	t.Helper()
	var got []Sample
	if err := l.EachSample(func(s Sample) { got = append(got, s) }); err != nil {
		t.Fatal(err)
	}
	return got
}

func mustRead(t testing.TB, dir string) *Loaded {
	t.Helper()
	l, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "main")
	doc := sampleDocument()
	samples := []Sample{
		{Edge: "edge1.example.net", At: start, Took: 120 * time.Millisecond, Outcome: "ok"},
		{Edge: "edge1.example.net", IPv6: true, At: start, Took: 10 * time.Second, Outcome: "timeout"},
		{Edge: "edge2.example.net", At: start.Add(-time.Second), Took: 300 * time.Microsecond, Outcome: "refused"},
	}
	change := Change{At: start, Kind: "set", Family: "ipv4", Before: []string{"a"}, After: []string{"b"}, Reason: "a fails"}

	s, l := mustOpen(t, dir, Options{})
	if l.Found || len(l.Problems) > 0 || l.ModesLost {
		t.Errorf("a new directory: got %+v", l)
	}
	first := s.Save(Document{SetSerial: 1})
	s.AddSamples(samples)
	s.AddChange(change)
	await(t, "first save", first.Done())
	await(t, "second save", s.Save(doc).Done())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.Errors(); n != 0 {
		t.Errorf("got %d errors, want none", n)
	}

	want := []string{changesName, lockName, roundsName, stateName, previousName}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	s, l = mustOpen(t, dir, Options{})
	if diff := cmp.Diff(doc, l.Document, alike); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	if !l.Found || l.Generation != 0 || len(l.Problems) > 0 {
		t.Errorf("got %+v", l)
	}
	if diff := diffSamples(samples, samplesOf(t, l)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	changes, err := s.Changes(10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Change{change}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
