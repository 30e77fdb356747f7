package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// fake is a server that speaks the control API with answers made up, by path.
type fake struct {
	socket string

	mu       sync.Mutex
	answers  map[string]any // what is encoded; a refusal is answered as one
	requests []string       // method, path and query, and the body
}

// refusal is an answer that is not 2xx.
type refusal struct {
	status        int
	code, message string
}

// hangUp is an answer that breaks off.
type hangUp struct{}

// newFake serves answers on a socket, which is that of commands until the test ends.
func newFake(t *testing.T, answers map[string]any) *fake {
	t.Helper()
	dir, err := os.MkdirTemp("", "em") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	f := &fake{socket: filepath.Join(dir, "control.sock"), answers: maps.Clone(answers)}
	if answers == nil {
		f.answers = map[string]any{}
	}
	l, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(f)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	t.Setenv("EDGEMANAGE_CONTROL", f.socket)
	t.Setenv("SUDO_USER", "alice")
	return f
}

// set changes the answer of a path.
func (f *fake) set(path string, answer any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[path] = answer
}

// asked returns the requests so far.
func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.RequestURI()+string(cmp.Or(string(bytes.TrimSpace(body)), "")))
	answer, ok := f.answers[r.URL.Path+"?"+r.URL.RawQuery]
	if !ok {
		answer, ok = f.answers[r.URL.Path]
	}
	f.mu.Unlock()
	answer = filtered(answer, r)
	if _, ok := answer.(hangUp); ok {
		panic(http.ErrAbortHandler)
	}
	if !ok {
		answer = refusal{http.StatusNotFound, control.CodeNotFound, "no such path"}
	}
	w.Header().Set("Content-Type", "application/json")
	if no, ok := answer.(refusal); ok {
		w.WriteHeader(no.status)
		answer = control.Failure{Error: control.Error{Code: no.code, Message: no.message}}
	}
	json.NewEncoder(w).Encode(answer)
}

// filtered leaves out of an answer what a check must not count, as the server does.
func filtered(answer any, r *http.Request) any {
	q := r.URL.Query()
	switch answer := answer.(type) {
	case control.Edges:
		if live := q.Get("live"); live != "" {
			answer.Edges = slices.DeleteFunc(slices.Clone(answer.Edges), func(e control.Edge) bool { return strconv.FormatBool(e.Live) != live })
		}
		return answer
	case control.Changes:
		since, err := time.Parse(time.RFC3339, q.Get("since"))
		if err == nil {
			answer.Changes = slices.DeleteFunc(slices.Clone(answer.Changes), func(c control.Change) bool { return c.At.Before(since) })
		}
		return answer
	}
	return answer
}

// now is when the tests take place.
var now = time.Date(2026, 3, 12, 2, 10, 4, 0, time.UTC)

// stopped is a clock that stands still at now, and ticks never.
func stopped() clock {
	return clock{func() time.Time { return now }, func(time.Duration) (<-chan time.Time, func()) { return nil, func() {} }}
}

// ask runs a command at now.
func ask(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRootAt(stopped())
	root.SetOut(&out)
	root.SetErr(&errs)
	code = run(root, args)
	return code, out.String(), errs.String()
}

func ago(d time.Duration) time.Time { return now.Add(-d) }

// evil is what a comment must not do: clear the screen, start a line, reverse what follows.
const evil = "disk \x1b[2J\x1b]0;owned\x07dies\nedge1 is fine \u202etxt.exe\u009b31m"

// calm is a network on which all is well but one edge, which is out.
func calm() map[string]any {
	f := control.Family{
		Family: "ipv4", Rung: "full", RungText: "edge_count edges are live", Live: []string{"edge1.example.net", "edge2.example.net", "edge3.example.net"},
		Addresses: []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, Since: ago(26 * time.Hour), MinLive: 2,
		Budget: control.Budget{Max: 10, PerSeconds: 600, Used: 1, Left: 9},
		Edges:  control.Counts{Total: 6, Live: 3, Passing: 4, Failing: 1, Unavailable: 1},
	}
	n := control.Network{
		Network: "web", At: ago(2 * time.Second), Ready: true, Serial: 1773280000, Zones: 4, EdgeCount: 3, IntervalSeconds: 60, TimeoutSeconds: 10, GoodEnoughSeconds: 0.7, WindowSeconds: 300,
		LastRound: ago(12 * time.Second), RoundSeconds: 58.2, Families: []control.Family{f, {Family: "ipv6", Rung: "none", RungText: "no edges", Live: []string{}, Addresses: []string{}}},
		Canaries: 2, Active: 1,
	}
	edge := func(name, address, grade, rule, reason string, live bool, last, window, average float64) control.Edge {
		return control.Edge{
			Edge: name, Configured: true, Family: "ipv4", Address: address, Live: live, Grade: grade, Mode: control.Mode{Mode: "available"}, LastAt: ago(12 * time.Second),
			LastSeconds: last, Outcome: "ok", WindowSeconds: window, AverageSeconds: average, Samples: 2000, Rule: rule, Reason: reason,
		}
	}
	edges := []control.Edge{
		edge("edge1.example.net", "192.0.2.1", "pass_threshold", "kept", "live: kept, pass_threshold, average 0.131s", true, 0.12, 0.125, 0.131),
		edge("edge2.example.net", "192.0.2.2", "pass_window", "kept", "live: kept, pass_window, average 0.410s", true, 1.31, 0.52, 0.41),
		edge("edge3.example.net", "192.0.2.3", "pass_threshold", "filled", "live: filled, pass_threshold, average 0.153s", true, 0.15, 0.151, 0.153),
		edge("edge4.example.net", "192.0.2.4", "pass_threshold", "crowded", "out: not needed, pass_threshold, average 0.211s, edge_count 3 is reached", false, 0.21, 0.2, 0.211),
		edge("edge5.example.net", "192.0.2.5", "pass", "unavailable", "out: unavailable", false, 0.9, 0.95, 0.99),
		edge("edge6.example.net", "192.0.2.6", "fail", "not_passing", "out: not passing, fail, average 9.120s", false, 10, 10, 9.12),
	}
	edges[3].Needs, edges[3].Displaces = "edge2.example.net fails, or is graded worse than pass_threshold", "edge2.example.net"
	edges[4].Mode = control.Mode{Mode: "unavailable", Comment: evil, Author: "root", Claimed: "alice", At: ago(3 * time.Hour), Expires: now.Add(2 * time.Hour)}
	edges[5].Outcome, edges[5].LastFailed, edges[5].Error = "timeout", true, "dial tcp 192.0.2.6:443: i/o timeout"
	gone := control.Edge{Edge: "gone.example.net", Grade: "unknown", Rule: "removed", Reason: "out: no longer configured", Mode: control.Mode{Mode: "unavailable", Comment: "sold", Author: "bob", At: ago(90 * 24 * time.Hour)}}
	changes := []control.Change{
		{Network: "web", At: ago(3 * time.Hour), Kind: "set", Family: "ipv4", Before: []string{"edge1.example.net", "edge2.example.net", "edge5.example.net"}, After: f.Live, Rung: "full", Reason: "edge5.example.net out: unavailable; edge3.example.net live: filled, pass_threshold"},
		{Network: "web", At: ago(3*time.Hour + time.Second), Kind: "mode", Edge: "edge5.example.net", Before: []string{"available"}, After: []string{"unavailable"}, Author: "root", Claimed: "alice", Comment: evil},
		{Network: "web", At: ago(30 * time.Hour), Kind: "rung", Family: "ipv4", Before: []string{"short"}, After: []string{"full"}, Rung: "full", Reason: "3 of 3 edges found"},
	}
	return map[string]any{
		"/v1/networks": control.Networks{Version: "1.2.3", At: now, Networks: []control.Network{n}},
		"/v1/edges":    control.Edges{Network: "web", At: n.At, Families: n.Families, Edges: append(edges, gone)},
		"/v1/explain":  control.Edges{Network: "web", At: n.At, Families: n.Families, Edges: append(edges[3:6:6], gone)},
		"/v1/changes":  control.Changes{Changes: changes},
		"/v1/canaries": control.Canaries{Network: "web", Killer: 6, Failing: 1, Canaries: []control.Canary{
			{Zone: "example.org", Active: true, Displaced: "edge2.example.net", Reason: "used: it passes", Edge: edge("192.0.2.200", "192.0.2.200", "pass_threshold", "", "", false, 0.1, 0.1, 0.1)},
			{Zone: "shop.example.com", Reason: "not used: it fails", Edge: control.Edge{Edge: "192.0.2.201", Family: "ipv4", Grade: "fail", LastAt: ago(time.Minute), LastFailed: true, Outcome: "refused"}},
		}},
		"/v1/history": control.History{Network: "web", Edge: "edge6.example.net", Series: []control.Series{{Family: "ipv4", Address: "192.0.2.6", Samples: []control.Sample{
			{At: ago(26 * time.Hour), Seconds: 0.0042}, {At: ago(72 * time.Second), Seconds: 1.25}, {At: ago(12 * time.Second), Seconds: 0.003, Failed: true},
		}}}},
		"/v1/trace": map[string]any{"rounds": []string{}},
	}
}

// dire is two networks at three at night: one frozen on its last rungs, one that cannot save its state.
func dire() map[string]any {
	answers := calm()
	all := answers["/v1/networks"].(control.Networks)
	web := all.Networks[0]
	web.Families[0].Rung, web.Families[0].RungText, web.Families[0].Standing = "hold", "fewer than min_live pass: the last live edges stay with them", true
	web.Families[0].Warnings = []string{"4 edges are forced, edge_count is 3"}
	web.Families[0].Budget.Left, web.Families[0].Budget.Held = 0, 2
	web.Frozen = &control.Freeze{Comment: "our uplink flaps: " + evil, Author: "root", Claimed: "alice", At: ago(10 * time.Minute), Expires: now.Add(20 * time.Minute)}
	web.Late, web.LastRound = true, ago(7*time.Minute)
	lab := control.Network{
		Network: "lab", Serial: 7, Zones: 1, EdgeCount: 4, IntervalSeconds: 60, TimeoutSeconds: 10, Late: true, DryRun: true, ModesLost: true, StateErrors: 3, StateError: "writing state.json: no space left on device",
		Families: []control.Family{{Family: "ipv4", Rung: "fallback", RungText: "no edge may be used: the fallback addresses", Live: []string{}, Addresses: []string{"203.0.113.1"}, Edges: control.Counts{Total: 2, Unknown: 1, Unavailable: 1}}},
	}
	all.Networks = []control.Network{web, lab}
	answers["/v1/networks"] = all
	answers["/v1/edges?network=lab"] = control.Edges{Network: "lab", Families: lab.Families}
	answers["/v1/edges"] = control.Edges{Network: "web", Families: web.Families, Edges: answers["/v1/edges"].(control.Edges).Edges}
	return answers
}
