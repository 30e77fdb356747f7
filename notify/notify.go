// Package notify tells secondaries that zones have changed, by DNS NOTIFY (RFC 1996) over UDP.
//
// Each secondary has a queue of its own, so one that is dead delays none of the others. A queue knows each zone once: a
// change of a zone that is still waiting to be sent is told by the same message, and one that comes while the message is
// under way sends another after it. At most 32 messages wait for a secondary's answer at a time, which is what keeps
// 10,000 zones from overflowing its socket buffer; the sockets are as few, and closed when nothing is left to send.
//
// A message counts as acknowledged when the secondary answers NOERROR within 5 s. Else the zone is told again 5 s, 30 s
// and 5 min after each failure, and given up after the last; a newer change of the zone starts afresh. A secondary that
// lost a message still finds the change by the refresh timer of the SOA.
//
// Each message in a row that gets no answer at all, not even a refusal, takes one from the 32, and the next answer gives
// them back. A secondary that has left 32 in a row unanswered is silent: it is sent one message at a time, of a zone drawn
// at random from those that are due, until it answers anything. As long as that message fails, so do those due with it,
// unsent: each zone keeps the times above, a thousand of them cost one message in 5 s, and nothing piles up. The first
// answer ends the silence, and every zone that failed by it is told at once.
//
// The package does not log, and keeps nothing on disk. Its goroutines are the Notifier's, and Close waits for them.
package notify

import (
	"context"
	"net/netip"
	"sync"
)

// Options is what a Notifier is made with.
type Options struct {
	// After, unless nil, is closed when what is queued may be sent. A secondary that is told before the primary listens
	// acknowledges the message, finds nobody to ask, and waits for its own timers.
	After <-chan struct{}
	// Observe is told of every try's end. It is called from the package's goroutines, of different zones and addresses at
	// the same time, and must neither block nor call Close. It may be nil.
	Observe func(Event)
}

// Event is the end of one try to tell one secondary of one zone. What Configure or Close cuts short is no event.
type Event struct {
	Address netip.AddrPort
	Zone    string // as it was given to Notify
	Err     error  // nil: acknowledged
	GaveUp  bool   // this was the last try for this change
}

// Notifier sends NOTIFYs to any number of secondaries. Its methods may be called at the same time.
type Notifier struct {
	after   <-chan struct{}
	observe func(Event)
	open    func(netip.AddrPort) line

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	queues sync.WaitGroup // counts the queues that run, also those that were dropped

	mu     sync.Mutex
	closed bool
	active map[netip.AddrPort]*queue
}

// New returns a Notifier without a secondary.
func New(o Options) *Notifier { return newNotifier(o, openUDP) }

func newNotifier(o Options, open func(netip.AddrPort) line) *Notifier {
	n := &Notifier{after: o.After, observe: o.Observe, open: open, active: make(map[netip.AddrPort]*queue)}
	if n.observe == nil {
		n.observe = func(Event) {}
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

// Configure sets the secondaries. The queue of an address that stays goes on as it is, an address that is new begins with
// an empty one, and what was queued for an address that is gone is dropped. It does not wait, and after Close it does
// nothing.
func (n *Notifier) Configure(addresses []netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	active := make(map[netip.AddrPort]*queue, len(addresses))
	for _, a := range addresses {
		if active[a] != nil {
			continue
		}
		q := n.active[a]
		if q == nil {
			q = newQueue(n.ctx, a, n.open, n.observe)
			q.after = n.after
			n.queues.Go(q.run)
		}
		active[a] = q
	}
	for a, q := range n.active {
		if active[a] == nil {
			q.cancel()
		}
	}
	n.active = active
}

// Notify tells every secondary that the zones have changed. It never blocks. Zones are told in the order given, those
// that are queued already keep their place.
//
// Serial gives the serial of a zone's SOA, which goes into the message as a hint (RFC 1996, section 3.7): a secondary that
// has it need not ask. It is called from the package's goroutines when the message is sent, for each try again, so that
// the hint is never older than the zone; it must not block. Where it gives 0, and where it is nil, there is no hint.
func (n *Notifier) Notify(zones []string, serial func(zone string) uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, q := range n.active {
		q.add(zones, serial)
	}
}

// Pending returns how many zones each secondary is yet to acknowledge: those to be sent, those under way and those to be
// sent again. Zones that were given up are not among them.
func (n *Notifier) Pending() map[netip.AddrPort]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	pending := make(map[netip.AddrPort]int, len(n.active))
	for a, q := range n.active {
		pending[a] = q.pending()
	}
	return pending
}

// Close drops what is queued and waits until nothing of the Notifier runs. Closing again does nothing.
func (n *Notifier) Close() {
	n.mu.Lock()
	n.closed = true
	clear(n.active)
	n.mu.Unlock()
	n.cancel()
	n.queues.Wait()
}
