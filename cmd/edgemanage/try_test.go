package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/try"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// farm is web servers on one port of several addresses. Those that have no handler refuse connections.
type farm struct {
	port int
	mu   sync.Mutex
	hits map[string]int // requests by address
}

// newFarm serves each handler on 127.0.0.<60 + its place>; nil is an edge that refuses.
func newFarm(t *testing.T, handlers ...http.HandlerFunc) *farm {
	t.Helper()
	for range 20 { // a port that is free on one address may be taken on the next
		f := &farm{hits: map[string]int{}}
		if f.listen(t, handlers) {
			return f
		}
	}
	t.Fatal("no port is free on all addresses")
	return nil
}

func (f *farm) listen(t *testing.T, handlers []http.HandlerFunc) bool {
	for i, handler := range handlers {
		l, err := net.Listen("tcp4", fmt.Sprintf("%s:%d", address(i), f.port))
		if err != nil {
			return false
		}
		f.port = l.Addr().(*net.TCPAddr).Port
		if handler == nil {
			l.Close()
			continue
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.mu.Lock()
			f.hits[address(i)]++
			f.mu.Unlock()
			handler(w, r)
		}))
		s.Listener.Close()
		s.Listener = l
		s.Start()
		t.Cleanup(s.Close)
	}
	return true
}

func address(i int) string { return fmt.Sprintf("127.0.0.%d", 60+i) }

func good(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") }

func failing(w http.ResponseWriter, r *http.Request) {
	http.Error(w, r.Header.Get("X-Secret"), http.StatusBadGateway)
}

// site writes a Corefile with one network, web, whose edges are those of the farm in an edge list, and more properties.
func site(t *testing.T, f *farm, edges int, properties ...string) (corefile string) {
	t.Helper()
	dir := t.TempDir()
	var list strings.Builder
	for i := range edges {
		fmt.Fprintf(&list, "e%d %s\n", i, address(i))
	}
	write(t, dir, "edges", list.String())
	write(t, dir, "object", "fine")
	return write(t, dir, "Corefile", fmt.Sprintf(`example.org {
    root %s
    edgemanage web {
        edges   ./edges
        object  http://www.example.org:%d/ ./object
        ns      ns1.example.org
        %s
    }
}
`, dir, f.port, strings.Join(properties, "\n        ")))
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// tree is everything in a directory: names, modes, times and contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := []byte{}
		if !d.IsDir() {
			if text, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		all[path] = fmt.Sprint(info.Mode(), info.ModTime(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// steady replaces what differs from run to run: durations, the columns they make wide, and the farm's port.
func steady(f *farm, text string) string {
	text = regexp.MustCompile(`\b[0-9.]+(µs|ms|s)\b`).ReplaceAllString(text, "TIME")
	text = strings.ReplaceAll(text, fmt.Sprint(f.port), "PORT")
	return regexp.MustCompile(` {2,}`).ReplaceAllString(text, "  ")
}

func TestTryTable(t *testing.T) {
	f := newFarm(t, good, nil, failing, good)
	corefile := site(t, f, 4, "edge_count 2", "state ./state")
	code, stdout, stderr := execute(t, "try", corefile)
	if code != 0 || stderr != "" {
		t.Errorf("got exit code %d and %q, want success", code, stderr)
	}
	want := `network web: http://www.example.org:PORT/

ipv4: rung full, 2 live, 2 wanted
  EDGE  ADDRESS  OUTCOME  STATUS  TOTAL  DNS  CONNECT  TLS  FIRST BYTE  BODY  CERTIFICATE  MODE  GRADE  WHY
  e0  127.0.0.60  ok  200  TIME  -  TIME  -  TIME  TIME  -  -  pass_threshold  live: filled, pass_threshold, average TIME
  e1  127.0.0.61  refused  -  TIME  -  TIME  -  -  -  -  -  fail  out: not passing, fail, average TIME
  e2  127.0.0.62  status  502  TIME  -  TIME  -  TIME  TIME  -  -  fail  out: not passing, fail, average TIME
  e3  127.0.0.63  ok  200  TIME  -  TIME  -  TIME  TIME  -  -  pass_threshold  live: filled, pass_threshold, average TIME
  e1: connecting to 127.0.0.61:PORT: connect: connection refused
  e2: status is 502 Bad Gateway, expected 2xx other than 206
  live: e0 e3 (127.0.0.60 127.0.0.63)

ipv6: no edge has an address of this family: NODATA
`
	if diff := cmp.Diff(want, steady(f, stdout)); diff != "" {
		t.Error(diff)
	}
}

func TestTryExitCodes(t *testing.T) {
	f := newFarm(t, good, nil, failing)
	okay := site(t, f, 1)
	low := site(t, f, 3, "min_live 2")
	both := write(t, t.TempDir(), "Corefile", read(t, okay)+strings.ReplaceAll(strings.ReplaceAll(read(t, low), "example.org {", "example.net {"), " web ", " far "))
	twice := write(t, t.TempDir(), "Corefile", ". {\nedgemanage web {\nedge_count many\n}\nedgemanage far {\nkeep worse\n}\n}\n")
	noObject := site(t, f, 1)
	if err := os.Remove(filepath.Join(filepath.Dir(noObject), "object")); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name           string
		args           []string
		code           int
		stdout, stderr []string // parts
	}{
		{"full", []string{okay}, 0, []string{"ipv4: rung short, 1 live, 4 wanted"}, nil},
		{"too few", []string{low}, 1, []string{"ipv4: rung all, 3 live, 4 wanted"}, []string{"too few edges pass in: web"}},
		{"two networks", []string{both}, 1, []string{"network web: ", "\n\nnetwork far: "}, []string{"too few edges pass in: far"}},
		{"one of two", []string{"-A", "web", both}, 0, []string{"network web: "}, nil},
		{"no such network", []string{"-A", "mars", both}, 2, nil, []string{`reading Corefile "` + both + `": there is no network "mars": expected one of far, web`}},
		{"format", []string{"--format", "xml", okay}, 2, nil, []string{`reading --format "xml": expected table or json`}},
		{"no Corefile", nil, 2, nil, []string{"accepts 1 arg(s)"}},
		{"missing Corefile", []string{okay + "x"}, 2, nil, []string{`reading Corefile "` + okay + `x"`}},
		{"every fault", []string{twice}, 2, nil, []string{"Corefile:3", "edge_count", "Corefile:6", "keep"}},
		{"no object", []string{noObject}, 2, nil, []string{"object"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"try"}, tt.args...)...)
			if code != tt.code {
				t.Errorf("got exit code %d, want %d", code, tt.code)
			}
			if (stdout == "") != (tt.stdout == nil) || (stderr == "") != (tt.stderr == nil) {
				t.Errorf("got %q and %q", stdout, stderr)
			}
			for _, part := range tt.stdout {
				if !strings.Contains(stdout, part) {
					t.Errorf("got %q, want %q in it", stdout, part)
				}
			}
			for _, part := range tt.stderr {
				if !strings.Contains(stderr, part) {
					t.Errorf("got %q, want %q in it", stderr, part)
				}
			}
		})
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A try beside a running server starts from what the server knows, and neither disturbs it nor writes a byte.
func TestTryBesideServer(t *testing.T) {
	f := newFarm(t, good, good, good)
	corefile := site(t, f, 3, "edge_count 2", "state ./state")
	dir := filepath.Dir(corefile)
	store, _, err := state.Open(filepath.Join(dir, "state", "web"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	doc := state.Document{
		Modes: map[string]state.Mode{"e0": {Mode: "unavailable", Comment: "in repair", At: time.Now()}},
		Families: map[string]state.Family{"ipv4": {
			Live: []string{"e0", "e2"}, Rung: "full",
			Addresses: map[string]netip.Addr{"e0": netip.MustParseAddr(address(0)), "e2": netip.MustParseAddr(address(2))},
		}},
	}
	for range 2 { // a mode goes into the second generation after it is acknowledged, and before anything else is
		select {
		case <-store.Save(doc).Done():
		case <-time.After(time.Minute):
			t.Fatal("the state is not saved")
		}
	}
	before := tree(t, dir)
	code, stdout, stderr := execute(t, "try", corefile, "--format", "json")
	if code != 0 || stderr != "" {
		t.Errorf("got exit code %d and %q, want success", code, stderr)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("the directory changed (-before +after):\n%s", diff)
	}
	var report struct {
		Network  string
		Families []struct {
			Family, Rung, Answer string
			Before, Live         []string
			Addresses            []netip.Addr
			Edges                []struct{ Edge, Outcome, Mode, Rule string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("reading %q: %v", stdout, err)
	}
	v4 := report.Families[0]
	if v4.Family != "ipv4" || v4.Rung != "full" || v4.Answer != "addresses" || report.Families[1].Answer != "nodata" {
		t.Errorf("got %+v", report)
	}
	if diff := cmp.Diff([][]string{{"e0", "e2"}, {"e1", "e2"}}, [][]string{v4.Before, v4.Live}); diff != "" {
		t.Errorf("before and live (-want +got):\n%s", diff)
	}
	if e := v4.Edges[0]; e.Edge != "e0" || e.Outcome != "ok" || e.Mode != "unavailable" || e.Rule != "unavailable" {
		t.Errorf("got %+v, want an edge that passes and is unavailable", e)
	}
}

// A faulty edge list is what the visitor came to hear of, also where the state has a good one to go on with.
func TestTryFaultyList(t *testing.T) {
	f := newFarm(t, good)
	corefile := site(t, f, 1, "state ./state")
	dir := filepath.Dir(corefile)
	list := write(t, dir, "edges", "not an edge!\n")
	store, _, err := state.Open(filepath.Join(dir, "state", "web"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store.Save(state.Document{Edges: map[string][]state.EdgeEntry{
		list: {{Name: "e0", Addresses: []netip.Addr{netip.MustParseAddr(address(0))}}},
	}})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := execute(t, "try", corefile)
	if code != 2 || !strings.Contains(stdout, "ipv4: rung short, 1 live") || !strings.Contains(stderr, list+":1") ||
		!strings.HasSuffix(stderr, "; its last good version was tried\n") {
		t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
	}
}

// No edge is probed twice while a slow one is waited for, though turns of the others come: at once after a failure, as
// fall is not reached, and after each interval.
func TestTryProbesOnce(t *testing.T) {
	release := make(chan struct{})
	f := newFarm(t, good, failing, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			good(w, r)
		case <-r.Context().Done():
		}
	})
	corefile := site(t, f, 3, "interval 100ms", "allow_short_interval", "timeout 90ms", "goodenough 50ms", "fall 3")
	code, stdout, _ := execute(t, "try", corefile)
	close(release)
	if code != 1 || !strings.Contains(stdout, "timeout") {
		t.Errorf("got exit code %d and %q", code, stdout)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if diff := cmp.Diff(map[string]int{address(0): 1, address(1): 1, address(2): 1}, f.hits); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Values of headers are secrets, also where an edge sends them back.
func TestTryKeepsHeaders(t *testing.T) {
	f := newFarm(t, failing, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/"+r.Header.Get("X-Secret"))
		w.WriteHeader(http.StatusFound)
	}, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprintf(c, "%s is no HTTP\r\n\r\n", r.Header.Get("X-Secret"))
		c.Close()
	})
	corefile := site(t, f, 3, "header X-Secret hunter2")
	for _, format := range []string{"table", "json"} {
		t.Run(format, func(t *testing.T) {
			code, stdout, stderr := execute(t, "try", corefile, "--format", format)
			if code != 1 || strings.Contains(stdout+stderr, "hunter2") {
				t.Errorf("got exit code %d, %q and %q, want 1 and no secret", code, stdout, stderr)
			}
		})
	}
}

func TestReportOK(t *testing.T) {
	for _, r := range []try.Report{{}, {Families: []try.Family{{Answer: "nodata"}, {Answer: "nodata"}}}} {
		if r.OK() {
			t.Errorf("got OK for %+v, want a network without edges not to be", r)
		}
	}
	var out bytes.Buffer
	if err := (&try.Report{Network: "web", Families: []try.Family{{Answer: "servfail"}}}).WriteText(&out); err != nil || !strings.Contains(out.String(), "answer: SERVFAIL") {
		t.Errorf("got %q, error %v", out.String(), err)
	}
}
