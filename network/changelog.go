package network

import (
	"slices"
	"sync"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// maxChanges is how many changes are kept in memory: those that the state keeps in its two files.
const maxChanges = 2000

// changelog holds the last changes, for whoever asks what happened: it needs no disk, and outlives reloads with the memory.
// It may be used from any goroutine.
type changelog struct {
	mu   sync.RWMutex
	ring []state.Change // the oldest is at next once it is full
	next int
}

// newChangelog returns one with changes in it, the newest first, as the state gives them.
func newChangelog(changes []state.Change) *changelog {
	l := &changelog{}
	for _, c := range slices.Backward(changes[:min(len(changes), maxChanges)]) {
		l.add(c)
	}
	return l
}

// add makes c the newest change.
func (l *changelog) add(c state.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < maxChanges {
		l.ring = append(l.ring, c)
		return
	}
	l.ring[l.next] = c
	l.next = (l.next + 1) % maxChanges
}

// last returns the newest changes, the newest first, at most limit of them.
func (l *changelog) last(limit int) []state.Change {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := len(l.ring)
	out := make([]state.Change, 0, max(0, min(limit, n)))
	for i := 1; i <= n && len(out) < limit; i++ {
		out = append(out, l.ring[(l.next+n-i)%n])
	}
	return out
}

// Changes returns the last changes of sets, rungs, modes, canaries and of the freeze, the newest first, at most limit of
// them. At least the last 1,000 are kept, those that the state had at the start among them. It reads no disk, and also
// answers while the network is stopped. What the changes hold must not be changed.
func (n *Network) Changes(limit int) []state.Change {
	if l := n.changes.Load(); l != nil {
		return l.last(limit)
	}
	return nil
}
