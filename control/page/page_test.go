package page

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// failing is the address that answers no probe.
var failing = netip.MustParseAddr("192.0.2.3")

// fakeProber answers at once, and well but for one address.
type fakeProber struct{}

func (fakeProber) Expect(*prober.Object) {}

func (fakeProber) Probe(_ context.Context, a netip.Addr) prober.Result {
	r := prober.Result{Addr: a, At: time.Now(), Took: 100 * time.Millisecond, Outcome: prober.OK, Attempts: 1}
	if a == failing {
		r.Outcome, r.Err = prober.Refused, errors.New("connection refused")
	}
	return r
}

type fakeResolver struct{}

func (fakeResolver) Resolve(context.Context, string) prober.Resolution {
	return prober.Resolution{Err: errors.New("no such host")}
}

// source is a fixed list of networks.
type source []*network.Network

func (s source) Networks() []*network.Network { return s }
func (source) Version() string                { return "v1.2.3" }

// start runs a network of three edges until the test ends, and returns it when every edge has been probed.
func start(t *testing.T, name string) *network.Network {
	t.Helper()
	c := &config.Network{
		Name: name, NS: []string{"ns1.example.net."}, MName: "ns1.example.net.",
		Timers: config.SOATimers{Refresh: 300, Retry: 300, Expire: 1209600, Minimum: 60}, TTL: 60,
		EdgeCount: 2, Keep: "better", MaxChanges: 10, MaxChangesPer: 10 * time.Minute, Fall: 1, Rise: 1,
		Interval: time.Minute, Timeout: 10 * time.Second, GoodEnough: 700 * time.Millisecond, Window: 5 * time.Minute,
		History: 100, Families: config.IPv4, CanaryKiller: 6,
	}
	edges, _, err := config.ParseEdges("edges", []byte("a.example.net 192.0.2.1\nb.example.net 192.0.2.2\nc.example.net 192.0.2.3\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edges {
		c.Sources = append(c.Sources, config.Source{Edge: e})
	}
	in, err := network.ReadInputs(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(c, in, network.Options{Prober: fakeProber{}, Resolver: fakeResolver{}, Zones: []string{"example.org."}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if m := n.Stop(); m != nil {
			m.Close()
		}
	})
	deadline, look := time.After(30*time.Second), time.NewTicker(2*time.Millisecond)
	defer look.Stop()
	for s := n.Status(); !s.Ready || s.LastRound.IsZero(); s = n.Status() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatal("the network does not get ready")
		}
	}
	return n
}

// The page tells of networks as they are: what is live, what an operator said, what failed and what changed.
func TestNetworksShown(t *testing.T) {
	east, west := start(t, "east"), start(t, "west")
	if _, err := west.SetMode(t.Context(), network.ModeChange{
		Edge: "b.example.net", Mode: selector.Unavailable, Comment: "flooded <b>since</b> midnight", Author: "ada", For: 2 * time.Hour,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := east.SetFreeze(t.Context(), network.FreezeChange{Frozen: true, Comment: "moving racks", Author: "grace"}); err != nil {
		t.Fatal(err)
	}
	w := request(New(source{west, east}, "localhost:9154"), "GET", "/")
	got := outline(t, w.Body.Bytes())
	for _, want := range []string{
		"## east\nFROZEN by grace since ",
		"## west\n### IPv4\nshort ",
		"- a.example.net 192.0.2.1\n",
		"| a.example.netIPv4 192.0.2.1 | live pass_threshold | 100 ms | 100 ms | 100 ms | 1 probe ",
		"| c.example.netIPv4 192.0.2.3 | out fail | failed |",
		"Errorconnection refused\n",
		"unavailable flooded <b>since</b> midnightby ada ",
		" in 1 h 59 min",
		"mode b.example.net available → unavailable flooded <b>since</b> midnight by ada",
		"freeze ",
		"edgemanage v1.2.3 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
	if strings.Index(got, "## east") > strings.Index(got, "## west") {
		t.Error("the networks are not in the order of their names")
	}
}

// A network that has stopped, as during a reload, still shows what it decided last.
func TestStoppedNetwork(t *testing.T) {
	n := start(t, "east")
	h := New(source{n}, "localhost:9154")
	if m := n.Stop(); m != nil {
		m.Close()
	}
	w := request(h, "GET", "/")
	got := outline(t, w.Body.Bytes())
	for _, want := range []string{"- a.example.net 192.0.2.1\n", "Latencies are not drawn "} {
		if w.Code != http.StatusOK || !strings.Contains(got, want) {
			t.Errorf("status %d; the page lacks %q:\n%s", w.Code, want, got)
		}
	}
}

// No request by TCP changes anything, though it would be carried out on the control socket.
func TestNothingChanges(t *testing.T) {
	n := start(t, "east")
	h := New(source{n}, "localhost:9154")
	before := control.EdgesOf(n)
	bodies := map[string]string{
		"/v1/mode":     `{"edge":"a.example.net","mode":"unavailable","comment":"by TCP","force":true}`,
		"/v1/freeze":   `{"comment":"by TCP"}`,
		"/v1/unfreeze": `{"comment":"by TCP"}`,
	}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"} {
		for _, path := range append(paths(), "/v1/edges", "/v1/explain", "/v1/history?edge=a.example.net", "/v1/changes", "/v1/canaries", "/v1/recent", "/v1/trace?family=ipv4") {
			bare, _, _ := strings.Cut(path, "?")
			r := httptest.NewRequest(method, path, strings.NewReader(bodies[bare]))
			r.Host = "localhost:9154"
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-HTTP-Method-Override", "POST")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			reads := method == "GET" || method == "HEAD"
			if !reads && w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: status %d, want 405", method, path, w.Code)
			}
			if reads && bodies[bare] != "" && w.Code < 400 {
				t.Errorf("%s %s: status %d, want an error", method, path, w.Code)
			}
		}
	}
	after := control.EdgesOf(n)
	if diff := cmp.Diff(before.Edges, after.Edges); diff != "" {
		t.Errorf("edges (-before +after):\n%s", diff)
	}
	for _, c := range n.Changes(100) {
		if c.Kind == "mode" || c.Kind == "freeze" {
			t.Errorf("a change was made: %+v", c)
		}
	}
}

// What the page's API says is what the socket's says.
func TestTwins(t *testing.T) {
	n := start(t, "east")
	h := New(source{n}, "localhost:9154")
	for _, path := range []string{"/v1/edges", "/v1/canaries", "/v1/changes", "/v1/recent", "/v1/edges?live=true", "/v1/edges?nothing=1", "/v1/nothing"} {
		t.Run(path, func(t *testing.T) {
			got, want := request(h, "GET", path), request(control.ReadOnly(source{n}), "GET", path)
			if diff := cmp.Diff(want.Body.String(), got.Body.String()); diff != "" || got.Code != want.Code || got.Header().Get("Content-Type") != "application/json" {
				t.Errorf("status %d %s, want %d; body (-want +got):\n%s", got.Code, got.Header().Get("Content-Type"), want.Code, diff)
			}
		})
	}
}

// Of what the socket tells, all is told here but traces, which take hundreds of megabytes while they are made.
func TestNoTraces(t *testing.T) {
	w := request(New(source{start(t, "east")}, "localhost:9154"), "GET", "/v1/trace?family=ipv4")
	var f control.Failure
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != http.StatusNotFound || f.Error.Code != control.CodeNotFound {
		t.Errorf("status %d, body %q, want 404 as an error of the API", w.Code, w.Body)
	}
}
