package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// cronSite is a pythonSite of three edges after a round: e0 and e1 are live, since e2 is slow.
func cronSite(t *testing.T) (dir string) {
	t.Helper()
	slow := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-r.Context().Done():
		}
		good(w, r)
	}
	dir = pythonSite(t, newFarm(t, good, good, slow), 3, "goodenough: 0.001")
	if code, _, stderr := without(t, "once"); code != 0 {
		t.Fatalf("got exit code %d and %q", code, stderr)
	}
	return dir
}

// without runs a command on the site's edgemanage.yaml.
func without(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("EDGEMANAGE_CONTROL", filepath.Join(t.TempDir(), "none"))
	t.Setenv("SUDO_USER", "alice")
	if args[0] == "once" {
		args = append(args, "--force")
	}
	return execute(t, append(args, "-A", "mynet", "--config", "etc/edgemanage.yaml")...)
}

// Where rounds are run by cron an edge goes out and comes back as with a server, but for the minute in between.
func TestOffline(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	cronSite(t)
	zone := read(t, "out/example.org.zone")
	steps := []struct {
		args []string
		code int
		want string // part of what is printed
	}{
		{[]string{"mode", "e0", "unavailable"}, 1, "a comment is needed"},
		{[]string{"mode", "e0", "unavailable", "-C", "disk dies", "--preview"}, 0, "PREVIEW: nothing was changed"},
		{[]string{"edges", "-f", "flat", "-m", "available", "-q"}, 0, "e0\ne1\ne2\n"},
		{[]string{"mode", "-m", "unavailable", "-C", "disk dies", "e0"}, 0, "saved; the next run of edgemanage once obeys it"},
		{[]string{"mode", "e*", "unavailable", "-C", "flood"}, 1, "no candidate would be left in ipv4: it is not done without force (--force"},
		{[]string{"mode", "x*", "unavailable", "-C", "flood"}, 1, "x*"},
		{[]string{"edges", "-f", "flat", "-v"}, 0, "unavailable\tin\tpass"}, // until the next round
		{[]string{"edges", "-f", "flat", "-v"}, 0, "\t[alice] disk dies\n"},
		{[]string{"status"}, 0, "e0: unavailable, without an end"},
		{[]string{"explain", "e0"}, 0, "out: unavailable"},
		{[]string{"changes"}, 0, "by " + me.Username + " (claims alice): disk dies"},
		{[]string{"history", "e0"}, 0, "e0"},
		{[]string{"canaries"}, 0, ""},
		{[]string{"check", "rotation"}, 0, "EDGE_ROTATE OK"},
		{[]string{"check", "integrity"}, 0, "EDGE_TESTMATCH OK"},
	}
	for _, step := range steps {
		code, stdout, stderr := without(t, step.args...)
		if code != step.code || !strings.Contains(stdout+stderr, step.want) {
			t.Errorf("%s: got exit code %d, %q and %q, want %d and %q", step.args, code, stdout, stderr, step.code, step.want)
		}
	}
	if got := read(t, "out/example.org.zone"); got != zone {
		t.Errorf("a zone file was written: %s", got)
	}
	if code, stdout, _ := without(t, "once"); code != 0 || !strings.Contains(stdout, "e0 left (unavailable: disk dies)") {
		t.Errorf("got exit code %d and %q", code, stdout)
	}
	if got := read(t, "out/example.org.zone"); strings.Contains(got, address(0)+"\n") || !strings.Contains(got, address(2)) || read(t, "out/mynet.live") != "e1\ne2\n" {
		t.Errorf("got live list %q and zone %s", read(t, "out/mynet.live"), got)
	}
	if code, stdout, stderr := without(t, "freeze", "--comment", "uplink flaps", "--for", "2h"); code != 0 || !strings.Contains(stdout, "FROZEN: mynet") {
		t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
	}
	if code, stdout, stderr := without(t, "unfreeze", "--format", "json"); code != 0 || !strings.Contains(stdout, `"later": true`) || !strings.Contains(stdout, `"saved": true`) {
		t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
	}
}

func TestOfflineExitCodes(t *testing.T) {
	cronSite(t)
	tests := []struct {
		name   string
		args   []string
		stderr string
	}{
		{"no network", []string{"mode", "-c", "etc/edgemanage.yaml", "e0", "available"}, "no network: expected -A"},
		{"no such file", []string{"mode", "-A", "mynet", "-c", "etc/none", "e0", "available"}, "no such file"},
		{"two places", []string{"mode", "-A", "mynet", "-c", "etc/edgemanage.yaml", "--control", "x", "e0", "available"}, "--control names one"},
		{"a state of nothing", []string{"mode", "-A", "mynet", "--state", "x", "e0", "available"}, "it goes with --config"},
		{"to watch", []string{"status", "-A", "mynet", "-c", "etc/edgemanage.yaml", "--watch"}, "nothing moves without a server"},
		{"a state in the way", []string{"mode", "-A", "mynet", "-c", "etc/edgemanage.yaml", "--state", "etc/object", "e0", "available"}, "etc/object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if code, stdout, stderr := execute(t, tt.args...); code != 2 || stdout != "" || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
			}
		})
	}
}

// A server that has the state is not waited for: its socket is named.
func TestOfflineBesideServer(t *testing.T) {
	cronSite(t)
	store, _, err := state.Open("var/edgemanage/mynet", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	l, err := net.Listen("unix", "var/edgemanage/control.sock")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(control.Networks{Networks: []control.Network{{Network: "mynet"}}})
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	code, stdout, stderr := without(t, "mode", "e0", "unavailable", "-C", "disk dies")
	if code != 2 || stdout != "" || !strings.Contains(stderr, "a server has it: ask it, by --control var/edgemanage/control.sock, without --config") {
		t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
	}
	if code, stdout, stderr := without(t, "edges"); code != 0 || stderr != "" || !strings.Contains(stdout, "e0") {
		t.Errorf("to look: got exit code %d, %q and %q", code, stdout, stderr)
	}
}

// A run of once is waited for.
func TestOfflineWaits(t *testing.T) {
	locked := fmt.Errorf("locking: %w", state.ErrLocked)
	tries := 0
	if err := insist(t.Context(), time.Minute, func() error {
		if tries++; tries < 3 {
			return locked
		}
		return nil
	}); err != nil || tries != 3 {
		t.Errorf("got error %v after %d tries", err, tries)
	}
	if err := insist(t.Context(), time.Millisecond, func() error { return locked }); !errors.Is(err, state.ErrLocked) || !strings.Contains(err.Error(), "after 1ms of waiting") {
		t.Errorf("got error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := insist(ctx, time.Minute, func() error { return locked }); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
}

// A mode that is set at the full minute costs no round.
func TestOnceWaitsForChange(t *testing.T) {
	cronSite(t)
	store, _, err := state.Open("var/edgemanage/mynet", state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	time.AfterFunc(100*time.Millisecond, func() { closed <- store.Close() })
	if code, stdout, stderr := without(t, "once"); code != 0 || stderr != "" {
		t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// Files that another user could not read would cost them the modes: nothing is written.
func TestOfflineOtherUser(t *testing.T) {
	dir := cronSite(t)
	if err := os.Chown("var/edgemanage/mynet", os.Getuid()+1, -1); err != nil {
		// Only root can give a directory away; whoever else has none of another user to try it on.
		t.Logf("giving the state away: %v", err)
		return
	}
	before := tree(t, dir)
	code, stdout, stderr := without(t, "mode", "e0", "unavailable", "-C", "disk dies")
	if want := fmt.Sprintf("is that of user %d, who runs once", os.Getuid()+1); code != 2 || stdout != "" || !strings.Contains(stderr, want) {
		t.Errorf("got exit code %d, %q and %q", code, stdout, stderr)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("the directory changed (-before +after):\n%s", diff)
	}
}

// Commands without a server go by what a Corefile says too, and complete names.
func TestOfflineCorefile(t *testing.T) {
	corefile := site(t, newFarm(t, good, good), 2, "state ./state")
	for _, args := range [][]string{{"once", "-c", corefile}, {"mode", "-c", corefile, "e1*", "force", "-C", "test"}, {"edges", "-c", corefile}} {
		code, stdout, stderr := execute(t, args...)
		if code == 2 || stderr != "" && args[0] != "mode" {
			t.Errorf("%s: got exit code %d, %q and %q", args, code, stdout, stderr)
		}
	}
	code, stdout, _ := execute(t, "__complete", "mode", "-c", corefile, "")
	names := strings.Fields(stdout)
	if code != 0 || len(names) < 2 || !slices.IsSorted(names[:2]) || names[0] == ":4" {
		t.Errorf("got exit code %d and completions %q", code, stdout)
	}
}
