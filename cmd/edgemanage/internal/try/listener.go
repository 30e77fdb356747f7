package try

import (
	"sync"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// A Listener keeps what a network tells of a round: the probes, and what its operator should mend.
type Listener struct {
	mu       sync.Mutex
	probes   map[probed]network.Probed
	warnings []string
}

type probed struct {
	edge   string
	family network.Family
}

// NewListener returns one that has heard nothing.
func NewListener() *Listener { return &Listener{probes: map[probed]network.Probed{}} }

// Observe implements network.Observer.
func (l *Listener) Observe(_ string, e network.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := e.(type) {
	case network.Probed:
		l.probes[probed{e.Edge, e.Family}] = e
	case network.Warning:
		l.warnings = append(l.warnings, e.Text)
	}
}
