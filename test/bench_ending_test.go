//go:build e2e && bench

package test

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/miekg/dns"
)

// ending ends a server that serves a farm, in several ways.
type ending struct {
	t      *testing.T
	farm   *farm
	s      *server
	client *control.Client
	apex   string // a zone

	out string // the edge that is unavailable, empty without one
}

// end ends the server and returns what it may begin with: whether a set is one that stood, by what its clients know.
func (e *ending) end(how string) (right func(set []string) bool) {
	e.t.Helper()
	set := e.set()
	switch how {
	case "a stop":
		e.s.stop()
	case "kill -9 in the first seconds":
		<-time.After(rand.N(2 * time.Second))
		e.s.kill()
	case "kill -9 when a round is over":
		eventually(e.t, 2*time.Minute, "a round", e.farm.allProbed)
		<-time.After(rand.N(2 * time.Second))
		set = e.set() // the decision after the round may have changed it
		e.s.kill()
	case "kill -9 while a set is written":
		return e.killWriting()
	default:
		e.t.Fatalf("no way to end a server: %q", how)
	}
	return func(got []string) bool { return slices.Equal(got, set) }
}

func (e *ending) set() []string {
	e.t.Helper()
	set, _ := sees(e.t, patience, "the set", func() []string { return e.s.set(e.apex, dns.TypeA) }, func(set []string) bool { return len(set) == 4 })
	return set
}

// killWriting has an operator take a live edge out, and kills the server a moment after it was asked to: before the state is
// written, in the midst of it, or soon after. The set from before may stand then, or that without the edge, in whose place
// another one may be; once the operator has been told that it is saved, only the latter.
func (e *ending) killWriting() (right func(set []string) bool) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	if e.out != "" {
		if _, err := e.client.SetMode(ctx, control.ModeRequest{Edge: e.out, Mode: "available"}); err != nil {
			e.t.Fatal(err)
		}
	}
	set := e.set()
	victim := set[0]
	i := slices.IndexFunc(e.farm.edges, func(addr netip.Addr) bool { return addr.String() == victim })
	if i < 0 {
		e.t.Fatalf("%s is no edge's address", victim)
	}
	e.out = edgeName(i)
	kill := time.AfterFunc(rand.N(60*time.Millisecond), func() { e.s.signal(syscall.SIGKILL) })
	defer kill.Stop()
	applied, err := e.client.SetMode(ctx, control.ModeRequest{Edge: e.out, Mode: "unavailable", Comment: "taken out"})
	<-e.s.exited
	return func(got []string) bool {
		if slices.Equal(got, set) {
			return err != nil || !applied.Saved
		}
		shows := func(addr string) bool { return slices.Contains(got, addr) }
		return len(got) <= len(set) && !shows(victim) && !slices.ContainsFunc(set[1:], func(addr string) bool { return !shows(addr) })
	}
}
