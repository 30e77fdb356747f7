//go:build e2e

package test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// crontab is a site that keeps BIND, and has rounds run by cron from an edgemanage.yaml.
type crontab struct {
	*site
	named string // where BIND answers
}

// newCrontab writes an edgemanage.yaml for n edges, of which two are wanted, and one zone.
func newCrontab(t *testing.T, n int, keys ...string) *crontab {
	t.Helper()
	c := &crontab{site: newSite(t, n), named: net.JoinHostPort("127.0.0.1", freePort(t))}
	for _, dir := range []string{"edges.d", "zones/mynet", "out", "var"} {
		if err := os.MkdirAll(c.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	list, err := os.ReadFile(c.path("edges"))
	if err != nil {
		t.Fatal(err)
	}
	c.write("edges.d/mynet", string(list))
	c.write("zones/mynet/example.org.zone", "@ MX 10 mail\nmail A 198.51.100.7\nns1 A 127.0.0.1\n")
	c.write("edgemanage.yaml", fmt.Sprintf(`testobject: {host: www.example.org, proto: http, port: %s, uri: /object, local: object}
dns: {ns_records: [ns1.example.org]}
edgelist_dir: edges.d
zonetemplate_dir: zones
healthdata_store: var/health
statefile: var/{dnet}.state
named_dir: out
live_list: out/{dnet}.live
edge_count: 2
dnschange_maxfreq: 0
timeout: 3
%s
`, c.port, strings.Join(keys, "\n")))
	return c
}

// command is a run that is not started.
func (c *crontab) command(args ...string) *exec.Cmd {
	cmd := exec.Command(edgemanagePath, append([]string{"once", "-A", "mynet", "-c", "edgemanage.yaml", "--force"}, args...)...)
	cmd.Dir = c.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// once runs a round and returns all that it wrote, and its exit status.
func (c *crontab) once(args ...string) (said string, status int) {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return string(out), 0
}

// wants runs a round and wants it to end well.
func (c *crontab) wants(args ...string) (said string) {
	c.t.Helper()
	said, status := c.once(args...)
	if status != 0 {
		c.t.Fatalf("exit status %d: %s", status, said)
	}
	return said
}

// startNamed serves the written zone, and lets rndc in.
func (c *crontab) startNamed(control string) {
	c.t.Helper()
	_, port, _ := net.SplitHostPort(c.named)
	c.write("named.conf", fmt.Sprintf(`include %q;
options {
	directory %q; pid-file none; session-keyfile none;
	listen-on port %s { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; notify no; dnssec-validation no;
};
controls { inet 127.0.0.1 port %s allow { 127.0.0.1; } keys { "rndc"; }; };
zone "example.org" { type primary; file %q; };
`, c.path("rndc.key"), c.dir, port, control, c.path("out/example.org.zone")))
	cmd := exec.Command(need(c.t, "named"), "-g", "-c", c.path("named.conf"), "-n", "1", "-U", "1")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		c.t.Fatalf("starting named: %v", err)
	}
	c.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if c.t.Failed() {
			c.t.Logf("named said:\n%s", log.String())
		}
	})
	eventually(c.t, patience, "named to answer", func() bool { return len(c.dig()) > 0 })
}

// dig asks BIND for the addresses of the zone, sorted.
func (c *crontab) dig() []string {
	c.t.Helper()
	_, port, _ := net.SplitHostPort(c.named)
	out, _ := runProgram(c.t, "", "dig", "@127.0.0.1", "-p", port, "+short", "+tries=1", "+time=2", "example.org", "A")
	found := strings.Fields(out)
	slices.Sort(found)
	if slices.ContainsFunc(found, func(s string) bool { return net.ParseIP(s) == nil }) {
		return nil // it says that nothing answers
	}
	return found
}

// written is the serial of the zone file, 0 where there is none; a file that is not whole fails the test.
func (c *crontab) written() uint32 {
	c.t.Helper()
	text, err := os.ReadFile(c.path("out/example.org.zone"))
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		c.t.Fatal(err)
	}
	var serial uint32
	records := 0
	parser := dns.NewZoneParser(bytes.NewReader(text), "example.org.", "")
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		records++
		if soa, ok := rr.(*dns.SOA); ok {
			serial = soa.Serial
		}
	}
	if parser.Err() != nil || serial == 0 || records < 6 {
		c.t.Fatalf("%v: %d records in\n%s", parser.Err(), records, text)
	}
	return serial
}

// TestOnceWithBIND: the zones go from the files to BIND by way of rndc, a broken edge leaves the answers with the next run,
// and a reload that failed is made good.
func TestOnceWithBIND(t *testing.T) {
	t.Parallel()
	control := freePort(t)
	rndc := need(t, "rndc")
	c := newCrontab(t, 3)
	yaml, err := os.ReadFile(c.path("edgemanage.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.write("edgemanage.yaml", string(yaml)+fmt.Sprintf("commands:\n  run_after_changes:\n    - %s -s 127.0.0.1 -p %s -k %s reload\n", rndc, control, c.path("rndc.key")))
	c.write("rndc.key", `key "rndc" { algorithm hmac-sha256; secret "c2VjcmV0IGZvciBhIHRlc3Q="; };`+"\n")

	if said, status := c.once(); status != 1 || !strings.Contains(said, "rndc") {
		t.Errorf("without BIND: got exit status %d: %s", status, said)
	}
	if out, status := runProgram(t, "", "named-checkzone", "example.org", c.path("out/example.org.zone")); status != 0 {
		t.Errorf("named-checkzone: %s", out)
	}
	c.startNamed(control)
	first := c.dig()
	if want := addresses(c.edges[:2]...); !slices.Equal(first, want) {
		t.Errorf("BIND answers with %v, want %v", first, want)
	}
	c.wants() // the reload that failed
	if said := c.wants(); said != "" {
		t.Errorf("nothing changed, and it said %q", said)
	}
	c.edges[0].set(t, serverError)
	said := c.wants()
	if !strings.Contains(said, "edge1.example.net left (status: ") {
		t.Errorf("it said %q", said)
	}
	sees(t, patience, "the answers of BIND without the broken edge", c.dig, func(got []string) bool {
		return slices.Equal(got, addresses(c.edges[1:]...))
	})
	live, err := os.ReadFile(c.path("out/mynet.live"))
	if err != nil || string(live) != "edge2.example.net\nedge3.example.net\n" {
		t.Errorf("live list %q, error %v", live, err)
	}
	// A hanging edge delays a run by the timeout of 3 s; the rest is what starting a program takes.
	c.edges[2].set(t, hanging)
	c.edges[0].set(t, healthy)
	began := time.Now()
	c.wants()
	t.Logf("with a hanging edge a run took %s", time.Since(began))
	sees(t, patience, "the answers of BIND without the hanging edge", c.dig, func(got []string) bool {
		return slices.Equal(got, addresses(c.edges[:2]...))
	})
}

// A running server and a run from cron keep each other out.
func TestOnceAndServer(t *testing.T) {
	t.Parallel()
	c := newCrontab(t, 2)
	corefile := block("example.org", fmt.Sprintf("root %s\n    edgemanage mynet {\n    config edgemanage.yaml\n    state var/edgemanage\n    }", c.dir))
	s := startServer(t, c.dir, corefile)
	s.full(2)
	said, status := c.once()
	if status != 2 || !strings.Contains(said, "held by another process") {
		t.Errorf("beside a server: got exit status %d: %s", status, said)
	}
	s.stop()
	live := c.written()
	if c.wants(); c.written() != live {
		t.Errorf("the serial went from %d to %d although the set is the same", live, c.written())
	}

	// The other way round: a server that is started while a run waits for an edge.
	c.edges[1].set(t, hanging)
	hits := c.edges[1].hits.Load()
	run := c.command()
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "the run to probe", func() bool { return c.edges[1].hits.Load() > hits })
	s.start()
	eventually(t, patience, "the server to give up", func() bool { return !s.running() })
	if len(s.lines("var/edgemanage/mynet/lock", "held by another process")) == 0 {
		t.Errorf("the server said:\n%s", s.tail())
	}
	if err := run.Wait(); err != nil {
		t.Error(err)
	}
}

// Killed at any moment a run leaves every file whole, and the next one does what was left; no serial ever falls, and none
// stands for two sets.
func TestOnceKilledAtRandom(t *testing.T) {
	t.Parallel()
	ran := filepath.Join(t.TempDir(), "ran")
	c := newCrontab(t, 4, "commands: {run_after_changes: cp out/example.org.zone "+ran+"}")
	yaml, err := os.ReadFile(c.path("edgemanage.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.write("edgemanage.yaml", strings.ReplaceAll(string(yaml), "cp out/", "cp "+c.path("out")+"/"))
	args := []string{"--legacy", c.path("legacy")}
	began := time.Now()
	c.wants(args...)
	longest := max(time.Since(began), 200*time.Millisecond)
	last, sets := c.written(), map[uint32]string{}
	killed := 0
	check := func() {
		t.Helper()
		serial := c.written()
		if serial < last {
			t.Fatalf("the serial fell from %d to %d", last, serial)
		}
		text, err := os.ReadFile(c.path("out/example.org.zone"))
		if err != nil {
			t.Fatal(err)
		}
		if known, again := sets[serial]; again && known != string(text) {
			t.Fatalf("serial %d stands for\n%s\nand for\n%s", serial, known, text)
		}
		last, sets[serial] = serial, string(text)
	}
	for range 20 {
		for _, e := range c.edges {
			e.set(t, []behaviour{healthy, healthy, serverError, refusing}[rand.IntN(4)])
		}
		run := c.command(args...)
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(rand.N(longest), func() { run.Process.Kill() })
		if err := run.Wait(); err != nil {
			killed++
		}
		kill.Stop()
		check()
		c.wants(args...)
		check()
		told, err := os.ReadFile(ran)
		if err != nil || string(told) != sets[last] {
			t.Fatalf("the command after a change was not told of what is written, error %v:\n%s", err, told)
		}
	}
	t.Logf("%d of 20 runs were killed; %d sets", killed, len(sets))
	if killed == 0 || len(sets) < 2 {
		t.Error("nothing was proved: want runs that were killed, and changes")
	}
}
