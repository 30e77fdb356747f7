package edgemanage

import (
	"bytes"
	"errors"
	"io"
	golog "log"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// TestLogLines: what an operator must hear of is one line, with the network and the reason.
func TestLogLines(t *testing.T) {
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
		{"mode", network.ModeChanged{Edge: "a", After: network.Mode{Mode: selector.Unavailable, Comment: "reboot"}},
			"[INFO] plugin/edgemanage: Network mynet: mode of a is unavailable, was available: " +
				network.ModeChanged{Edge: "a", After: network.Mode{Mode: selector.Unavailable, Comment: "reboot"}}.Reason() + `; comment "reboot"`},
		{"held", network.Held{Family: network.IPv4, Count: 2}, "[INFO] plugin/edgemanage: Network mynet ipv4: the budget of changes holds 2 substitutions back"},
		{"state", network.StateTrouble{Err: errors.New("disk full")},
			"[ERROR] plugin/edgemanage: Network mynet: writing the state: disk full; answers and probes go on, a restart now would forget what changed"},
		{"state again", network.StateRecovered{}, "[INFO] plugin/edgemanage: Network mynet: the state is written again"},
		{"file", network.ReloadFailed{File: "edges", Err: errors.New("edges: no edge")}, "[ERROR] plugin/edgemanage: Network mynet: edges: no edge; its last good version stays"},
		{"note", network.Note{Text: "a is named twice"}, "[INFO] plugin/edgemanage: Network mynet: a is named twice"},
		{"warning", network.Warning{Text: "few workers"}, "[WARNING] plugin/edgemanage: Network mynet: few workers"},
		{"probe", network.Probed{Edge: "a", Result: prober.Result{Outcome: prober.Refused, Err: errors.New("refused")}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var said bytes.Buffer
			golog.SetOutput(&said)
			flags := golog.Flags()
			golog.SetFlags(0)
			defer golog.SetFlags(flags)
			defer golog.SetOutput(io.Discard)
			observer{}.Observe("mynet", test.event)
			if diff := cmp.Diff(test.want, strings.TrimSuffix(said.String(), "\n")); diff != "" {
				t.Errorf("log differs (-want +got):\n%s", diff)
			}
		})
	}
}
