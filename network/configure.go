package network

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// take makes new inputs the ones worked from.
func (n *Network) take(in *Inputs) {
	n.inputs = in
	for _, note := range in.Notes {
		n.tell(Note{note})
	}
	n.expect(in.Object)
	n.configure(in)
	n.dirty = true // the lists and the object's digest are part of the state, whether or not a set changes
}

// configure takes up edge lists: edges are added, removed and given their addresses; a new one is probed at once, one
// that stays keeps its place in the schedule.
func (n *Network) configure(in *Inputs) {
	mem := n.mem
	mem.lists = in.lists
	gone := maps.Clone(mem.edges)
	mem.order = mem.order[:0:0]
	now := n.now()
	for i, c := range in.Edges {
		delete(gone, c.Name)
		if e := mem.edges[c.Name]; e != nil && !e.configured && !e.due.IsZero() && !mem.keeps(e, now) {
			delete(mem.edges, c.Name)
		}
		e := mem.edge(c.Name)
		e.canary = false
		known := !e.due.IsZero() && e.configured
		news := e.configure(c, i, func(f Family) bool { return served(n.config, f) }, n.config.History)
		mem.order = append(mem.order, e)
		n.enrol(e, known && !news)
	}
	slices.SortFunc(mem.order, func(a, b *edge) int { return strings.Compare(a.name, b.name) })
	mem.allot()
	n.enrolCanaries(in, gone)
	for _, e := range gone {
		if e.configured {
			n.dismiss(e)
		}
	}
	mem.forget(now)
	n.countUntried()
	addresses := 0
	for _, e := range mem.order {
		addresses += max(1, len(e.pins))
	}
	addresses += len(mem.canaries)
	c := n.config
	n.workers = config.EffectiveWorkers(c.Workers, addresses, c.Timeout, c.Interval)
	if w := config.WorkersWarning(c.Workers, addresses, c.Timeout, c.Interval); w != "" && n.single == nil && n.interim == nil {
		n.tell(Warning{w})
	}
	if mem.store != nil {
		mem.store.SetEdges(addresses)
	}
	n.beginRound()
}

// enrol puts an edge into the schedule: at its old place when it has one, else at once.
func (n *Network) enrol(e *edge, keep bool) {
	now := time.Now()
	e.hurried = false // it may be due later now
	if !keep {
		e.due = now
	} else if latest := now.Add(n.config.Interval); e.due.After(latest) {
		e.due = nextTurn(e.name, now, n.config.Interval) // the interval became shorter
	}
	switch {
	case e.busy():
		e.again = !keep
	case e.index >= 0:
		n.schedule.move(e)
	default:
		n.schedule.add(e)
	}
}

// dismiss takes an edge out: it is no candidate any more, and not probed. Its history stays for keepGone.
func (n *Network) dismiss(e *edge) {
	e.configured, e.tried, e.again, e.canary = false, false, false, false
	if e.index >= 0 {
		n.schedule.drop(e)
	}
}

func (n *Network) countUntried() {
	n.untried = 0
	for _, e := range n.mem.order {
		if !e.tried {
			n.untried++
		}
	}
}
