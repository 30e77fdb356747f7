package control

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// asking is how the goroutines of networks, which have decisions to take, are asked for what concerns all their edges.
type asking interface {
	explain(ctx context.Context, n *network.Network, pattern string) ([]network.Explanation, error)
	recent(ctx context.Context, n *network.Network, most int) ([]network.Series, error)
}

// directly is for operators, who want to see what they changed a moment ago.
type directly struct{}

func (directly) explain(ctx context.Context, n *network.Network, pattern string) ([]network.Explanation, error) {
	return n.Explain(ctx, pattern)
}

func (directly) recent(ctx context.Context, n *network.Network, most int) ([]network.Series, error) {
	return n.Recent(ctx, most)
}

// sparingly is for whoever reaches a TCP address: however many ask, and for whatever edges, a network is asked about once a
// second. What it is asked for is always all of it, in two sizes for samples, and the rest is left out here.
type sparingly struct {
	explained *memo[[]network.Explanation]
	sampled   *memo[[]network.Series]
}

func newSparingly() *sparingly {
	return &sparingly{newMemo[[]network.Explanation](), newMemo[[]network.Series]()}
}

// everything is the pattern of all edges, those included that are in no list and have a mode.
const everything = "*"

func (s *sparingly) explain(ctx context.Context, n *network.Network, pattern string) ([]network.Explanation, error) {
	all, err := s.explained.get(ctx, question{n, 0}, func() ([]network.Explanation, error) {
		e, err := n.Explain(ctx, everything)
		if errors.Is(err, network.ErrNoMatch) {
			err = nil // there are no edges
		}
		return e, err
	})
	if err != nil {
		return nil, err
	}
	var some []network.Explanation
	for _, e := range all {
		switch match, _ := path.Match(pattern, e.Name); {
		case pattern == "" && (e.Verdict.Rule != selector.RuleRemoved || e.Samples > 0 || e.Addr.IsValid()):
			some = append(some, e)
		case pattern != "" && match:
			some = append(some, e)
		}
	}
	if pattern != "" && len(some) == 0 {
		return nil, fmt.Errorf("explaining edges: %q: %w", pattern, network.ErrNoMatch)
	}
	return some, nil
}

func (s *sparingly) recent(ctx context.Context, n *network.Network, most int) ([]network.Series, error) {
	asked := maxRecentAsked
	if most <= someRecent {
		asked = someRecent
	}
	all, err := s.sampled.get(ctx, question{n, asked}, func() ([]network.Series, error) { return n.Recent(ctx, asked) })
	if err != nil {
		return nil, err
	}
	some := slices.Clone(all)
	for i := range some {
		samples := some[i].Samples
		some[i].Samples = samples[max(0, len(samples)-most):]
	}
	return some, nil
}

// fresh is how long an answer of a network is good for.
const fresh = time.Second

type question struct {
	network *network.Network
	most    int
}

// A memo keeps answers for as long as they are fresh, and no longer: they may be large.
type memo[T any] struct {
	turn    chan struct{} // held by who asks; the others wait for the answer, and no longer than they want to
	mu      sync.Mutex
	answers map[question]T
}

func newMemo[T any]() *memo[T] {
	return &memo[T]{turn: make(chan struct{}, 1), answers: map[question]T{}}
}

func (m *memo[T]) get(ctx context.Context, q question, ask func() (T, error)) (answer T, err error) {
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	}
	defer func() { <-m.turn }()
	if kept, ok := m.kept(q); ok {
		return kept, nil
	}
	if answer, err = ask(); err != nil {
		return answer, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[q] = answer
	time.AfterFunc(fresh, func() { m.forget(q) })
	return answer, nil
}

func (m *memo[T]) kept(q question) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.answers[q]
	return a, ok
}

func (m *memo[T]) forget(q question) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.answers, q)
}
