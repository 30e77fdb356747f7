package page

import (
	"context"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// A site is what a page tells of, as the control API has it.
type site struct {
	version  string
	at       time.Time // when it was read
	networks []reading
}

// A reading is one network.
type reading struct {
	network  control.Network
	edges    []control.Edge
	canaries control.Canaries
	samples  map[track][]control.Sample // the latest of each edge and canary, the oldest first
	undrawn  string                     // why there are no samples, or empty
	changes  []control.Change           // the newest first
}

// A track is what has a history of its own: an edge in one family.
type track struct{ edge, family string }

// fresh is how old what is shown may be. However many look, the networks are asked no more often.
const fresh = time.Second

// A cache keeps the last site that was read for as long as it is fresh. While one reads the others wait for the same, so it
// is read to its end though who reads goes away: read has to bound its time itself.
type cache struct {
	read func(context.Context) (site, error)
	now  func() time.Time

	turn chan struct{} // held by who reads; a channel, so that waiting ends with the request
	mu   sync.Mutex
	last site
}

func newCache(read func(context.Context) (site, error), now func() time.Time) *cache {
	return &cache{read: read, now: now, turn: make(chan struct{}, 1)}
}

// get returns a site that is fresh, or an error when none is to be had before the context ends.
func (c *cache) get(ctx context.Context) (site, error) {
	if s, ok := c.kept(); ok {
		return s, nil
	}
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return site{}, context.Cause(ctx)
	}
	defer func() { <-c.turn }()
	if s, ok := c.kept(); ok {
		return s, nil // somebody else read it meanwhile
	}
	s, err := c.read(context.WithoutCancel(ctx))
	if err != nil {
		return site{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = s
	return s, nil
}

func (c *cache) kept() (site, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := c.now().Sub(c.last.at)
	return c.last, !c.last.at.IsZero() && age >= 0 && age < fresh
}
