package control

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// times are left out of comparisons.
var times = cmpopts.IgnoreTypes(time.Time{})

// varied is a network with something of everything.
func varied(t testing.TB) *network.Network {
	t.Helper()
	c := configure(t, "net", "a.example.net 192.0.2.1 2001:db8::1", "b.example.net 192.0.2.2", "c.example.net 192.0.2.3", "lost.example.net")
	c.Families = config.Both
	c.State = t.TempDir()
	c.Canaries = filepath.Join(t.TempDir(), "canaries")
	if err := os.WriteFile(c.Canaries, []byte("example.org: 192.0.2.9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, c)
	for edge, comment := range map[string]string{"b.example.net": "reboot", "gone.example.net": "returned to its owner"} {
		if _, err := n.SetMode(t.Context(), network.ModeChange{Edge: edge, Mode: selector.Unavailable, Comment: comment, Author: "alice", For: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestDescribe(t *testing.T) {
	n := varied(t)
	await(t, "the canary", func() bool { return Describe(n).Active == 1 })
	got := Describe(n)
	serial := got.Serial
	got.Serial, got.RoundSeconds = 0, 0
	for i := range got.Families {
		got.Families[i].RungText = ""
	}
	want := Network{
		Network: "net", Ready: true, Zones: 1, EdgeCount: 2, IntervalSeconds: 60, TimeoutSeconds: 10, GoodEnoughSeconds: 0.7, WindowSeconds: 300,
		Canaries: 1, Active: 1,
		Families: []Family{
			{
				Family: "ipv4", Rung: "short", Live: []string{"a.example.net"}, Addresses: []string{"192.0.2.1"}, MinLive: 1,
				Budget: Budget{Max: 10, PerSeconds: 600, Left: 10}, Edges: Counts{Total: 4, Live: 1, Passing: 2, Failing: 2, Unavailable: 1},
			},
			{
				Family: "ipv6", Rung: "short", Live: []string{"a.example.net"}, Addresses: []string{"2001:db8::1"}, MinLive: 1,
				Budget: Budget{Max: 10, PerSeconds: 600, Left: 10}, Edges: Counts{Total: 1, Live: 1, Passing: 1},
			},
		},
	}
	if diff := cmp.Diff(want, got, times); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if serial == 0 || got.LastRound.IsZero() || got.Families[0].Since.IsZero() {
		t.Errorf("got serial %d, last round %s, set of %s", serial, got.LastRound, got.Families[0].Since)
	}
}

func TestEdgesOf(t *testing.T) {
	n := varied(t)
	got := EdgesOf(n).Edges
	for i := range got {
		if got[i].Reason == "" {
			t.Errorf("%s has no reason", got[i].Edge)
		}
		got[i].Reason = ""
	}
	mode := func(comment string) Mode { return Mode{Mode: "unavailable", Comment: comment, Author: "alice"} }
	available := Mode{Mode: "available"}
	probed := func(e Edge) Edge {
		e.Configured, e.Grade, e.Outcome, e.Samples = true, "pass_threshold", "ok", 1
		e.LastSeconds, e.WindowSeconds, e.AverageSeconds = 0.1, 0.1, 0.1
		return e
	}
	want := []Edge{
		probed(Edge{Edge: "a.example.net", Family: "ipv4", Address: "192.0.2.1", Live: true, Mode: available, Rule: "kept"}),
		probed(Edge{Edge: "b.example.net", Family: "ipv4", Address: "192.0.2.2", Mode: mode("reboot"), Rule: "unavailable"}),
		{
			Edge: "c.example.net", Configured: true, Family: "ipv4", Address: "192.0.2.3", Mode: available, Grade: "fail", Rule: "not_passing",
			LastFailed: true, Outcome: "refused", Error: "told to be refused", WindowSeconds: 10, AverageSeconds: 10, Samples: 1,
		},
		{
			Edge: "lost.example.net", Configured: true, Family: "ipv4", Mode: available, Grade: "fail", Rule: "none",
			LastFailed: true, Outcome: "dns", Error: "no such host", WindowSeconds: 10, AverageSeconds: 10, Samples: 1,
		},
		probed(Edge{Edge: "a.example.net", Family: "ipv6", Address: "2001:db8::1", Live: true, Mode: available, Rule: "kept"}),
		{Edge: "gone.example.net", Mode: mode("returned to its owner"), Grade: "unknown", Rule: "none"},
	}
	if diff := cmp.Diff(want, got, times); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An edge without a family is found by its name, and left out where a family is asked for.
func TestEdgesWithoutFamily(t *testing.T) {
	h := whole(varied(t))
	tests := []struct {
		name, query string
		want        []string
	}{
		{"all out", "live=false", []string{"b.example.net", "c.example.net", "lost.example.net", "gone.example.net"}},
		{"by name", "edge=gone.example.net", []string{"gone.example.net"}},
		{"by pattern", "edge=*o*.example.net", []string{"lost.example.net", "gone.example.net"}},
		{"by mode", "mode=unavailable", []string{"b.example.net", "gone.example.net"}},
		{"by family", "family=ipv4", []string{"a.example.net", "b.example.net", "c.example.net", "lost.example.net"}},
		{"of no such grade", "grade=pass&edge=gone*", []string{}},
	}
	for _, path := range []string{"/v1/edges?", "/v1/explain?"} {
		for _, tt := range tests {
			t.Run(path+tt.name, func(t *testing.T) {
				res, code := ask(h, http.MethodGet, path+tt.query, "")
				if path == "/v1/explain?" && code == CodeBadRequest {
					return // it has fewer parameters
				}
				var answer Edges
				if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
					t.Fatal(err)
				}
				got := []string{}
				for _, e := range answer.Edges {
					got = append(got, e.Edge)
				}
				if diff := cmp.Diff(tt.want, got, cmpopts.SortSlices(func(a, b string) bool { return path == "/v1/explain?" && a < b })); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// An edge that has addresses of another family alone is in no rotation, and must not look as if it were not configured.
func TestEdgesOfAnotherFamily(t *testing.T) {
	n := start(t, configure(t, "net", "a.example.net 192.0.2.1", "six.example.net 2001:db8::6"))
	got := EdgesOf(n).Edges
	want := Edge{Edge: "six.example.net", Configured: true, Mode: Mode{Mode: "available"}, Grade: "unknown", Rule: "none"}
	want.Reason = "out: no address is known in the families that are served"
	if diff := cmp.Diff(want, got[len(got)-1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCanariesOf(t *testing.T) {
	n := varied(t)
	await(t, "the canary", func() bool { return Describe(n).Active == 1 })
	got := CanariesOf(n)
	if got.Network != "net" || got.Killer != 6 || got.Killed || len(got.Canaries) != 1 {
		t.Fatalf("got %+v", got)
	}
	c := got.Canaries[0]
	if c.Zone != "example.org." || !c.Active || c.Reason == "" || c.Edge.Edge != "192.0.2.9" || c.Edge.Grade != "pass_threshold" {
		t.Errorf("got %+v", c)
	}
}

// Lists are never null: programs go through them without a thought.
func TestEmptyLists(t *testing.T) {
	c := configure(t, "net", three...)
	in, err := network.ReadInputs(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(c, in, network.Options{Prober: &fakeProber{}, Resolver: fakeResolver{}})
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]any{
		`{"network":"net","at":"0001-01-01T00:00:00Z","families":[],"edges":[]}`: EdgesOf(n),
		`{"network":"net","killer":6,"failing":0,"killed":false,"canaries":[]}`:  CanariesOf(n),
		`{"changes":[]}`: Changes{ChangesOf(10, time.Time{}, n)},
		`[]`:             SeriesOf(nil),
		`{"network":"net","saved":false,"families":[],"serial":0}`: describeApplied(n, network.Applied{}),
	} {
		got, err := encode(answer)
		if err != nil || string(got) != name+"\n" {
			t.Errorf("got %s, error %v, want %s", got, err, name)
		}
	}
}
