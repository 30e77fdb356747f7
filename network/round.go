package network

import "time"

// Probes are spread over the interval, so rounds have no natural beginning. One ends when every configured edge has had
// a turn since the one before ended; operators watch its age to see that probing goes on.

func (n *Network) beginRound() {
	n.mem.round++
	n.mem.left = len(n.mem.order)
	n.mem.roundBegan = time.Now()
}

// beginProbing begins the first round.
func (n *Network) beginProbing() {
	if n.probing {
		return
	}
	n.probing, n.started = true, time.Now()
	n.mem.roundBegan = n.started
	if n.waiting() {
		n.decideWithin(n.config.Timeout) // when enough pass by then, nothing need arrive for the decision to fall
	}
}

// roundTurn counts the turn of an edge.
func (n *Network) roundTurn(e *edge) {
	m := n.mem
	if !e.configured || e.canary || e.round == m.round {
		return
	}
	e.round = m.round
	if m.left--; m.left > 0 {
		return
	}
	m.lastRound, m.roundTook = n.now(), time.Since(m.roundBegan)
	m.roundOver = true
	n.decideWithin(gather) // those who are told that it is over see what came of it
	n.beginRound()
}
