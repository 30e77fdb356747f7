package main

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// TestRequests: what each command asks of the server, and that a fault of the command line asks nothing.
func TestRequests(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		code   int
		asked  []string
		stderr string // must be part of it
	}{
		{"filters", []string{"edges", "-A", "web", "--grade", "fail", "--state", "out", "--mode", "force", "--family", "ipv6", "edge1*"}, 0,
			[]string{"GET /v1/edges?edge=edge1%2A&family=ipv6&grade=fail&live=false&mode=force&network=web"}, ""},
		{"live edges", []string{"edges", "--state", "live"}, 0, []string{"GET /v1/edges?live=true"}, ""},
		{"a wrong grade", []string{"edges", "--grade", "good"}, 2, nil, `reading --grade: parsing grade "good"`},
		{"a wrong state", []string{"edges", "--state", "up"}, 2, nil, `reading --state "up": expected live, in or out`},
		{"the word of the Python tool for live", []string{"edges", "--state", "in"}, 0, []string{"GET /v1/edges?live=true"}, ""},
		{"a wrong mode filter", []string{"edges", "--mode", "gone"}, 2, nil, `reading --mode: parsing mode "gone"`},
		{"a wrong family", []string{"edges", "--family", "4"}, 2, nil, `reading --family "4": expected ipv4 or ipv6`},
		{"a wrong format", []string{"edges", "--format", "xml"}, 2, nil, `reading --format "xml": expected table, csv, json or flat`},
		{"a format of others", []string{"explain", "--format", "csv"}, 2, nil, `expected table or json`},
		{"a wrong colour", []string{"edges", "--color", "blue"}, 2, nil, `reading --color "blue": expected auto, always or never`},
		{"explain", []string{"explain", "e*", "--family", "ipv4"}, 0, []string{"GET /v1/explain?edge=e%2A&family=ipv4"}, ""},
		{"history", []string{"history", "e1", "-n", "5", "-A", "web"}, 0, []string{"GET /v1/history?edge=e1&limit=5&network=web"}, ""},
		{"history of nothing", []string{"history"}, 2, nil, "accepts 1 arg(s), received 0"},
		{"history of less than one", []string{"history", "e1", "-n", "0"}, 2, nil, "reading --limit 0"},
		{"a trace of an edge", []string{"history", "e1", "--trace", "-"}, 2, nil, "unknown command"},
		{"a trace in CSV", []string{"history", "--trace", "-", "--format", "csv"}, 2, nil, "reading --format: it is not for --trace"},
		{"changes", []string{"changes", "-n", "7", "--since", "24h"}, 0, []string{"GET /v1/changes?limit=7&since=2026-03-11T02%3A10%3A04Z"}, ""},
		{"changes of the future", []string{"changes", "--since", "-1h"}, 2, nil, `reading --since "-1h"`},
		{"status", []string{"status", "-A", "web"}, 0, []string{"GET /v1/networks?network=web", "GET /v1/edges?network=web", "GET /v1/canaries?network=web", "GET /v1/changes?limit=5&network=web"}, ""},
		{"a wrong interval", []string{"status", "--watch=0s"}, 2, nil, `reading --watch "0s"`},
		{"too short an interval", []string{"status", "--watch=99ms"}, 2, nil, `reading --watch "99ms": expected at least 100ms`},
		{"an interval without watch", []string{"status", "5s"}, 2, nil, `unknown command`},
		{"mode", []string{"mode", "e1", "unavailable", "--comment", "why", "--for", "90m", "--force", "-A", "web"}, 0,
			[]string{`POST /v1/mode{"network":"web","edge":"e1","mode":"unavailable","comment":"why","for":"90m","claimed":"alice","force":true}`}, ""},
		{"available needs no comment", []string{"mode", "e1", "available"}, 0, []string{`POST /v1/mode{"edge":"e1","mode":"available","claimed":"alice"}`}, ""},
		{"preview", []string{"mode", "e1", "force", "--comment", "why", "--preview"}, 0, []string{`POST /v1/mode{"edge":"e1","mode":"force","comment":"why","claimed":"alice","preview":true}`}, ""},
		{"mode without a comment", []string{"mode", "e1", "unavailable"}, 1, nil, "setting mode unavailable: a comment is needed: --comment WHY"},
		{"mode with an empty comment", []string{"mode", "e1", "force", "--comment", " \t"}, 1, nil, "a comment is needed"},
		{"a wrong mode", []string{"mode", "e1", "off", "--comment", "why"}, 2, nil, `reading MODE: parsing mode "off"`},
		{"a mode for no time", []string{"mode", "e1", "force", "--comment", "why", "--for", "0s"}, 2, nil, `reading --for "0s": expected a length of time such as 90m or 2h`},
		{"a mode for nearly no time", []string{"mode", "e1", "force", "--comment", "why", "--for", "999ms"}, 2, nil, `reading --for "999ms": expected 1s to 87600h, which is 10 years`},
		{"a mode for ages", []string{"mode", "e1", "force", "--comment", "why", "--for", "87601h"}, 2, nil, `reading --for "87601h"`},
		{"a freeze for ages", []string{"freeze", "--comment", "why", "--for", "100000h"}, 2, nil, `reading --for "100000h"`},
		{"no time to answer", []string{"edges", "--timeout", "0s"}, 2, nil, `invalid argument "0s" for "--timeout" flag: expected a length of time such as 500ms or 8s`},
		{"a mode for long", []string{"mode", "e1", "force", "--comment", "why", "--for", "long"}, 2, nil, `reading --for "long"`},
		{"as edge_conf", []string{"mode", "-A", "web", "-m", "unavailable", "-C", "why", "e1"}, 0, []string{`POST /v1/mode{"network":"web","edge":"e1","mode":"unavailable","comment":"why","claimed":"alice"}`}, ""},
		{"as edge_conf, with long flags", []string{"mode", "--dnet", "web", "--mode", "available", "e1"}, 0, []string{`POST /v1/mode{"network":"web","edge":"e1","mode":"available","claimed":"alice"}`}, ""},
		{"as edge_conf, without a comment", []string{"mode", "-A", "web", "-m", "unavailable", "e1"}, 1, nil, "setting mode unavailable: a comment is needed"},
		{"a mode said twice", []string{"mode", "-m", "force", "-C", "why", "e1", "force"}, 2, nil, "accepts 1 arg(s), received 2"},
		{"an empty mode", []string{"mode", "-m", "", "e1"}, 2, nil, `parsing mode ""`},
		{"a mode of nothing", []string{"mode", "e1"}, 2, nil, "accepts 2 arg(s), received 1"},
		{"freeze", []string{"freeze", "--comment", "why", "--for", "1h"}, 0, []string{`POST /v1/freeze{"comment":"why","for":"1h","claimed":"alice"}`}, ""},
		{"freeze without a comment", []string{"freeze"}, 1, nil, "a comment is needed"},
		{"unfreeze", []string{"unfreeze", "-A", "web"}, 0, []string{`POST /v1/unfreeze{"network":"web","claimed":"alice"}`}, ""},
		{"unfreeze with more", []string{"unfreeze", "--for", "1h"}, 2, nil, "unknown flag: --for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answers := calm()
			for _, path := range []string{"/v1/mode", "/v1/freeze", "/v1/unfreeze"} {
				answers[path] = control.Applied{Network: "web", Saved: true}
			}
			f := newFake(t, answers)
			code, _, stderr := ask(t, tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) || tt.stderr == "" && stderr != "" {
				t.Errorf("got exit code %d and %q, want %d and %q", code, stderr, tt.code, tt.stderr)
			}
			if diff := cmp.Diff(tt.asked, f.asked()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// readers are the commands that only read, and changers the others, as they are called without options.
var (
	readers  = [][]string{{"status"}, {"edges"}, {"explain"}, {"history", "e1"}, {"history", "--trace", "-"}, {"changes"}, {"canaries"}}
	changers = [][]string{{"mode", "e1", "available"}, {"freeze", "--comment", "why"}, {"unfreeze"}}
	checkers = [][]string{{"check", "rotation"}, {"check", "latency"}, {"check", "integrity"}}
)

func TestExitCodes(t *testing.T) {
	everything := slices.Concat(readers, changers)
	t.Run("no server", func(t *testing.T) {
		socket := filepath.Join(t.TempDir(), "none.sock")
		for _, args := range everything {
			code, stdout, stderr := ask(t, append(args, "--control", socket)...)
			if code != 2 || stdout != "" || !strings.Contains(stderr, socket) {
				t.Errorf("%q: got %d, %q, %q, want 2 and the socket named", args, code, stdout, stderr)
			}
		}
	})
	for _, tt := range []struct {
		name   string
		answer any
		code   int
	}{
		{"a refusal", refusal{http.StatusNotFound, control.CodeUnknownNetwork, "there is no network \"\x1b[2J\""}, 1},
		{"a code of the future", refusal{http.StatusTeapot, "teapot", "short and stout"}, 1},
		{"a fault of the server", refusal{http.StatusInternalServerError, control.CodeInternal, "no"}, 1},
		{"a reload", refusal{http.StatusServiceUnavailable, control.CodeNotRunning, "try again"}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := map[string]any{}
			for path := range calm() {
				answers[path] = tt.answer
			}
			for _, path := range []string{"/v1/mode", "/v1/freeze", "/v1/unfreeze"} {
				answers[path] = tt.answer
			}
			newFake(t, answers)
			for _, args := range everything {
				code, stdout, stderr := ask(t, args...)
				if code != tt.code || stdout != "" || !strings.HasPrefix(stderr, "edgemanage: ") || strings.Contains(stderr, "\x1b") {
					t.Errorf("%q: got %d, %q, %q, want %d", args, code, stdout, stderr, tt.code)
				}
			}
			for _, args := range checkers {
				if code, stdout, stderr := ask(t, args...); code != 3 || !strings.Contains(stdout, " UNKNOWN - ") || strings.Count(stdout, "\n") != 1 || stderr != "" || strings.Contains(stdout, "\x1b") {
					t.Errorf("%q: got %d, %q, %q, want 3", args, code, stdout, stderr)
				}
			}
		})
	}
}

// A server that stays busy could not be asked: it has done nothing. The client comes again for a while before that is said.
func TestBusy(t *testing.T) {
	f := newFake(t, map[string]any{"/v1/mode": refusal{http.StatusServiceUnavailable, control.CodeBusy, "64 connections are open already: try again"}})
	code, _, stderr := ask(t, "mode", "e1", "available")
	if code != 2 || !strings.Contains(stderr, "try again") || strings.Contains(stderr, "not known") {
		t.Errorf("got %d, %q", code, stderr)
	}
	if n := len(f.asked()); n < 2 {
		t.Errorf("it was asked %d times", n)
	}
}

// stuck is a server that is connected to and says nothing until the test ends.
func stuck(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "em")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "control.sock")) // the kernel takes connections up by itself
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Setenv("EDGEMANAGE_CONTROL", l.Addr().String())
}

// A check of a server that hangs ran into the limit of Nagios, and the alarm did not say why.
func TestTimeout(t *testing.T) {
	stuck(t)
	const timeout = "--timeout=50ms"
	for _, args := range checkers {
		if code, stdout, _ := ask(t, append(args, timeout)...); code != 3 || !strings.Contains(stdout, " UNKNOWN - ") || !strings.Contains(stdout, "has not answered in time") {
			t.Errorf("%q: got %d, %q, want 3", args, code, stdout)
		}
	}
	for _, args := range slices.Concat(readers, changers) {
		if code, _, stderr := ask(t, append(args, timeout)...); code != 2 || !strings.Contains(stderr, "has not answered in time") {
			t.Errorf("%q: got %d, %q, want 2", args, code, stderr)
		}
	}
}

// A network that is removed by a reload between two requests leaves the others as they are.
func TestStatusOfVanishedNetwork(t *testing.T) {
	f := newFake(t, dire())
	f.set("/v1/edges?network=lab", refusal{http.StatusNotFound, control.CodeUnknownNetwork, "there is no network lab"})
	code, stdout, stderr := ask(t, "status")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "edge1.example.net") {
		t.Errorf("got exit code %d, %q and\n%s", code, stderr, stdout)
	}
}

// A change whose answer is lost may have been made: that must be said, or it is made twice or not at all.
func TestChangeOfUnknownOutcome(t *testing.T) {
	f := newFake(t, nil)
	f.set("/v1/mode", hangUp{})
	code, _, stderr := ask(t, "mode", "e1", "available")
	if code != 2 || !strings.Contains(stderr, "it is not known whether it was applied") {
		t.Errorf("got exit code %d and %q", code, stderr)
	}
	code, _, stderr = ask(t, "mode", "e1", "available", "--control", f.socket+".none")
	if code != 2 || strings.Contains(stderr, "not known") {
		t.Errorf("got exit code %d and %q of a server that is not there", code, stderr)
	}
}

// TestTrace: a file is replaced as a whole or not at all.
func TestTrace(t *testing.T) {
	const want = `{"rounds":[]}`
	f := newFake(t, calm())
	file := filepath.Join(t.TempDir(), "rounds.json")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := ask(t, "history", "--trace", "-", "--family", "ipv6", "-A", "web"); code != 0 || strings.TrimSpace(stdout) != want || stderr != "" {
		t.Errorf("got %d, %q, %q", code, stdout, stderr)
	}
	if diff := cmp.Diff([]string{"GET /v1/trace?family=ipv6&network=web"}, f.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	f.set("/v1/trace", refusal{http.StatusInternalServerError, control.CodeInternal, "no"})
	if code, _, _ := ask(t, "history", "--trace", file); code != 1 || read(t, file) != "old" {
		t.Errorf("got exit code %d, and the file is %q", code, read(t, file))
	}
	f.set("/v1/trace", calm()["/v1/trace"])
	if code, stdout, stderr := ask(t, "history", "--trace", file); code != 0 || stdout+stderr != "" || strings.TrimSpace(read(t, file)) != want {
		t.Errorf("got %d, %q, %q, and the file is %q", code, stdout, stderr, read(t, file))
	}
	if code, _, stderr := ask(t, "history", "--trace", filepath.Join(file, "x")); code != 1 || !strings.Contains(stderr, "writing trace") {
		t.Errorf("got exit code %d and %q for a path that cannot be", code, stderr)
	}
}

// TestCompletion: names come from the server, and a shell never waits for long nor sees an error without one.
func TestCompletion(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"networks", []string{"edges", "-A", ""}, []string{"web"}},
		{"edges", []string{"explain", ""}, []string{"edge1.example.net", "edge2.example.net", "edge3.example.net", "edge4.example.net", "edge5.example.net", "edge6.example.net", "gone.example.net"}},
		{"an edge and its mode", []string{"mode", "edge1.example.net", ""}, modes},
		{"no more", []string{"mode", "edge1.example.net", "force", ""}, nil},
		{"grades", []string{"edges", "--grade", ""}, grades},
		{"formats", []string{"edges", "--format", ""}, []string{"table", "csv", "json", "flat"}},
		{"colours", []string{"status", "--color", ""}, []string{"auto", "always", "never"}},
		{"states", []string{"edges", "--state", ""}, []string{"live", "out"}},
	}
	complete := func(t *testing.T, args []string) []string {
		code, stdout, _ := ask(t, append([]string{cobra.ShellCompNoDescRequestCmd}, args...)...)
		if code != 0 {
			t.Fatalf("got exit code %d", code)
		}
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if last := lines[len(lines)-1]; last != ":4" { // no file names
			t.Errorf("got directive %q, want :4", last)
		}
		return lines[:len(lines)-1]
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			newFake(t, calm())
			if got := complete(t, tt.args); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("without a server", func(t *testing.T) {
		t.Setenv("EDGEMANAGE_CONTROL", filepath.Join(t.TempDir(), "none"))
		if got := complete(t, []string{"explain", ""}); len(got) > 0 {
			t.Errorf("got %q, want nothing", got)
		}
	})
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			if code, stdout, _ := ask(t, "completion", shell); code != 0 || !strings.Contains(stdout, "edgemanage") {
				t.Errorf("got exit code %d and %d bytes", code, len(stdout))
			}
		})
	}
}

// TestHelp: the help of every command as it stands, and no line of it is wrapped on a terminal of 80 columns but for the
// descriptions of options.
func TestHelp(t *testing.T) {
	var all strings.Builder
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		_, stdout, _ := ask(t, append(path, "--help")...)
		all.WriteString("$ edgemanage " + strings.Join(append(path, "--help"), " ") + "\n" + stdout + "\n")
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
			if len(line) > 80 {
				t.Errorf("%q: a line of %d characters: %s", path, len(line), line)
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub, append(slices.Clone(path), sub.Name()))
		}
	}
	walk(newRoot(), nil)
	golden(t, "testdata/golden/help.txt", all.String())
}
