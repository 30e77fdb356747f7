package edgemanage

import (
	"bytes"
	"errors"
	"io"
	golog "log"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// taken is the mode of an edge that was taken out.
func taken(edge string) network.ModeChanged {
	return network.ModeChanged{
		Edge: edge, After: network.Mode{Mode: selector.Unavailable, Comment: "x", Author: "ada", At: time.Unix(1700000000, 0)},
	}
}

// TestLogLines: what an operator must hear of is one line, with the network and the reason.
func TestLogLines(t *testing.T) {
	told = newReports[silence]() // nothing was said yet
	for _, test := range []struct {
		name  string
		event network.Event
		want  string // without the time; empty: no line
	}{
		{"set", network.SetChanged{Family: network.IPv4, Before: []string{"a"}, After: []string{"b"}, Rung: "full", Serial: 7, Text: "a failed"},
			"[INFO] plugin/edgemanage: Network mynet ipv4: live set [b], was [a]: a failed; rung full, serial 7"},
		{"rung down", network.RungChanged{Family: network.IPv6, Before: selector.Full, After: selector.Hold, Text: "too few pass"},
			"[WARNING] plugin/edgemanage: Network mynet ipv6: rung hold, was full: too few pass"},
		{"rung up", network.RungChanged{Family: network.IPv6, Before: selector.Short, After: selector.Full, Text: "all found"},
			"[INFO] plugin/edgemanage: Network mynet ipv6: rung full, was short: all found"},
		{"mode", network.ModesChanged{Edges: "a", Changes: []network.ModeChanged{{Edge: "a", After: network.Mode{Mode: selector.Unavailable, Comment: "reboot"}}}},
			"[INFO] plugin/edgemanage: Network mynet: mode of a is unavailable, was available: " +
				network.ModeChanged{Edge: "a", After: network.Mode{Mode: selector.Unavailable, Comment: "reboot"}}.Reason() + `; comment "reboot"`},
		{"modes of many edges", network.ModesChanged{Edges: "*", Changes: []network.ModeChanged{
			taken("a"), taken("b"), taken("c"), taken("d"), taken("e"), taken("f"), taken("g"),
		}}, "[INFO] plugin/edgemanage: Network mynet: mode of 7 edges (a, b, c, d, e and 2 more) is unavailable, was available: " + taken("a").Reason() + `; comment "x"`},
		{"a canary", network.CanariesChanged{Changes: []network.CanaryChanged{
			{Zone: "example.org.", Addr: netip.MustParseAddr("192.0.2.9"), Active: true, Displaced: "b", Text: "in place of b"},
		}}, "[INFO] plugin/edgemanage: Network mynet: canary 192.0.2.9 of example.org. is in: in place of b"},
		{"a canary in another place", network.CanariesChanged{Changes: []network.CanaryChanged{
			{Zone: "example.org.", Addr: netip.MustParseAddr("192.0.2.9"), Was: true, Active: true, Displaced: "a", Text: "in place of a"},
		}}, ""},
		{"held", network.Held{Family: network.IPv4, Count: 2}, "[INFO] plugin/edgemanage: Network mynet ipv4: the budget of changes holds 2 substitutions back"},
		{"state", network.StateTrouble{Err: errors.New("disk full")},
			"[ERROR] plugin/edgemanage: Network mynet: writing the state: disk full; answers and probes go on, a restart now would forget what changed"},
		{"live list", network.FileFailed{Err: errors.New(`writing live list "live": read-only file system`)},
			`[ERROR] plugin/edgemanage: Network mynet: writing live list "live": read-only file system; it is tried again`},
		{"state again", network.StateRecovered{}, "[INFO] plugin/edgemanage: Network mynet: the state is written again"},
		{"file", network.ReloadFailed{File: "edges", Err: errors.New("edges: no edge")}, "[ERROR] plugin/edgemanage: Network mynet: edges: no edge; its last good version stays"},
		{"note", network.Note{Text: "a is named twice"}, "[INFO] plugin/edgemanage: Network mynet: a is named twice"},
		{"warning", network.Warning{Text: "few workers"}, "[WARNING] plugin/edgemanage: Network mynet: few workers"},
		{"frozen", network.FreezeChanged{After: &network.Freeze{Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, Author: "ada", Comment: "works"},
			`[WARNING] plugin/edgemanage: Network mynet: frozen by ada until 2026-01-02T03:04:05Z; comment "works"`},
		{"unfrozen", network.FreezeChanged{Before: &network.Freeze{}, Author: "root", Claimed: "ada", Comment: "done"},
			`[INFO] plugin/edgemanage: Network mynet: unfrozen by root (ada); comment "done"`},
		{"command", network.Hooked{Kind: hooks.Run, Target: "/bin/tell", Event: hooks.Changed, ID: "7", Err: errors.New("exit status 2"), Stderr: "no\nway\n", Lost: true},
			`[WARNING] plugin/edgemanage: Network mynet: running /bin/tell for change 7: exit status 2; it wrote "no\nway\n"`},
		{"command that says nothing", network.Hooked{Kind: hooks.Run, Target: "/bin/tell", Event: hooks.Round, ID: "7", Err: errors.New("stopped after 1m0s"), Lost: true},
			`[WARNING] plugin/edgemanage: Network mynet: running /bin/tell for round 7: stopped after 1m0s`},
		{"command that warns", network.Hooked{Kind: hooks.Run, Target: "/bin/tell", Event: hooks.Before, ID: "7", Stderr: "odd\n", Took: time.Second},
			`[INFO] plugin/edgemanage: Network mynet: ran /bin/tell for before 7 in 1s: it wrote "odd\n"`},
		{"command that ran", network.Hooked{Kind: hooks.Run, Target: "/bin/tell", Event: hooks.Before, ID: "7"}, ""},
		{"webhook", network.Hooked{Kind: hooks.Webhook, Target: "https://hooks.example.net", Event: hooks.Changed, ID: "7", Err: errors.New("503")},
			`[INFO] plugin/edgemanage: Network mynet: posting change 7 to https://hooks.example.net: 503; it is tried again`},
		{"webhook in the same minute", network.Hooked{Kind: hooks.Webhook, Target: "https://hooks.example.net", Event: hooks.Changed, ID: "8", Err: errors.New("503")}, ""},
		{"webhook given up", network.Hooked{Kind: hooks.Webhook, Target: "https://hooks.example.net", Event: hooks.Changed, ID: "7", Err: errors.New("503"), Lost: true},
			`[WARNING] plugin/edgemanage: Network mynet: posting change 7 to https://hooks.example.net: 503; given up, maybe more of them`},
		{"webhook taken", network.Hooked{Kind: hooks.Webhook, Target: "https://hooks.example.net", Event: hooks.Changed, ID: "7"}, ""},
		{"probe", network.Probed{Edge: "a", Result: prober.Result{Outcome: prober.Refused, Err: errors.New("refused")}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			said := logged(func() { observer{}.Observe("mynet", test.event) })
			if diff := cmp.Diff(test.want, said); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}

// logged is what is logged while a function runs, without the time and the last line break.
func logged(does func()) string {
	var said bytes.Buffer
	golog.SetOutput(&said)
	flags := golog.Flags()
	golog.SetFlags(0)
	defer golog.SetFlags(flags)
	defer golog.SetOutput(io.Discard)
	does()
	return strings.TrimSuffix(said.String(), "\n")
}

// TestAnnounce: at each start and reload it is said what will not work, and what an operator may have forgotten.
func TestAnnounce(t *testing.T) {
	runs := []config.Run{{At: "Corefile:7", Argv: []string{"/no/such/command", "secret"}}, {At: "Corefile:8", Argv: []string{"/bin/sh"}}}
	for _, test := range []struct {
		name   string
		config config.Network
		status network.Status
		want   string
	}{
		{"nothing", config.Network{}, network.Status{}, ""},
		{"a command that is missing", config.Network{Runs: runs}, network.Status{},
			"[WARNING] plugin/edgemanage: Corefile:7: run: exec: \"/no/such/command\": stat /no/such/command: no such file or directory: it will fail until the command is there"},
		{"a warning of the configuration", config.Network{Warnings: []string{"Corefile:2: state: not set"}}, network.Status{},
			"[WARNING] plugin/edgemanage: Corefile:2: state: not set"},
		{"dry run", config.Network{DryRun: true, Runs: runs}, network.Status{},
			"[INFO] plugin/edgemanage: Network mynet runs dry: nothing is answered and nothing written"},
		{"frozen", config.Network{}, network.Status{Freeze: &network.Freeze{Author: "ada", Comment: "works"}},
			`[WARNING] plugin/edgemanage: Network mynet is frozen, nothing changes but by an operator: frozen by ada; comment "works"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.config.Name = "mynet"
			got := logged(func() { (&definition{config: &test.config}).announce(&test.status) })
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}
