package hooks

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// script writes a shell script that finds a directory of the test's in $D, and returns its path and the directory.
func script(t *testing.T, text string) (path, dir string) {
	t.Helper()
	dir = t.TempDir()
	path = filepath.Join(dir, "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nD='"+dir+"'\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path, dir
}

// after is a command of one script that runs after each change.
func after(argv ...string) []config.Run { return []config.Run{{When: config.AfterChanges, Argv: argv}} }

// read returns what a script wrote.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// appears waits for a file that a script makes.
func appears(t *testing.T, dir, name string) {
	t.Helper()
	path := filepath.Join(dir, name)
	until(t, name+" is there", func() bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

// until waits for a condition, which it asks now and then.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline, ticker := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("waiting in vain until %s", what)
		case <-ticker.C:
		}
	}
}

// gone says whether a process, whose number a script wrote, is no more.
func gone(t *testing.T, dir, name string) func() bool {
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, dir, name)))
	if err != nil {
		t.Fatal(err)
	}
	return func() bool {
		// A zombie that nobody has waited for yet runs no more.
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || strings.Contains(string(stat), ") Z ")
	}
}

// one runs a command once and returns its report.
func one(t *testing.T, o Options, argv ...string) Report {
	t.Helper()
	l := newLog()
	o.Observe = l.hear
	h := New(o)
	defer h.Close()
	h.Configure(after(argv...), nil)
	h.Enqueue(change("x"))
	l.await(t, 1)
	return l.take()[0]
}

// reapers are the ways to wait for a command, of which a system has one: hooks did not build where there is no waitid.
var reapers = map[string]reaper{"of this system": reap, "of any": reapAtOnce}

func TestCommandEnds(t *testing.T) {
	for system, reaper := range reapers {
		t.Run(system, func(t *testing.T) { testCommandEnds(t, Options{reap: reaper}) })
	}
}

func testCommandEnds(t *testing.T, o Options) {
	tests := []struct {
		name   string
		script string
		code   int // -1: no status
		stderr string
	}{
		{"well", "true", 0, ""},
		{"badly", "exit 3", 3, ""},
		{"with words", "echo reloaded >&2", 0, "reloaded"},
		{"badly with words", "echo 'no such zone' >&2; exit 1", 1, "no such zone"},
		{"with words to standard output", "echo unheard", 0, ""},
		{"by a signal", "kill -9 $$", -1, ""},
		{"with many words", "i=0; while [ $i -lt 3000 ]; do echo 0123456789 >&2; i=$((i+1)); done; exit 4", 4, strings.TrimSpace(strings.Repeat("0123456789\n", 373)[:maxStderr])},
		{"with bytes that are no text", `printf 'a\377b' >&2`, 0, "a\ufffdb"},
		{"without reading", "exec <&-; true", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, _ := script(t, tt.script)
			r := one(t, o, path)
			code := 0
			if exit, ok := errors.AsType[*exec.ExitError](r.Err); ok {
				code = exit.ExitCode()
			} else if r.Err != nil {
				t.Errorf("got error %v, want the exit status", r.Err)
			}
			if code != tt.code || r.Stderr != tt.stderr || r.Lost != (tt.code != 0) {
				t.Errorf("got status %d, lost %v, %q, want %d, %q", code, r.Lost, r.Stderr, tt.code, tt.stderr)
			}
			if r.Kind != Run || r.Target != path || r.Event != Changed || r.ID == "" {
				t.Errorf("got %+v, want a report of %s with the event", r, path)
			}
		})
	}
}

func TestCommandCannotStart(t *testing.T) {
	plain, dir := script(t, "true")
	if err := os.Chmod(plain, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, command string
		want          error
	}{
		{"no such file", filepath.Join(dir, "none"), fs.ErrNotExist},
		{"not to be run", plain, fs.ErrPermission},
		{"not in the path", "edgemanage-has-no-such-command", exec.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := one(t, Options{}, tt.command, "s3cret"); !errors.Is(r.Err, tt.want) || !r.Lost || strings.Contains(r.Err.Error(), "s3cret") {
				t.Errorf("got %+v, want %v", r, tt.want)
			}
		})
	}
}

// What a command gets is what was written, byte by byte: no shell looks at it.
func TestCommandGets(t *testing.T) {
	t.Setenv("LANG", "C.UTF-8")
	t.Setenv("TOKEN", "s3cret")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
	path, dir := script(t, `printf '%s\n' "$@" >$D/args; cat >$D/stdin; env >$D/env; pwd >$D/pwd`)
	args := []string{"two words", `"quoted"`, "it's", "$HOME", "`id`", "*", "; rm -rf /", "", "--", "ünï"}
	r := one(t, Options{Network: "dnet1"}, append([]string{path}, args...)...)
	if r.Err != nil {
		t.Fatalf("got %v: %s", r.Err, r.Stderr)
	}
	if diff := cmp.Diff(strings.Join(args, "\n")+"\n", read(t, dir, "args")); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	var e Event
	if err := json.Unmarshal([]byte(read(t, dir, "stdin")), &e); err != nil || e.ID != r.ID || e.Version != 1 || e.Text != "x" {
		t.Errorf("standard input: got %+v, %v, want event %s", e, err, r.ID)
	}
	env := read(t, dir, "env")
	if !strings.Contains(env, "EDGEMANAGE_NETWORK=dnet1\n") || !strings.Contains(env, "LANG=C.UTF-8\n") || !strings.Contains(env, "PATH="+os.Getenv("PATH")+"\n") {
		t.Errorf("environment: got %q, want the network, the language and the path", env)
	}
	if strings.Contains(env, "s3cret") {
		t.Errorf("environment: got %q, want none of our secrets", env)
	}
	if got := read(t, dir, "pwd"); got != "/\n" {
		t.Errorf("working directory: got %q, want /", got)
	}
}

// A command that hangs is stopped, with all that it started.
func TestCommandHangs(t *testing.T) {
	for system, reaper := range reapers {
		t.Run(system, func(t *testing.T) { testCommandHangs(t, Options{reap: reaper}) })
	}
}

func testCommandHangs(t *testing.T, o Options) {
	tests := []struct{ name, script string }{
		{"itself", "echo $$ >$D/child; touch $D/ready; exec sleep 1000"},
		{"in a child", "sleep 1000 & echo $! >$D/child; touch $D/ready; wait"},
		{"without an ear for signals", "trap '' TERM INT HUP; echo $$ >$D/child; touch $D/ready; while :; do sleep 1; done"},
		{"in a child of a child", "sh -c 'sleep 1000 & echo $! >'$D'/child; touch '$D'/ready; wait' & wait"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, dir := script(t, tt.script)
			over, l := make(chan time.Time), newLog()
			o.Observe, o.over = l.hear, func() <-chan time.Time { return over }
			h := New(o)
			defer h.Close()
			h.Configure(after(path), nil)
			h.Enqueue(change("x"))
			appears(t, dir, "ready")
			over <- time.Time{}
			l.await(t, 1)
			if r := l.take()[0]; r.Err == nil || !strings.Contains(r.Err.Error(), "stopped after 1m0s") || !r.Lost {
				t.Errorf("got %+v, want that it was stopped", r)
			}
			until(t, "the process is gone", gone(t, dir, "child"))
		})
	}
}

// What a command leaves behind neither holds up those that follow nor runs beside them.
func TestCommandLeaves(t *testing.T) {
	for system, reaper := range reapers {
		t.Run(system, func(t *testing.T) { testCommandLeaves(t, Options{reap: reaper}) })
	}
}

func testCommandLeaves(t *testing.T, o Options) {
	tests := []struct {
		name, script string
		dies         bool
	}{
		{"a child that holds its standard error", "sleep 1000 & echo $! >$D/child", true},
		{"a child that holds nothing", "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >$D/child", true},
		{"a session that holds its standard error", "export D; setsid sh -c 'echo $$ >$D/new; mv $D/new $D/child; exec sleep 1000' & until [ -e $D/child ]; do :; done", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, dir := script(t, tt.script)
			r := one(t, o, path)
			if r.Err != nil {
				t.Errorf("got %v, want no error", r.Err)
			}
			if tt.dies {
				until(t, "the child is gone", gone(t, dir, "child"))
				return
			}
			if gone(t, dir, "child")() {
				t.Error("what has a session of its own was killed")
			}
			pid, _ := strconv.Atoi(strings.TrimSpace(read(t, dir, "child")))
			syscall.Kill(pid, syscall.SIGKILL)
		})
	}
}
