package network

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// vigil is a probe of a live edge or a canary, and when to look after it.
type vigil struct {
	edge      *edge
	family    Family
	began, at time.Time
}

// keepVigil is to be told of a probe that begins. When it lasts long some others are probed too: their answers show whether it
// is the edge or the way by the time it ends. It is no occasion for that when the probe itself was made out of turn: when all
// are slow, as in an attack, there would be no end of it.
func (n *Network) keepVigil(e *edge, f Family) {
	if n.single != nil || e.urged || !n.matters(e, f) || !e.members[f].grade.Passing() {
		return
	}
	now := time.Now()
	e.members[f].launched = now
	n.vigils = append(n.vigils, vigil{e, f, now, now.Add(n.config.Timeout * 3 / 4)})
}

// keepVigils finds the probes that last long.
func (n *Network) keepVigils(now time.Time) {
	for len(n.vigils) > 0 && !now.Before(n.vigils[0].at) {
		v := n.vigils[0]
		n.vigils = n.vigils[1:]
		c, m := &n.mem.contacts[v.family], v.edge.members[v.family]
		if v.edge.pending > 0 && m != nil && m.launched.Equal(v.began) && c.heard.Before(v.began.Add(n.config.Timeout/2)) && !c.lost {
			// Who was asked within the timeout has answered, or is silent itself.
			n.askWitnesses(v.family, now, n.config.Timeout)
		}
	}
}

// seekContact has others probed while failures are in doubt, and finds when nobody answers.
func (n *Network) seekContact() {
	now := time.Now()
	n.keepVigils(now)
	for f := range n.mem.contacts {
		c := &n.mem.contacts[f]
		for e := range c.doubts {
			if !n.matters(e, Family(f)) {
				n.believe(e, Family(f))
			}
		}
		if c.waits() && !now.Before(c.ask) {
			c.ask = now.Add(askAgain)
			n.askWitnesses(Family(f), now, 0)
		}
		// Who answers wrongly ends it too, when nobody is left who is silent.
		c.lost = c.lost && (len(c.doubts) > 0 || !n.answers(Family(f)))
		if len(c.doubts) == 0 && !c.lost && c.told {
			c.told = false
			n.tellContact(ContactChanged{Family: Family(f), Text: "edges answer again"})
		}
	}
}

// answers says whether anything came back from an edge by its last probe.
func (n *Network) answers(f Family) bool {
	for _, e := range n.mem.edges {
		if m := e.members[f]; e.configured && m != nil && m.hist.Len() > 0 && !silent(m.last) {
			return true
		}
	}
	return false
}

// askWitnesses has some edges probed that passed: those that are not live first, since what hits the live ones may spare
// them, and of these the last to pass. Who was asked lately is not asked again.
func (n *Network) askWitnesses(f Family, now time.Time, lately time.Duration) {
	c, r := &n.mem.contacts[f], n.mem.rotations[f]
	type witness struct {
		*edge
		live bool
		last time.Time
	}
	var all []witness
	passing := 0
	for _, e := range n.mem.edges {
		m := e.members[f]
		switch {
		case !e.configured || m == nil || !m.probe.IsValid():
			continue
		case m.doubtful:
			// Believed or not, fall is not reached; or it answers, and only rise is not.
			if last, _ := m.hist.Last(); !last.Failed || m.hist.Grade(n.now(), n.rules).Passing() {
				passing++
			}
			continue
		}
		last, ok := m.hist.Last()
		if m.regrade(n.now(), n.rules); !ok || last.Failed && !m.grade.Passing() {
			continue // one that fails without having reached fall may come in yet
		}
		if passing++; !e.busy() && now.Sub(e.asked) >= lately {
			all = append(all, witness{e, r.isLive(e.name), last.At})
		}
	}
	if passing == 0 {
		n.lose(f)
	}
	overdue := func(d doubt) bool { return now.Sub(d.ended) >= quiet }
	if c.lost || slices.ContainsFunc(slices.Collect(maps.Values(c.doubts)), overdue) {
		n.tellLost(f)
	}
	slices.SortFunc(all, func(a, b witness) int {
		switch {
		case a.live != b.live && a.live:
			return 1
		case a.live != b.live:
			return -1
		}
		return cmp.Or(b.last.Compare(a.last), strings.Compare(a.name, b.name))
	})
	for _, w := range all[:min(witnesses, len(all))] {
		w.asked = now
		n.hurry(w.edge)
	}
}

// waits says whether there is somebody to be asked.
func (c *contact) waits() bool {
	for _, d := range c.doubts {
		if !d.stale {
			return !c.lost
		}
	}
	return false
}

// hurry has an edge probed at once, or once more when its turn is over that is running.
func (n *Network) hurry(e *edge) {
	if e.index < 0 {
		e.again = true
		return
	}
	e.due, e.hurried = time.Now(), true
	n.schedule.move(e)
}
