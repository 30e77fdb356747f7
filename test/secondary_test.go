//go:build e2e

package test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// secondaryKind is a program that takes zones over from a primary, run by whoever runs the test, in a directory of its own.
type secondaryKind struct {
	name, program string
	example       string // the configuration that operators are shown, with the zone example.org and the primary 192.0.2.1
	own           string // what the test adds for a process of its own; DIR and PORT are replaced
	edits         []edit // what the test changes in the example, so that it sees the whole of what was taken over
	signed        []edit // the changes for transfers with a key
	zoneFrom      string // begins the part of the example that is repeated for each zone
	args          []string
}

// edit replaces what stands in a configuration once.
type edit struct{ from, to string }

// The key of transfers that are signed.
const (
	keyName   = "transfer-key"
	keySecret = "wE6dUaWLu9Cf4lDOtY3oGUvPO2nv0yuAx8PBSI2l5pI="
)

var secondaryKinds = []secondaryKind{
	{
		name: "BIND", program: "named", example: "named.conf", zoneFrom: "zone ", args: []string{"-g", "-n", "1", "-U", "1", "-c"},
		own: `options {
    directory "DIR"; pid-file none; session-keyfile none;
    listen-on port PORT { 127.0.0.1; }; listen-on-v6 { none; };
    recursion no; dnssec-validation no; allow-transfer { 127.0.0.1; };
};
controls { };
key "` + keyName + `" { algorithm hmac-sha256; secret "` + keySecret + `"; };
`,
		signed: []edit{{"{ 127.0.0.1; }", `{ 127.0.0.1 key "` + keyName + `"; }`}},
	},
	{
		name: "NSD", program: "nsd", example: "nsd.conf", zoneFrom: "zone:", args: []string{"-d", "-c"},
		own: `server:
    ip-address: 127.0.0.1@PORT
    server-count: 1
    username: ""
    zonesdir: "DIR"
    database: ""
    pidfile: ""
    xfrdfile: "DIR/xfrd.state"
    xfrdir: "DIR"
    zonelistfile: "DIR/zone.list"
    verbosity: 2
remote-control:
    control-enable: no
key:
    name: "` + keyName + `"
    algorithm: hmac-sha256
    secret: "` + keySecret + `"
`,
		edits:  []edit{{"name: edgemanage\n", "name: edgemanage\n    provide-xfr: 127.0.0.1 NOKEY\n"}},
		signed: []edit{{"PRIMARY NOKEY", "PRIMARY " + keyName}},
	},
	{
		name: "Knot", program: "knotd", example: "knot.conf", zoneFrom: "zone:", args: []string{"-c"},
		own: `server:
    listen: 127.0.0.1@PORT
    rundir: DIR
    udp-workers: 1
    tcp-workers: 1
database:
    storage: DIR
log:
  - target: stderr
    any: info
key:
  - id: ` + keyName + `
    algorithm: hmac-sha256
    secret: ` + keySecret + `
`,
		edits:  []edit{{"action: notify", "action: [notify, transfer]"}},
		signed: []edit{{"address: 127.0.0.1@PRIMARY", "address: 127.0.0.1@PRIMARY\n    key: " + keyName}},
	},
}

// configuration is what the program is started with, for a primary on loopback.
func (k *secondaryKind) configuration(t testing.TB, dir, port, primary string, zones []string, signed bool) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../examples/secondaries", k.example))
	if err != nil {
		t.Fatal(err)
	}
	// The port of the primary is its last mark, so that the edits read as the example does.
	example := strings.NewReplacer("192.0.2.1@53", "127.0.0.1@PRIMARY", "port 53", "port PRIMARY", "192.0.2.1", "127.0.0.1").Replace(string(b))
	edits := k.edits
	if signed {
		edits = append(slices.Clone(edits), k.signed...)
	}
	for _, e := range edits {
		if n := strings.Count(example, e.from); n != 1 && !(signed && n > 0) {
			t.Fatalf("%s holds %q %d times, want once:\n%s", k.example, e.from, n, example)
		}
		example = strings.Replace(example, e.from, e.to, 1)
	}
	at := strings.Index("\n"+example, "\n"+k.zoneFrom)
	if at < 0 || !strings.Contains(example, "PRIMARY") {
		t.Fatalf("%s has no line that begins with %q, or no primary:\n%s", k.example, k.zoneFrom, example)
	}
	conf := k.own + example[:at]
	for _, zone := range zones {
		conf += strings.ReplaceAll(example[at:], "example.org", strings.TrimSuffix(zone, ".")) + "\n"
	}
	if k.name == "Knot" {
		// A section may stand there once.
		first, rest, _ := strings.Cut(conf, "\nzone:\n")
		conf = first + "\nzone:\n" + strings.ReplaceAll(rest, "zone:\n", "")
	}
	return strings.NewReplacer("DIR", dir, "PORT", port, "PRIMARY", primary).Replace(conf)
}

// secondary is such a program that runs.
type secondary struct {
	t          testing.TB
	name, addr string
	log        bytes.Buffer
}

// startSecondary starts a secondary of zones that a server on loopback has, at a port that the server was told to notify.
func startSecondary(t testing.TB, k secondaryKind, port string, primary *server, zones []string, signed bool) *secondary {
	t.Helper()
	program := need(t, k.program)
	dir := t.TempDir()
	_, primaryPort, _ := net.SplitHostPort(primary.addr)
	path := filepath.Join(dir, k.example)
	if err := os.WriteFile(path, []byte(k.configuration(t, dir, port, primaryPort, zones, signed)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &secondary{t: t, name: k.name, addr: net.JoinHostPort("127.0.0.1", port)}
	cmd := exec.Command(program, append(slices.Clone(k.args), path)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &s.log, &s.log
	// NSD leaves its children behind when it is killed: all of them are ended by their group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	exited := make(chan struct{})
	go func() {
		cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		kill := time.AfterFunc(patience, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		defer kill.Stop()
		cmd.Process.Signal(syscall.SIGTERM)
		<-exited
		if t.Failed() {
			t.Logf("%s said:\n%s", k.name, s.log.String())
		}
	})
	return s
}

// lookup asks a server once over UDP.
func lookup(addr, name string, qtype uint16) (*dns.Msg, error) {
	c := &dns.Client{Timeout: time.Second}
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.RecursionDesired = false
	r, _, err := c.Exchange(m, addr)
	return r, err
}

// showing is the serial and the addresses at the apex that a server shows for each zone, in one line; a server that does
// not answer shows why.
func showing(addr string, zones ...string) string {
	var b strings.Builder
	for _, zone := range zones {
		soa, err := lookup(addr, zone, dns.TypeSOA)
		if err != nil {
			return err.Error()
		}
		a, err := lookup(addr, zone, dns.TypeA)
		if err != nil {
			return err.Error()
		}
		serial := dns.RcodeToString[soa.Rcode]
		if len(soa.Answer) == 1 {
			serial = fmt.Sprint(soa.Answer[0].(*dns.SOA).Serial)
		}
		fmt.Fprintf(&b, "%s %s %v; ", zone, serial, values(a))
	}
	return b.String()
}

// transferred takes a zone over and returns its records as text, sorted, the SOA once.
func transferred(addr, zone string, signed bool) ([]string, error) {
	m := new(dns.Msg)
	m.SetAxfr(zone)
	tr := &dns.Transfer{DialTimeout: patience, ReadTimeout: patience}
	if signed {
		tr.TsigSecret = map[string]string{keyName + ".": keySecret}
		m.SetTsig(keyName+".", dns.HmacSHA256, 300, time.Now().Unix())
	}
	envelopes, err := tr.In(m, addr)
	if err != nil {
		return nil, fmt.Errorf("transferring %s from %s: %w", zone, addr, err)
	}
	var lines []string
	for e := range envelopes {
		if e.Error != nil {
			return nil, fmt.Errorf("transferring %s from %s: %w", zone, addr, e.Error)
		}
		for _, rr := range e.RR {
			lines = append(lines, rr.String())
		}
	}
	if n := len(lines); n < 2 || lines[0] != lines[n-1] {
		return nil, fmt.Errorf("transferring %s from %s: it does not end with its first record: %v", zone, addr, lines)
	}
	lines = lines[1:]
	slices.Sort(lines)
	return lines, nil
}

// each does something with every secondary at the same time. The test fails if it fails with one of them.
func each(t testing.TB, all []*secondary, do func(*secondary) error) {
	t.Helper()
	faults := make([]error, len(all))
	var running sync.WaitGroup
	for i, s := range all {
		running.Go(func() {
			if err := do(s); err != nil {
				faults[i] = fmt.Errorf("%s: %w", s.name, err)
			}
		})
	}
	running.Wait()
	if err := errors.Join(faults...); err != nil {
		t.Fatal(err)
	}
}

// follows waits until the secondary shows what the primary does, and checks that it has all of it.
func (s *secondary) follows(within time.Duration, primary *server, zones []string, signed bool) (took time.Time, err error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for start := time.Now(); ; <-tick.C {
		want, got := showing(primary.addr, zones...), showing(s.addr, zones...)
		if want == got && strings.Contains(want, zones[0]) {
			took = time.Now()
			break
		}
		if time.Since(start) > within {
			return time.Time{}, fmt.Errorf("after %s it shows %s, and the primary %s", within, got, want)
		}
	}
	for _, zone := range zones {
		want, err := transferred(primary.addr, zone, signed)
		if err != nil {
			return took, err
		}
		got, err := transferred(s.addr, zone, false)
		if err != nil {
			return took, err
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return took, fmt.Errorf("%s (-primary +secondary):\n%s", zone, diff)
		}
	}
	return took, nil
}
