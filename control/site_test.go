package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// patience bounds every wait of a test; nothing takes nearly as long.
const patience = 30 * time.Second

// fakeProber answers at once: as it is told of an address, else well.
type fakeProber struct {
	mu       sync.Mutex
	outcomes map[netip.Addr]prober.Outcome
}

func (*fakeProber) Expect(*prober.Object) {}

func (p *fakeProber) Probe(_ context.Context, a netip.Addr) prober.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := prober.Result{Addr: a, At: time.Now(), Took: 100 * time.Millisecond, Outcome: prober.OK, Attempts: 1}
	if o, told := p.outcomes[a]; told {
		r.Outcome, r.Err = o, errors.New("told to be "+o.String())
	}
	return r
}

// fakeResolver knows no name.
type fakeResolver struct{}

func (fakeResolver) Resolve(context.Context, string) prober.Resolution {
	return prober.Resolution{Err: errors.New("no such host")}
}

// source is a fixed list of networks.
type source []*network.Network

func (s source) Networks() []*network.Network { return s }
func (source) Version() string                { return "1.2.3" }

// configure returns the configuration of a network whose edges are the lines of an edge list.
func configure(t testing.TB, name string, lines ...string) *config.Network {
	t.Helper()
	c := &config.Network{
		Name: name, NS: []string{"ns1.example.net."}, MName: "ns1.example.net.",
		Timers: config.SOATimers{Refresh: 300, Retry: 300, Expire: 1209600, Minimum: 60}, TTL: 60,
		EdgeCount: 2, Keep: "better", MaxChanges: 10, MaxChangesPer: 10 * time.Minute, Fall: 1, Rise: 1,
		Interval: time.Minute, Timeout: 10 * time.Second, GoodEnough: 700 * time.Millisecond, Window: 5 * time.Minute,
		History: 100, Families: config.IPv4, CanaryKiller: 6,
	}
	edges, _, err := config.ParseEdges("edges", []byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range edges {
		c.Sources = append(c.Sources, config.Source{Edge: e})
	}
	return c
}

// three are the edges of most tests. The last fails.
var three = []string{"a.example.net 192.0.2.1", "b.example.net 192.0.2.2", "c.example.net 192.0.2.3"}

// start runs a network until the test ends. It returns when the first set is decided.
func start(t testing.TB, c *config.Network) *network.Network {
	t.Helper()
	in, err := network.ReadInputs(c)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.New(c, in, network.Options{
		Prober:   &fakeProber{outcomes: map[netip.Addr]prober.Outcome{netip.MustParseAddr("192.0.2.3"): prober.Refused}},
		Resolver: fakeResolver{}, Zones: []string{"example.org."},
	})
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
	await(t, "the first set", func() bool {
		s := n.Status()
		return s.Ready && !s.LastRound.IsZero()
	})
	return n
}

// site runs one network with a state directory and the usual edges.
func site(t testing.TB) *network.Network {
	t.Helper()
	c := configure(t, "net", three...)
	c.State = t.TempDir()
	return start(t, c)
}

// await waits for a condition.
func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("waiting for %s: it did not come about in %s", what, patience)
		}
	}
}

// socketPath returns a path short enough for a socket, in a directory of the test's own.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "control")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "control.sock")
}

// serve runs a server of networks until the test ends, and returns it with its socket.
func serve(t testing.TB, networks ...*network.Network) (s *Server, socket string) {
	t.Helper()
	return serveAs(t, func(*Server) {}, networks...)
}

// serveAs is serve with a server that is set otherwise before it begins.
func serveAs(t testing.TB, set func(*Server), networks ...*network.Network) (s *Server, socket string) {
	t.Helper()
	socket = socketPath(t)
	l, err := Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	s = NewServer(source(networks))
	set(s)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return s, socket
}

// connect opens a connection that ends with the test.
func connect(t testing.TB, socket string) *net.UnixConn {
	t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// many makes lines of an edge list.
func many(n int) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf("edge%d.example.net 10.0.%d.%d", i, i/250, i%250+1))
	}
	return lines
}
