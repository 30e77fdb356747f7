package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Between two rounds from cron nobody runs who could be asked, and operators have something to say all the same. It is taken
// down in the state, where the next round finds it: what is published, the set and its serials included, changes with that
// alone, so that files, commands and webhooks are told of one change and not of two halves of it.

// Offline is a network between two rounds, as the last one left it. It takes modes and freezes, and can be asked, as a running
// one; it neither probes nor resolves, nor does it publish, write or run anything beside its state. Outcomes of its changes are
// what the next round comes to if probes find what they found last: see Applied.Later.
type Offline struct {
	*Network
}

// interim is what a network has beside that is offline. It belongs to the network's goroutine once that runs.
type interim struct {
	change   bool           // else it is only looked at
	store    *state.Store   // nil unless there is something to change
	document state.Document // what the state holds, or is to begin with
	history  []state.Sample // imported
	changes  []state.Change // that are not handed to the store yet
}

// OpenOffline opens a network for who only asks, or previews, without a lock; or to change something, with the lock that keeps
// servers and rounds out until Close. What the Python edgemanage left is imported by a change that is the first of all, as
// by a first round. The error wraps state.ErrLocked when somebody else has the state. Of the options Prober and Resolver
// are not used.
func OpenOffline(c *config.Network, in *Inputs, o Options, change bool) (*Offline, error) {
	switch {
	case c.State == "":
		return nil, fmt.Errorf("opening network %s: it has no state, in which rounds find what was said", c.Name)
	case c.DryRun && change:
		return nil, fmt.Errorf("opening network %s: it is in dry_run, so nothing is written", c.Name)
	}
	o.Prober, o.Resolver = idle{}, idle{}
	n, err := New(c, in, o)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.interim = &interim{change: change}
	if err := n.open(nil); err != nil {
		return nil, err
	}
	n.read(context.Background())
	n.interim.store, n.mem.store = n.mem.store, nil // which nothing but what operators say is to reach
	if store := n.interim.store; store != nil && store.Err() != nil {
		defer store.Close()
		return nil, fmt.Errorf("opening network %s: nothing could be kept: %w", c.Name, store.Err())
	}
	n.takeIn()
	n.revisit()
	ctx, cancel := context.WithCancel(context.Background())
	n.ctx, n.cancel, n.stopped, n.commands = ctx, cancel, make(chan struct{}), make(chan command)
	go n.attend(ctx)
	return &Offline{n}, nil
}

// attend is the network's goroutine while it is offline.
func (n *Network) attend(ctx context.Context) {
	defer close(n.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-n.commands:
			c()
		}
	}
}

// Close ends it, and gives up the state after writing what is left, of which the error says what could not be.
func (o *Offline) Close() error {
	n := o.Network
	o.Stop()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.interim.store == nil {
		return nil
	}
	err := n.interim.store.Close()
	n.interim.store = nil
	return err
}

// revisit makes the Status: the set is what the last round published, and the verdicts are those of what is known now.
func (n *Network) revisit() {
	now := n.now()
	for _, e := range n.mem.order {
		for _, m := range e.members {
			if m == nil {
				continue
			}
			m.regrade(now, n.rules)
			if m.hist.Len() > 0 {
				m.probed = true
				if !e.tried {
					e.tried = true
					n.untried--
				}
			}
		}
	}
	for f, r := range n.mem.rotations {
		if served(n.config, Family(f)) {
			r.decision = selector.Select(n.input(Family(f), now), n.settings[f])
		}
	}
	n.decideCanaries()
	if once := n.mem.once; once != nil {
		n.mem.lastRound = once.At
	}
	n.snapshot.Store(n.frozen())
	n.status.Store(n.describe(now))
}

// foresee is a decision of a network that is offline: it shows what the next round comes to, and is not obeyed. What
// operators said is saved.
func (n *Network) foresee(now time.Time) {
	n.decideFamilies(now)
	n.save()
}

// saveInterim has the state written as it was but for what operators said.
func (n *Network) saveInterim() *state.Pending {
	i := n.interim
	if i.store == nil {
		return nil
	}
	i.document.Modes, i.document.Freeze, i.document.ModesLost = n.mem.savedModes(), n.mem.freeze.saved(), n.mem.modesLost
	i.store.AddHistory(i.history)
	for _, c := range i.changes {
		i.store.AddChange(c)
	}
	i.history, i.changes = nil, nil
	n.pending = i.store.Save(i.document)
	return n.pending
}

// errLooking is the error of a change where the state was opened to look at it.
var errLooking = errors.New("its state is open for reading alone")

// looking says whether what operators say cannot be taken down.
func (n *Network) looking() bool { return n.interim != nil && n.interim.store == nil }

// mute says whether nobody but the observer is told, and nothing is written beside the state.
func (n *Network) mute() bool { return n.config.DryRun || n.interim != nil }
