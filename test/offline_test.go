//go:build e2e

package test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// says is a command on the site without a server, that is not started.
func (c *crontab) says(args ...string) *exec.Cmd {
	cmd := exec.Command(edgemanagePath, append(args, "-A", "mynet", "-c", "edgemanage.yaml")...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "EDGEMANAGE_CONTROL="+c.path("none"), "SUDO_USER=alice")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// does runs it, wants an exit status and returns all that it wrote.
func (c *crontab) does(status int, args ...string) string {
	c.t.Helper()
	out, err := c.says(args...).CombinedOutput()
	code := 0
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		code = exit.ExitCode()
	} else if err != nil {
		c.t.Fatal(err)
	}
	if code != status {
		c.t.Errorf("%s: got exit status %d, want %d: %s", args, code, status, out)
	}
	return string(out)
}

// served are the addresses in the zone file, sorted.
func (c *crontab) served() (addrs []string) {
	c.t.Helper()
	for line := range strings.Lines(readFile(c.t, c.path("out/example.org.zone"))) {
		if f := strings.Fields(line); len(f) == 5 && f[3] == "A" && f[2] == "IN" && !strings.HasPrefix(f[0], "mail") && !strings.HasPrefix(f[0], "ns1") {
			addrs = append(addrs, f[4])
		}
	}
	slices.Sort(addrs)
	return slices.Compact(addrs)
}

// An operator of a site that has rounds run by cron takes an edge out: the next run obeys, also while one is under way, and the
// one after the end of --for brings it back.
func TestOfflineModes(t *testing.T) {
	t.Parallel()
	c := newCrontab(t, 3)
	c.wants()
	want := func(when string, edges ...*edge) {
		t.Helper()
		if got := c.served(); !slices.Equal(got, addresses(edges...)) {
			t.Errorf("%s: got %v, want %v", when, got, addresses(edges...))
		}
	}
	want("at first", c.edges[:2]...)
	if said := c.does(0, "mode", c.edges[0].name, "unavailable", "--comment", "disk dies"); !strings.Contains(said, "- "+c.edges[0].name) || !strings.Contains(said, "saved; the next run") {
		t.Errorf("it said %s", said)
	}
	want("before the next run", c.edges[:2]...)
	if said := c.wants(); !strings.Contains(said, c.edges[0].name+" left (unavailable: disk dies)") {
		t.Errorf("the run said %q", said)
	}
	want("after it", c.edges[1:]...)
	if said := c.does(0, "edges", "-m", "unavailable", "-f", "flat", "-v"); !strings.HasPrefix(said, "unavailable\tout\t") || !strings.HasSuffix(said, "\t[alice] disk dies\n") {
		t.Errorf("it said %q", said)
	}

	// While a run waits for an edge that hangs.
	c.edges[2].set(t, hanging)
	hits := c.edges[2].hits.Load()
	run := c.command()
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "the run to probe", func() bool { return c.edges[2].hits.Load() > hits })
	c.does(0, "mode", c.edges[0].name, "available")
	if err := run.Wait(); err != nil {
		t.Error(err)
	}
	c.wants()
	want("available again", c.edges[:2]...)

	c.edges[2].set(t, healthy)
	c.does(0, "mode", c.edges[1].name, "unavailable", "-C", "reboot", "--for", "5s")
	c.wants()
	if served := c.served(); slices.Contains(served, c.edges[1].addr.String()) {
		t.Errorf("got %v, want the edge out while --for lasts", served)
	}
	c.edges[2].set(t, serverError)
	eventually(t, patience, "the mode to run out", func() bool {
		c.wants()
		return slices.Contains(c.served(), c.edges[1].addr.String())
	})
}

// Where a server has the state nobody else writes it, and who tries is told whom to ask.
func TestOfflineBesideServer(t *testing.T) {
	t.Parallel()
	c := newCrontab(t, 2)
	s := startServer(t, c.dir, block("example.org", fmt.Sprintf("root %s\n    edgemanage mynet {\n    config edgemanage.yaml\n    state var/edgemanage\n    }", c.dir)))
	s.full(2)
	for _, args := range [][]string{
		{"mode", c.edges[0].name, "unavailable", "-C", "disk dies"}, {"freeze", "--comment", "uplink flaps"}, {"unfreeze"},
	} {
		if said := c.does(2, args...); !strings.Contains(said, "a server has it: ask it, by --control var/edgemanage/control.sock") {
			t.Errorf("%s: it said %q", args, said)
		}
	}
	c.does(0, "mode", c.edges[0].name, "unavailable", "-C", "disk dies", "--preview")
	if said := c.does(0, "edges", "-f", "flat", "-q"); said != c.edges[0].name+"\n"+c.edges[1].name+"\n" {
		t.Errorf("it said %q", said)
	}
	if got := s.full(2); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

// Whoever has had the answer may have the machine fall down at that moment; one that is killed before has done all or nothing.
func TestOfflineKilled(t *testing.T) {
	t.Parallel()
	c := newCrontab(t, 3)
	c.wants()
	edge := c.edges[0]
	set := func(kill func(cmd *exec.Cmd, answered func() bool)) (answered bool) {
		t.Helper()
		cmd := c.says("mode", edge.name, "unavailable", "-C", "disk dies")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill(cmd, func() bool {
			n, _ := out.Read(make([]byte, 1))
			answered = n > 0
			return answered
		})
		cmd.Wait() // it was killed, or had ended
		return answered
	}
	withdrawn := func() bool {
		return strings.Contains(c.does(0, "edges", "-m", "unavailable", "-f", "flat", "-q"), edge.name+"\n")
	}
	killed := 0
	for i := range 10 {
		after := rand.N(100 * time.Millisecond)
		answered := set(func(cmd *exec.Cmd, answered func() bool) {
			if i%2 == 0 {
				answered()
				cmd.Process.Kill()
				return
			}
			timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
			defer timer.Stop()
			answered()
		})
		switch out := withdrawn(); {
		case answered && !out:
			t.Fatal("it was answered, and is not there")
		case !answered:
			killed++
		}
		if answered && !strings.Contains(c.does(0, "changes", "-n", "1"), "disk dies") {
			t.Error("it was answered, and is not on record")
		}
		out := withdrawn()
		if c.wants(); slices.Contains(c.served(), edge.addr.String()) == out {
			t.Errorf("withdrawn %t, and the zone has %v", out, c.served())
		}
		c.does(0, "mode", edge.name, "available")
		c.edges[2].set(t, serverError)
		c.wants()
		c.edges[2].set(t, healthy)
		if !slices.Contains(c.served(), edge.addr.String()) {
			t.Errorf("the zone has %v after it is available again", c.served())
		}
	}
	t.Logf("%d of 10 were killed before they answered", killed)
}
