//go:build e2e

package test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is the deadline for what has no bound of its own: that a process starts, a file is noticed, a line is logged.
// It is generous because the machines that run this are slow and shared.
const patience = time.Minute

// eventually waits until a condition holds, and returns how long that took. The test fails when it does not hold in time.
func eventually(t testing.TB, within time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Since(start) > within {
			t.Fatalf("waiting for %s: it does not hold after %s", what, within)
		}
		<-tick.C
	}
	return time.Since(start)
}

// sees waits until get returns what is wanted; the failure shows what it returned last.
func sees[T any](t testing.TB, within time.Duration, what string, get func() T, good func(T) bool) (T, time.Duration) {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		got := get()
		if good(got) {
			return got, time.Since(start)
		}
		if time.Since(start) > within {
			t.Fatalf("waiting for %s: after %s it is %v", what, within, got)
		}
		<-tick.C
	}
}

var (
	portMu   sync.Mutex
	nextPort = 10000 + rand.IntN(20000)
)

// freePort returns a port that nothing uses, for TCP and UDP, on all addresses, and that no other call returns. It is
// below the range from which the kernel takes the ports of outgoing connections (32768 up), so that none of the many
// probes gets it before its server does.
func freePort(t testing.TB) string {
	t.Helper()
	portMu.Lock()
	defer portMu.Unlock()
	for range 1000 {
		if nextPort++; nextPort >= 32000 {
			nextPort = 10000
		}
		if free(nextPort) {
			return strconv.Itoa(nextPort)
		}
	}
	t.Fatal("no free port between 10000 and 32000")
	return ""
}

// free says whether a port is free. No process is started meanwhile: until it has become its program it has a copy of every
// descriptor, and the port would stay in use for as long after this has closed its own.
func free(port int) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	at := fmt.Sprintf(":%d", port)
	tcp, err := net.Listen("tcp", at)
	if err != nil {
		return false
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", at)
	if err != nil {
		return false
	}
	udp.Close()
	return true
}
