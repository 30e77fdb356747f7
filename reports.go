package edgemanage

import (
	"net/netip"
	"sync"
	"time"
)

// sayAgain is how often it is logged that a secondary or a webhook fails: one that is dead fails for every change.
const sayAgain = time.Minute

// reports remembers when something was last said of what.
type reports[What comparable] struct {
	mu   sync.Mutex
	said map[What]time.Time
}

func newReports[What comparable]() *reports[What] { return &reports[What]{said: map[What]time.Time{}} }

// givenUp are the secondaries that were given up.
var givenUp = newReports[netip.AddrPort]()

// due says whether it is time to say something, and takes it as said.
func (r *reports[What]) due(of What) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if last, said := r.said[of]; said && now.Sub(last) < sayAgain {
		return false
	}
	r.said[of] = now
	return true
}
