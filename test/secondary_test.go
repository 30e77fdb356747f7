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

// secondary is a program that runs and takes zones over from a primary.
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
