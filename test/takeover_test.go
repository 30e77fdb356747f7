//go:build e2e

package test

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/legacy"
)

// inherited is an installation of the Python edgemanage, with what that left a minute ago, whose edges and canaries are on
// loopback and behave as they did.
type inherited struct {
	*site
	canaries map[string]*edge // by the address that they had
}

// newInherited moves the installation of package legacy's tests to here and now.
func newInherited(t *testing.T) *inherited {
	t.Helper()
	in := &inherited{site: newSite(t, 8), canaries: map[string]*edge{}}
	for i, took := range []time.Duration{412, 58, 200, 190, 450, 440, 900, 95} {
		in.edges[i].slow(took * time.Millisecond)
	}
	for addr, took := range map[string]time.Duration{"192.0.2.200": 900 * time.Millisecond, "192.0.2.201": 100 * time.Millisecond} {
		here := in.edges[0].addr.As4()
		here[3] = netip.MustParseAddr(addr).As4()[3]
		in.canaries[addr] = newEdge(t, netip.AddrFrom4(here).String(), netip.AddrFrom4(here).String(), in.port)
		in.canaries[addr].slow(took)
	}
	if err := os.CopyFS(in.dir, os.DirFS("../legacy/testdata")); err != nil {
		t.Fatal(err)
	}
	in.write("etc/myobject.edgemanage", objectBody)
	in.edit("etc/edgemanage.yaml", "port: 443", "port: "+in.port)
	in.edit("etc/edgemanage.yaml", "proto: https", "proto: http")
	in.edit("etc/edgemanage.yaml", "goodenough: 0.700", fmt.Sprint("goodenough: ", goodEnough.Seconds()))
	in.edit("etc/edgemanage.yaml", "/usr/sbin/rndc reload", "touch reloaded")
	for _, e := range in.edges {
		in.edit("etc/edges/mynet", e.name+"\n", e.name+" "+e.addr.String()+"\n")
	}
	for addr, c := range in.canaries {
		in.edit("etc/canaries/mynet", addr, c.name)
	}
	in.restore()
	return in
}

func (in *inherited) edit(path, old, new string) {
	in.t.Helper()
	text := readFile(in.t, in.path(path))
	if !strings.Contains(text, old) {
		in.t.Fatalf("%s has no %q:\n%s", path, old, text)
	}
	in.write(path, strings.Replace(text, old, new, 1))
}

// restore puts what the tool remembers in its place, as of a minute ago.
func (in *inherited) restore() {
	in.t.Helper()
	far := time.Unix(1<<33, 0)
	state, _, err := legacy.DecodeState([]byte(readFile(in.t, "../legacy/testdata/var/mynet.state")), far)
	if err != nil {
		in.t.Fatal(err)
	}
	by := legacy.TimeOf(time.Now().Add(-time.Minute)) - state.LastRun
	state.LastRun += by
	for i := range state.RotationList {
		state.RotationList[i] += by
	}
	for zone, addr := range state.ActiveCanaries {
		state.ActiveCanaries[zone] = in.canaries[addr].name
	}
	in.write("var/mynet.state", string(state.Encode()))
	if err := os.RemoveAll(in.path("var/health")); err != nil {
		in.t.Fatal(err)
	}
	if err := os.Mkdir(in.path("var/health"), 0o755); err != nil {
		in.t.Fatal(err)
	}
	stores, err := filepath.Glob("../legacy/testdata/var/health/*.edgestore")
	if err != nil || len(stores) != 10 {
		in.t.Fatalf("got %d edgestores, %v", len(stores), err)
	}
	for _, path := range stores {
		store, _, err := legacy.DecodeEdgestore([]byte(readFile(in.t, path)), far)
		if err != nil {
			in.t.Fatal(err)
		}
		for _, samples := range [][]legacy.Sample{store.FetchTimes, store.HistoricalAverage} {
			for i := range samples {
				samples[i].At += by
			}
		}
		for i := range store.RotationHistory {
			store.RotationHistory[i] += by
		}
		if store.StateEntryTime != nil {
			*store.StateEntryTime += by
		}
		name := strings.TrimSuffix(filepath.Base(path), ".edgestore")
		if c := in.canaries[name]; c != nil {
			name = c.name
		}
		in.write(in.store(name), string(store.Encode()))
	}
}

func (in *inherited) store(name string) string { return "var/health/" + name + ".edgestore" }

// start starts a server with nothing but the tool's files, its intervals but for their length.
func (in *inherited) start() *server {
	in.t.Helper()
	return startServer(in.t, in.dir, fmt.Sprintf(`. {
    bind 127.0.0.1
    edgemanage mynet {
        config etc/edgemanage.yaml
        state state
        legacy var/back
        allow_short_interval
        interval %s
        timeout %s
    }
}
`, interval, timeout))
}

// first is what the first answer has that is not an error, and whether errors came before it.
func (s *server) first(name string) (set []string, failed bool) {
	s.t.Helper()
	set, _ = sees(s.t, patience, "addresses of "+name, func() []string {
		got := s.set(name, dns.TypeA)
		failed = failed || len(got) == 1 && got[0] == "SERVFAIL"
		return got
	}, func(got []string) bool { return len(got) > 1 })
	return set, failed
}

// live are edges by their number in the tool's list.
func (in *inherited) live(numbers ...int) []string {
	var edges []*edge
	for _, n := range numbers {
		edges = append(edges, in.edges[n-1])
	}
	return addresses(edges...)
}

// A site that was the Python edgemanage's is answered with the tool's last set from the first query on, and with the same
// after the first decision; what operators said stands, and the tool could go on from what is written. Nothing is imported
// twice.
func TestTakeover(t *testing.T) {
	t.Parallel()
	in := newInherited(t)
	s := in.start()
	tools := in.live(1, 3, 6, 8)
	got, failed := s.first("example.com.")
	if failed || !cmp.Equal(got, tools) {
		t.Errorf("the first answer was %v, errors before it: %v; want %v at once", got, failed, tools)
	}
	settled := func(when string) {
		t.Helper()
		everyone := append(slices.Collect(maps.Values(in.canaries)), in.edges...)
		rounds(t, 2, everyone...)
		if got := s.set("example.com.", dns.TypeA); !cmp.Equal(got, tools) {
			t.Errorf("%s: got %v, want %v", when, got, tools)
		}
		if lines := s.lines("ipv4: live set"); lines != nil {
			t.Errorf("%s: got changes of the set:\n%s", when, strings.Join(lines, "\n"))
		}
		// The tool used slow canaries alone; here each that passes is used.
		for zone, addr := range map[string]string{"example.org.": "192.0.2.200", "shop.example.net.": "192.0.2.201"} {
			if got := s.set(zone, dns.TypeA); len(got) != len(tools) || !slices.Contains(got, in.canaries[addr].name) {
				t.Errorf("%s: %s: got %v, want the canary %s among them", when, zone, got, in.canaries[addr].name)
			}
		}
	}
	settled("after the first decision")

	socket := in.path("state/control.sock")
	out := does(t, 0, socket, "edges", "-A", "mynet", "-v", "-f", "csv")
	for _, want := range []*regexp.Regexp{
		regexp.MustCompile(`(?m)^unavailable,out,pass_threshold,edge2\.example\.net,\d+,\[ops\] filtered upstream, ticket 4711$`),
		regexp.MustCompile(`(?m)^force,in,pass_threshold,edge3\.example\.net,\d+,\[ops\] new hardware soak$`),
		regexp.MustCompile(`(?m)^available,in,pass_threshold,edge1\.example\.net,-1,$`),
	} {
		if !want.MatchString(out) {
			t.Errorf("got\n%s\nwant a line %s", out, want)
		}
	}
	if out := does(t, 0, socket, "history", "edge1.example.net", "-n", "1000", "--format", "csv"); strings.Count(out, "\n") < 180 {
		t.Errorf("got a history of %d lines, want the 180 rounds of the tool and those since:\n%s", strings.Count(out, "\n"), out)
	}
	if diff := cmp.Diff(readFile(t, "../legacy/testdata/out/edges.mynet.live"), readFile(t, in.path("out/edges.mynet.live"))); diff != "" {
		t.Errorf("the live list (-tool +server):\n%s", diff)
	}

	slowest := regexp.MustCompile(`slowest\|edge[1368]\.example\.net\n`)
	counts := regexp.MustCompile(`(?m)\|(\d+)$`)
	var want strings.Builder
	for _, addr := range []string{"192.0.2.200", "192.0.2.201"} {
		fmt.Fprintf(&want, "%s|available|out||N\n", in.canaries[addr].name)
	}
	for i, rest := range []string{
		"available|in|", "unavailable|out|[ops] filtered upstream, ticket 4711", "force|in|[ops] new hardware soak", "available|out|",
		"available|out|", "available|in|", "available|out|", "available|in|",
	} {
		fmt.Fprintf(&want, "edge%d.example.net|%s|N\n", i+1, rest)
	}
	fmt.Fprintf(&want, "live|edge1.example.net|edge3.example.net|edge6.example.net|edge8.example.net\ncanaries|example.org %s|shop.example.net %s\n"+
		"zones|example.com|example.net|example.org|shop.example.net\nrotations|N\nslowest|LIVE\nnotok\n", in.canaries["192.0.2.200"].name, in.canaries["192.0.2.201"].name)
	var raw string
	sees(t, patience, "the tool's files to be as it would have them", func() string {
		raw, _ = runProgram(t, "", "python3", "testdata/takeover.py", in.path("var/back"), in.path("var/back/mynet.state"), "checks")
		// Which of the live edges is the slowest is a matter of milliseconds.
		return slowest.ReplaceAllString(counts.ReplaceAllString(raw, "|N"), "slowest|LIVE\n")
	}, func(got string) bool { return got == want.String() })
	for _, m := range counts.FindAllStringSubmatch(raw, 10) {
		if len(m[1]) < 3 {
			t.Errorf("got an edge with %s fetches, want those of the tool and those since:\n%s", m[1], raw)
		}
	}

	// What the tool has from now on is nobody's business, and neither that all of it is gone.
	does(t, 0, socket, "mode", "-A", "mynet", "-m", "available", "edge2.example.net")
	for _, again := range []struct {
		name string
		do   func()
	}{
		{"with the files of before", func() { in.edit(in.store("edge8.example.net"), `"mode": "available"`, `"mode": "unavailable"`) }},
		{"without them", func() {
			if err := os.RemoveAll(in.path("var/health")); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(in.path("var/mynet.state")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		s.stop()
		again.do()
		s.start()
		s.awaitAnswers()
		settled(again.name)
		if out := does(t, 0, socket, "edges", "-A", "mynet", "-m", "unavailable", "-q"); out != "" {
			t.Errorf("%s: got unavailable\n%s", again.name, out)
		}
		if n := len(s.lines("imported from the Python edgemanage")); n != 1 {
			t.Errorf("%s: got %d imports, want the first alone", again.name, n)
		}
	}
}

// A file that is damaged, or nobody's, costs only itself. Of an edge whose mode is not known nobody says that it is
// available; the log names it.
func TestTakeoverDamaged(t *testing.T) {
	t.Parallel()
	in := newInherited(t)
	damage := func(n int, change func(text string) string) {
		path := in.store(fmt.Sprintf("edge%d.example.net", n))
		in.write(path, change(readFile(t, in.path(path))))
	}
	damage(1, func(text string) string { return text[:len(text)/2] })
	damage(4, func(string) string { return "" })
	damage(5, func(text string) string {
		return regexp.MustCompile(`("\d+\.\d\d)\d*":`).ReplaceAllString(text, `$1":`)
	}) // Python 2
	damage(6, func(text string) string {
		return strings.Replace(text, `"fetch_times": {`, `"fetch_times": {"99999999999.5": 0.1, `, 1)
	})
	damage(7, func(string) string { return `{"name": "none of the tool's"}` })
	damage(8, func(text string) string { return strings.Repeat("\x00", len(text)) })
	in.write("var/health/notes.txt", "{}")
	in.write("var/health/..edgestore", "{}")
	in.write("var/health/a b.edgestore", "{}")
	in.write("aside", `{"mode": "force", "state": "in", "comment": ""}`)
	if err := os.Symlink(in.path("aside"), in.path(in.store("edge9.example.net"))); err != nil {
		t.Fatal(err)
	}

	s := in.start()
	got, failed := s.first("example.com.")
	if want := in.live(3, 6); failed || !cmp.Equal(got, want) {
		t.Errorf("the first answer was %v, errors before it: %v; want %v at once", got, failed, want)
	}
	sees(t, patience, "what is left of the edges to be live", func() []string { return s.set("example.com.", dns.TypeA) }, func(got []string) bool {
		return cmp.Equal(got, in.live(3, 5, 6))
	})
	socket := in.path("state/control.sock")
	unknown := []string{"edge1.example.net", "edge4.example.net", "edge7.example.net", "edge8.example.net"}
	if out := does(t, 0, socket, "edges", "-A", "mynet", "-m", "unavailable", "-q"); out != strings.Join([]string{unknown[0], "edge2.example.net", unknown[1], unknown[2], unknown[3], ""}, "\n") {
		t.Errorf("got unavailable\n%s", out)
	}
	for _, words := range [][]string{
		{"edge1.example.net.edgestore", "reading JSON"}, {"edge4.example.net.edgestore", "the file is empty"}, {"edge6.example.net.edgestore", "1 of the future, left out"},
		{"edge7.example.net.edgestore", "none of its keys is there"}, {"edge8.example.net.edgestore", "reading JSON: at byte 1"}, {"edge9.example.net.edgestore"},
		{"[ERROR]", strings.Join(unknown, ", ") /* edge9 follows, which nobody configured */, "are unavailable until one is set"}, {`..edgestore`}, {`a b.edgestore`},
	} {
		if len(s.lines(words...)) != 1 {
			t.Errorf("got %d lines with %q, want one:\n%s", len(s.lines(words...)), words, s.log())
		}
	}
	if lines := s.lines("edge5.example.net.edgestore"); lines != nil {
		t.Errorf("of a store that Python 2 wrote is said\n%s", strings.Join(lines, "\n"))
	}
	if out := does(t, 0, socket, "history", "edge5.example.net", "-n", "1000", "--format", "csv"); strings.Count(out, "\n") < 180 {
		t.Errorf("got a history of %d lines, want that of Python 2", strings.Count(out, "\n"))
	}

	// Whoever looks at an edge lets it in again.
	for _, name := range unknown {
		does(t, 0, socket, "mode", "-A", "mynet", "-m", "available", name)
	}
	sees(t, patience, "four edges to be live", func() []string { return s.set("example.com.", dns.TypeA) }, func(got []string) bool { return len(got) == 4 })
}

// Without a statefile that makes sense the modes stand all the same: the fastest edge, which was taken out, does not come
// back.
func TestTakeoverWithoutState(t *testing.T) {
	t.Parallel()
	in := newInherited(t)
	in.write("var/mynet.state", `{"rotation_list": [`)
	s := in.start()
	s.awaitLine("statefile", "the last live set is not known")
	got, _ := s.first("example.com.")
	if slices.Contains(got, in.edges[1].addr.String()) || !slices.Contains(got, in.edges[2].addr.String()) {
		t.Errorf("got %v, want edge2 (%s) out and edge3 (%s) in, as operators said", got, in.edges[1].addr, in.edges[2].addr)
	}
}
