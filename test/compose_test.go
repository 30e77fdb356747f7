//go:build e2e

package test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// The plugin composes with the others of its server block; each test loads one of them.

func TestAuto(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	if err := os.Mkdir(st.path("zones"), 0o755); err != nil {
		t.Fatal(err)
	}
	st.write("zones/example.org.zone", restOfZone)
	s := startServer(t, st.dir, block("example.org", st.with("labels www").directive("main"), "auto {\n        directory "+st.path("zones")+` ^(.*)\.zone$ {1}`+"\n    }"))
	s.full(2)
	if got := s.set("mail."+zone, dns.TypeA); !slices.Equal(got, []string{"192.0.2.25"}) {
		t.Errorf("mail, from auto: %v, want 192.0.2.25", got)
	}
	want := answer{"NOERROR", true, nil, []string{soaOurs}}
	if diff := cmp.Diff(want, digest(s.query("www."+zone, dns.TypeHTTPS))); diff != "" {
		t.Errorf("www HTTPS (-want +got):\n%s", diff)
	}
}

func TestLoadbalance(t *testing.T) {
	t.Parallel()
	st := newSite(t, 4).with("edge_count 4")
	s := startServer(t, st.dir, block("example.org", "loadbalance", st.directive("main")))
	want := s.full(4)
	first := map[string]bool{}
	eventually(t, patience, "every edge to come first in some answer", func() bool {
		m := s.query(zone, dns.TypeA)
		if got := values(m); !slices.Equal(got, want) {
			t.Fatalf("the set is %v, want %v in whatever order", got, want)
		}
		first[m.Answer[0].(*dns.A).A.String()] = true
		return len(first) == len(want)
	})
}

// An edge that is pulled must leave at once, though *cache* would keep the answer for an hour.
func TestCache(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3).with("ttl 1h", "labels www")
	st.write("db.example.org", restOfZone)
	s := startServer(t, st.dir, block("example.org", "cache 3600", st.directive("main"), "file "+st.path("db.example.org")))
	live := s.full(2)
	s.query("www."+zone, dns.TypeA)
	st.at(live[0]).set(t, refusing)
	t.Logf("a dead edge left the answers behind cache after %s, bound %s", s.leaves(10*swapBound, live[0]), swapBound)
	if www, apex := s.set("www."+zone, dns.TypeA), s.apex(); !slices.Equal(www, apex) {
		t.Errorf("www is %v and the apex %v: want the same", www, apex)
	}
}

// *minimal* strips what an answer can do without; a NODATA keeps its SOA.
func TestMinimal(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2).with("labels www")
	st.write("db.example.org", restOfZone)
	s := startServer(t, st.dir, block("example.org", "minimal", st.directive("main"), "file "+st.path("db.example.org")))
	s.full(2)
	want := answer{"NOERROR", true, nil, []string{soaOurs}}
	if diff := cmp.Diff(want, digest(s.query("www."+zone, dns.TypeTXT))); diff != "" {
		t.Errorf("NODATA (-want +got):\n%s", diff)
	}
	want = answer{"NOERROR", true, []string{"example.org. 3600 IN MX 10 mail.example.org."}, nil}
	if diff := cmp.Diff(want, digest(s.query(zone, dns.TypeMX))); diff != "" {
		t.Errorf("MX, from file (-want +got):\n%s", diff)
	}
}

// *transfer* must not ship the next plugin's zone, which has no live address, and *errors* says why it does not.
func TestTransferIsRefused(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	st.write("db.example.org", restOfZone)
	st.write("db.example.net", strings.ReplaceAll(restOfZone, "example.org", "example.net"))
	s := startServer(t, st.dir, block("example.org example.net",
		"transfer {\n        to *\n    }", st.directive("main", "example.org"), "file "+st.path("db.example.org")+" example.org", "file "+st.path("db.example.net")+" example.net"))
	s.full(2)
	if got := axfr(t, s); got != "SERVFAIL" {
		t.Errorf("AXFR with transfer: %s, want SERVFAIL", got)
	}
	s.awaitLine("plugin/errors", "transferring zone", "only its rotating names are known here")
}

// *log* and *prometheus* see the plugin's answers, and Prometheus itself finds no fault with the page.
func TestLogAndPrometheus(t *testing.T) {
	t.Parallel()
	st := newSite(t, 3)
	metricsAt := "127.0.0.1:" + freePort(t)
	s := startServer(t, st.dir, block("example.org", "log", "prometheus "+metricsAt, st.directive("main")))
	live := s.full(2)
	st.at(live[0]).set(t, serverError)
	s.leaves(10*swapBound, live[0])
	s.awaitLine("A IN example.org.", "NOERROR qr,aa")
	s.awaitLine("Network main ipv4: live set", st.at(live[0]).name+" left")

	page := metricsPage(t, metricsAt)
	if out, status := runProgram(t, page, "promtool", "check", "metrics"); status != 0 || out != "" {
		t.Errorf("promtool check metrics ended with %d:\n%s", status, out)
	}
	for _, want := range []string{
		`coredns_edgemanage_live_edges{family="ipv4",network="main"} 2`,
		`coredns_edgemanage_wanted_edges{family="ipv4",network="main"} 2`,
		`coredns_edgemanage_rung{family="ipv4",network="main"} 5`,
		`coredns_edgemanage_edge_live{edge="` + st.at(live[0]).name + `",family="ipv4",network="main"} 0`,
		`coredns_edgemanage_edge_grade{edge="` + st.at(live[0]).name + `",family="ipv4",network="main"} 0`,
		`coredns_edgemanage_state_errors_total{network="main"} 0`,
	} {
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("the metrics page lacks %s", want)
		}
	}
	for _, name := range []string{"probes_total", "probe_duration_seconds_bucket", "edge_latency_seconds", "edge_window_seconds", "edge_average_seconds", "edge_mode", "changes_total", "last_round_timestamp_seconds", "round_duration_seconds", "zone_serial"} {
		if _, ok := metric(t, metricsAt, name, `network="main"`); !ok {
			t.Errorf("the metrics page lacks coredns_edgemanage_%s", name)
		}
	}
}

// *view* gives two kinds of clients two networks for one zone.
func TestView(t *testing.T) {
	t.Parallel()
	near, far := newSite(t, 2), newSite(t, 2)
	s := startServer(t, near.dir,
		block("example.org", "view near {\n        expr client_ip() == '127.0.0.2'\n    }", near.directive("near"))+
			block("example.org", far.with("state -").directive("far")))
	for from, want := range map[string][]string{
		"127.0.0.2": addresses(near.edges...),
		"127.0.0.3": addresses(far.edges...),
	} {
		sees(t, patience, "the set for "+from, func() []string { return values(s.queryFrom(from, zone, dns.TypeA)) },
			func(got []string) bool { return slices.Equal(got, want) })
	}
}

// *reload* takes up an edited Corefile without anybody's help, and the engine goes on.
func TestReloadPlugin(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	corefile := func() string { return block("example.org", "reload 2s 1s", st.directive("main")) }
	s := startServer(t, st.dir, corefile())
	live := s.full(2)
	s.configure(strings.Replace(corefile(), "edgemanage main {", "edgemanage main {\n        labels www", 1))
	sees(t, patience, "the new label", func() []string { return s.set("www."+zone, dns.TypeA) }, func(got []string) bool { return slices.Equal(got, live) })
}

// The plugins of several listeners share one engine: a network named without body is served there too.
func TestNamedWithoutBody(t *testing.T) {
	t.Parallel()
	st := newSite(t, 2)
	port := freePort(t)
	s := startServer(t, st.dir, block("example.org:"+port, "edgemanage main")+block("example.org", st.directive("main")))
	live := s.full(2)
	second := &server{t: t, addr: net.JoinHostPort("127.0.0.1", port)}
	if got := second.apex(); !slices.Equal(got, live) {
		t.Errorf("on the second listener: %v, want %v", got, live)
	}
	before := st.edges[0].hits.Load()
	start := time.Now()
	rounds(t, 4, st.edges...)
	if most := int64(time.Since(start)/interval) + 2; st.edges[0].hits.Load()-before > most {
		t.Errorf("an edge was probed %d times in %s, want at most %d: once an interval", st.edges[0].hits.Load()-before, time.Since(start), most)
	}
	if _, err := os.Stat(filepath.Join(st.dir, "state", "main", "lock")); err != nil {
		t.Errorf("the state: %v", err)
	}
}
