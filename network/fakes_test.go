package network

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// behaviour is how one address answers probes.
type behaviour struct {
	took    time.Duration
	outcome prober.Outcome // OK when zero
}

// fakeProber answers as it is told, and remembers when each address was probed.
type fakeProber struct {
	mu      sync.Mutex
	edges   map[netip.Addr]behaviour
	begun   map[netip.Addr][]time.Time
	active  map[netip.Addr]int
	running int
	most    int  // probes that ran at one time
	twice   bool // an address was probed twice at one time
	object  *prober.Object
}

// fast is how an address answers that nothing was said of.
const fast = 100 * time.Millisecond

func newFakeProber() *fakeProber {
	return &fakeProber{edges: map[netip.Addr]behaviour{}, begun: map[netip.Addr][]time.Time{}, active: map[netip.Addr]int{}}
}

func (p *fakeProber) Expect(o *prober.Object) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.object = o
}

func (p *fakeProber) Probe(ctx context.Context, addr netip.Addr) prober.Result {
	p.mu.Lock()
	b, told := p.edges[addr]
	if !told {
		b.took = fast
	}
	if b.outcome == 0 {
		b.outcome = prober.OK
	}
	start := time.Now()
	p.begun[addr] = append(p.begun[addr], start)
	p.active[addr]++
	p.running++
	p.most = max(p.most, p.running)
	p.twice = p.twice || p.active[addr] > 1
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.active[addr]--
		p.running--
	}()
	r := prober.Result{Addr: addr, At: start, Outcome: b.outcome, Took: b.took, Attempts: 1}
	if b.outcome != prober.OK {
		r.Err = fmt.Errorf("told to be %s", b.outcome)
	}
	r.Cancelled = !pass(ctx, b.took)
	return r
}

// set tells how addresses answer from now on.
func (p *fakeProber) set(b behaviour, addrs ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range addrs {
		p.edges[netip.MustParseAddr(a)] = b
	}
}

// probes returns when an address was probed.
func (p *fakeProber) probes(addr string) []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.begun[netip.MustParseAddr(addr)])
}

// overlapped says whether two probes of one address ran at one time.
func (p *fakeProber) overlapped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.twice
}

// peak is how many probes ran at one time.
func (p *fakeProber) peak() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// fakeResolver answers from a table.
type fakeResolver struct {
	mu    sync.Mutex
	names map[string]prober.Resolution
	slow  map[string]time.Duration
	asked map[string]int
}

func newFakeResolver() *fakeResolver {
	return &fakeResolver{names: map[string]prober.Resolution{}, slow: map[string]time.Duration{}, asked: map[string]int{}}
}

func (r *fakeResolver) Resolve(ctx context.Context, host string) prober.Resolution {
	r.mu.Lock()
	answer, ok := r.names[host]
	slow := r.slow[host]
	r.asked[host]++
	r.mu.Unlock()
	if !pass(ctx, slow) {
		return prober.Resolution{Took: slow, Err: ctx.Err()}
	}
	if !ok {
		return prober.Resolution{Took: slow, Err: errors.New("no such host")}
	}
	answer.Took = slow
	return answer
}

// set makes a name resolve to addresses; to none makes it unknown.
func (r *fakeResolver) set(name string, addrs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(addrs) == 0 {
		delete(r.names, name)
		return
	}
	var answer prober.Resolution
	for _, a := range addrs {
		switch addr := netip.MustParseAddr(a); {
		case addr.Is4() && answer.V4.IsValid():
			answer.Several4 = true
		case addr.Is4():
			answer.V4 = addr
		case answer.V6.IsValid():
			answer.Several6 = true
		default:
			answer.V6 = addr
		}
	}
	r.names[name] = answer
}

// delay makes the resolver slow for a name.
func (r *fakeResolver) delay(name string, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slow[name] = d
}

// pass lets d pass, unless the context ends before.
func pass(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// recorder keeps what the network tells.
type recorder struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorder) Observe(_ string, e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// heard returns the events of one type.
func heard[E Event](r *recorder) []E {
	r.mu.Lock()
	defer r.mu.Unlock()
	var events []E
	for _, e := range r.events {
		if e, ok := e.(E); ok {
			events = append(events, e)
		}
	}
	return events
}

// modesTold are the changes of modes that were told, one by one.
func modesTold(r *recorder) (changes []ModeChanged) {
	for _, e := range heard[ModesChanged](r) {
		changes = append(changes, e.Changes...)
	}
	return changes
}

// canariesTold are the changes of canaries that were told, one by one.
func canariesTold(r *recorder) (changes []CanaryChanged) {
	for _, e := range heard[CanariesChanged](r) {
		changes = append(changes, e.Changes...)
	}
	return changes
}

func parseAddrs(texts ...string) (addrs []netip.Addr) {
	for _, t := range texts {
		addrs = append(addrs, netip.MustParseAddr(t))
	}
	return addrs
}
