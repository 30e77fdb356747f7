package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// network is what the shortest body in testdata/good says, changed.
func network(name, file string, line int, change func(n *Network)) Network {
	n := defaults()
	n.Name, n.File, n.Line = name, file, line
	n.Object.URL = &url.URL{Scheme: "http", Host: "example.org", Path: "/"}
	n.NS = []string{"ns1.example.net."}
	n.MName = "ns1.example.net."
	n.State = "/var/lib/edgemanage"
	n.Control, n.DefaultControl, n.ControlAt = "/var/lib/edgemanage/control.sock", true, fmt.Sprintf("%s:%d", file, line+4)
	change(&n)
	return n
}

// noSocket is for a network without a state, and in dry run: nothing is made of itself.
func noSocket(n *Network) { n.Control, n.DefaultControl, n.ControlAt = "", false, "" }

func named(name, file string, line int) Source {
	e := Edge{Name: name, File: file, Line: line}
	if addr, err := netip.ParseAddr(name); err == nil {
		e.Addrs = []netip.Addr{addr}
	}
	return Source{Edge: e}
}

const noState = "state: not set: history, modes and serials are kept in memory and lost at the end of the process"

// good is what each testdata/good/*.corefile defines.
var good = map[string][]Network{
	"least": {network("mynet", "least.corefile", 2, func(n *Network) {
		n.Sources = []Source{named("edge1.example.net", "least.corefile", 3)}
		n.Object.URL = &url.URL{Scheme: "https", Host: "example.org", Path: "/probe"}
		n.State = ""
		noSocket(n)
		n.Warnings = []string{"least.corefile:2: " + noState}
	})},
	// A state that is too deep for a socket is no reason to refuse a start: nobody asked for one.
	"control-default-long": {network("mynet", "control-default-long.corefile", 2, func(n *Network) {
		n.Sources = []Source{named("edge1.example.net", "control-default-long.corefile", 3)}
		n.Object.URL = &url.URL{Scheme: "https", Host: "example.org", Path: "/probe"}
		n.State = "/var/lib/" + strings.Repeat("s", 90)
		noSocket(n)
		n.Warnings = []string{"control-default-long.corefile:6: state: no control socket: the default of control: the path of the socket, " +
			`"/var/lib/` + strings.Repeat("s", 71) + `"..., has 112 bytes: expected at most 107, here or by "control SOCKET [GROUP]"`}
	})},
	"full": {{
		Name: "My_net-2.a", File: "full.corefile", Line: 3,
		Sources: []Source{
			{File: "/srv/edges/mynet"}, {File: "/etc/coredns/edges/extra"},
			named("edge1.example.net", "full.corefile", 4), named("192.0.2.1", "full.corefile", 4), named("2001:db8::1", "full.corefile", 4),
		},
		Object: Object{
			URL:  &url.URL{Scheme: "https", Host: "[2001:db8::80]:8443", Path: "/probe", RawQuery: "x=1"},
			File: "/etc/coredns/objects/probe",
		},
		NS:    []string{"ns1.example.net.", "ns2.example.net."},
		MName: "hidden.example.net.", RName: `john\.doe.example.net.`,
		Timers:       SOATimers{Refresh: 600, Retry: 300, Expire: 1209600, Minimum: 0},
		SerialFloor:  2026112300,
		TTL:          300,
		Labels:       []string{"www", "www2", "a.b", "1"},
		CanaryKiller: 6,
		EdgeCount:    8, MinLive: 3, Keep: "pass_window",
		MaxChanges: 5, MaxChangesPer: time.Hour, Strict: true,
		Fall: 2, Rise: 3,
		Fallback: []netip.Addr{netip.MustParseAddr("192.0.2.251"), netip.MustParseAddr("2001:db8::251")},
		Interval: 30 * time.Second, AllowShortInterval: true,
		Timeout: 5 * time.Second, Retry: 1, Workers: 500,
		GoodEnough: 700 * time.Millisecond, Window: 10 * time.Minute, History: 100,
		Families: IPv6, InsecureSkipVerify: true,
		Headers: []Header{{Name: "X-Probe", Value: "two words"}, {Name: "X-Probe", Value: "again"}},
		Source4: netip.MustParseAddr("192.0.2.9"), Source6: netip.MustParseAddr("2001:db8::9"),
		State: "/etc/coredns/state", DryRun: true,
		Runs: []Run{
			{When: Before, Argv: []string{"/etc/coredns/hooks/before", "--net", "My net"}, At: "full.corefile:37"},
			{When: After, Argv: []string{"logger", "$HOME", "round over"}, At: "full.corefile:38"},
			{When: AfterChanges, Argv: []string{"/usr/local/bin/tell"}, At: "full.corefile:39"},
			{When: AfterChanges, Argv: []string{"/usr/local/bin/tell"}, At: "full.corefile:40"},
		},
		Webhooks: []Webhook{
			{URL: &url.URL{Scheme: "https", Host: "hooks.example.net", Path: "/services/hunter2"}},
			{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/"}},
		},
		Control: "/etc/coredns/run/control.sock", ControlGroup: "edgeops", ControlAt: "full.corefile:43",
		StatusAddress: "status.example.net:9154", StatusAt: "full.corefile:44",
	}},
	"header-file": {network("mynet", "header-file.corefile", 3, func(n *Network) {
		n.Sources = []Source{named("edge1.example.net", "header-file.corefile", 4)}
		n.Object.URL = &url.URL{Scheme: "https", Host: "example.org", Path: "/probe"}
		n.Headers = []Header{{Name: "Authorization", Value: "Bearer hunter2", File: "secrets/token"}}
		n.State = ""
		noSocket(n)
		n.Warnings = []string{"header-file.corefile:3: " + noState}
	})},
	"webhook-secret": {network("mynet", "webhook-secret.corefile", 3, func(n *Network) {
		n.Sources = []Source{named("edge1.example.net", "webhook-secret.corefile", 4)}
		n.Object.URL = &url.URL{Scheme: "https", Host: "example.org", Path: "/probe"}
		n.Webhooks = []Webhook{{
			URL:        &url.URL{Scheme: "https", Host: "hooks.example.net", Path: "/edges"},
			SecretFile: "secrets/token", Secret: []byte("Bearer hunter2"),
		}}
	})},
	"references": {
		network("second", "references.corefile", 7, func(n *Network) {
			n.Sources = []Source{named("edge2.example.net", "references.corefile", 8)}
			n.Object.URL = &url.URL{Scheme: "http", Host: "example.net", Path: "/"}
		}),
		network("first", "references.corefile", 14, func(n *Network) {
			n.Sources = []Source{named("edge1.example.net", "references.corefile", 15)}
		}),
	},
	"imports": {network("mynet", "imports.corefile", 6, func(n *Network) {
		n.ControlAt = "imports.corefile:3"
		n.Sources = []Source{named("edge1.example.net", "imports.corefile", 9)}
		n.Interval = 2 * time.Minute
	})},
	"one-line": {
		network("mynet", "one-line.corefile", 2, func(n *Network) {
			n.ControlAt = "one-line.corefile:5"
			n.Sources = []Source{named("edge1.example.net", "one-line.corefile", 2)}
		}),
		network("other", "one-line.corefile", 6, func(n *Network) {
			n.Sources = []Source{named("edge1.example.net", "one-line.corefile", 10)}
			n.DryRun, n.State = true, ""
			noSocket(n)
			n.Interval, n.Timeout = time.Second, 900*time.Millisecond
		}),
	},
	"warnings": {network("mynet", "warnings.corefile", 2, func(n *Network) {
		n.Sources = []Source{
			named("edge1", "warnings.corefile", 3), {File: "lists/a"}, named("2001:db8::1", "warnings.corefile", 3),
		}
		n.NS, n.MName = []string{"ns1."}, "ns1."
		n.Timers.Expire = 600
		n.State, n.InsecureSkipVerify = "", true
		noSocket(n)
		n.Warnings = []string{
			`warnings.corefile:3: edges: "edge1" is named twice: dropping the second`,
			`warnings.corefile:3: edges: "lists/../lists/a" is named twice: dropping the second`,
			`warnings.corefile:3: edges: "2001:DB8::1" is named twice: dropping the second`,
			`warnings.corefile:5: ns: "ns1" has one label: it is served as ns1.`,
			"warnings.corefile:6: soa_timers: EXPIRE is not above REFRESH and RETRY together: secondaries would drop the zones after one failed refresh",
			"warnings.corefile:2: " + noState,
			"warnings.corefile:7: insecure_skip_verify: the object is fetched without TLS: there is nothing to verify",
		}
	})},
}

func TestReadCorefile(t *testing.T) {
	t.Chdir("testdata/good")
	files := corpus(t, "*.corefile", len(good))
	for _, file := range files {
		name := strings.TrimSuffix(file, ".corefile")
		t.Run(name, func(t *testing.T) {
			want, ok := good[name]
			if !ok {
				t.Fatal("nothing is wanted of this file")
			}
			got, err := ReadCorefile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
				t.Errorf("networks differ (-want +got):\n%s", diff)
			}
		})
	}
}
