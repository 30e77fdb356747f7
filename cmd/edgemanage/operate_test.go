package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// oneNetwork is a server's list of networks.
type oneNetwork struct{ *network.Network }

func (o oneNetwork) Networks() []*network.Network { return []*network.Network{o.Network} }
func (oneNetwork) Version() string                { return "1.2.3" }

// operate runs a network and its control socket, which is that of commands, until the test ends. It returns when the
// first round is over.
func operate(t *testing.T, corefile string) {
	t.Helper()
	configs, err := config.ReadCorefile(corefile)
	if err != nil {
		t.Fatal(err)
	}
	c := &configs[0]
	inputs, err := network.ReadInputs(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(c, inputs, network.Options{Prober: network.NewProber(c), Resolver: prober.NewResolver(nil), Zones: []string{"example.org."}})
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
	dir, err := os.MkdirTemp("", "em")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "control.sock")
	l, err := control.Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	server := control.NewServer(oneNetwork{n})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Setenv("EDGEMANAGE_CONTROL", socket)
	t.Setenv("SUDO_USER", "alice")
	deadline := time.After(time.Minute)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		if s := n.Status(); s != nil && s.Ready && !s.LastRound.IsZero() {
			return
		}
		select {
		case <-look.C:
		case <-deadline:
			t.Fatal("the first round does not end")
		}
	}
}

// A night on call, against the server's own code: see what is live, ask why, take an edge out, see it out, give it back.
func TestOperate(t *testing.T) {
	f := newFarm(t, good, good, good, failing)
	corefile := site(t, f, 4, "edge_count 2", "state ./state")
	operate(t, corefile)
	steps := []struct {
		name   string
		args   string
		code   int
		stdout []string // must all be part of it
		stderr string   // must be part of it
	}{
		{"what is live", "status", 0, []string{"web: serial ", "  ipv4: rung full, 2 of 2 live", "of 4 edges: 3 passing, 1 failing", "failing: e3 (status)", " ipv4 set: +"}, ""},
		{"who fails", "edges --grade fail --format csv", 0, []string{"\nweb,e3,true,ipv4,127.0.0.63,out,fail,"}, ""},
		{"why", "explain e3", 0, []string{"e3  ipv4  127.0.0.63", "out: not passing, fail", "error       ", "to enter    "}, ""},
		{"what would happen", "mode e[01] unavailable --comment flood --preview", 0, []string{"PREVIEW", "2 edges of web match", "would be unavailable", "- e"}, ""},
		{"what would happen, without saying why yet", "mode e0 unavailable --preview", 0, []string{"PREVIEW", "would be unavailable"}, ""},
		{"nothing has", "edges --mode unavailable", 0, []string{"no edge is like that"}, ""},
		{"without a comment", "mode e0 unavailable", 1, nil, "a comment is needed"},
		{"no candidate", "mode e* unavailable --comment flood", 1, nil, "(--force does it all the same)"},
		{"no such edge", "mode x* unavailable --comment flood", 1, nil, "x*"},
		{"out", "mode e0 unavailable --comment flood --for 2h", 0, []string{"e0\n  was available\n  is unavailable until ", "(claims alice): flood", "saved, serial "}, ""},
		{"it is out", "edges e0", 0, []string{"e0    out ", "unavailable"}, ""},
		{"before its first probe", "mode new.example.net unavailable --comment later", 0, []string{"new.example.net (not configured: the mode waits for it)", "saved, serial"}, ""},
		{"the modes", "status", 0, []string{"e0: unavailable, until ", "new.example.net: unavailable, not configured, without an end"}, ""},
		{"the last changes", "changes --format csv", 0, []string{",mode,,e0,available,unavailable,", ",alice,flood,,\n"}, ""},
		{"stop", "freeze --comment uplink --for 1h", 0, []string{"FROZEN: web: no change but an operator's, until ", "uplink"}, ""},
		{"not to be overlooked", "status", 0, []string{"FROZEN: web"}, ""},
		{"in checks neither", "check rotation", 0, []string{"EDGE_ROTATE OK - web: ", ", FROZEN |"}, ""},
		{"go on", "unfreeze", 0, []string{"web is no longer frozen"}, ""},
		{"back", "mode e0 available", 0, []string{"  was unavailable until ", "  is available"}, ""},
		{"samples", "history e3", 0, []string{"e3  ipv4  127.0.0.63: ", "FAIL"}, ""},
		{"no samples", "history x", 1, nil, "x"},
		{"no canaries", "canaries", 0, []string{"web: no canaries"}, ""},
		{"latency", "check latency -w 10", 0, []string{"ACTIVE_EDGE_LATENCY OK - web: the slowest live edge is e"}, ""},
		{"integrity", "check integrity", 0, []string{"EDGE_TESTMATCH OK - web: 0 of 4 edges"}, ""},
		{"another network", "status -A lab", 1, nil, "lab"},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			code, stdout, stderr := execute(t, strings.Fields(step.args)...)
			if code != step.code || !strings.Contains(stderr, step.stderr) || step.stderr == "" && stderr != "" {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stderr, step.code, step.stderr)
			}
			for _, want := range step.stdout {
				if !strings.Contains(stdout, want) {
					t.Errorf("there is no %q in\n%s", want, stdout)
				}
			}
		})
	}

	t.Run("replay what happened", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "rounds.json")
		if code, stdout, stderr := execute(t, "history", "--trace", file, "--family", "ipv4"); code != 0 || stdout+stderr != "" {
			t.Fatalf("got %d, %q, %q", code, stdout, stderr)
		}
		if code, stdout, stderr := execute(t, "replay", "--summary", "--set", "edge_count=1", file); code != 0 || stderr != "" || !strings.Contains(stdout, "below edge_count 1") {
			t.Errorf("got %d, %q, %q", code, stdout, stderr)
		}
	})

	// The disk refuses: where the state is written first there is a directory.
	t.Run("not saved", func(t *testing.T) {
		blocked := filepath.Join(filepath.Dir(corefile), "state", "web", "state.json.tmp")
		if err := os.MkdirAll(filepath.Join(blocked, "full"), 0o700); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := execute(t, "mode", "e1", "unavailable", "--comment", "flood")
		if code != 3 || !strings.Contains(stderr, "APPLIED, NOT SAVED: ") || !strings.Contains(stdout, "is unavailable") {
			t.Errorf("got %d, %q, %q, want 3 and APPLIED, NOT SAVED", code, stdout, stderr)
		}
	})
}
