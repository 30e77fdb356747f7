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

// keepVigil is to be told of a probe that begins. When it lasts long others are probed too: their answers show whether it is
// the edge or the way, by the time it ends.
func (n *Network) keepVigil(e *edge, f Family) {
	if n.single == nil && n.matters(e, f) && e.members[f].grade.Passing() {
		now := time.Now()
		e.members[f].launched = now
		n.vigils = append(n.vigils, vigil{e, f, now, now.Add(n.config.Timeout / 2)})
	}
}

// keepVigils finds the probes that last long.
func (n *Network) keepVigils(now time.Time) {
	for len(n.vigils) > 0 && !now.Before(n.vigils[0].at) {
		v := n.vigils[0]
		n.vigils = n.vigils[1:]
		c, m := &n.mem.contacts[v.family], v.edge.members[v.family]
		if v.edge.pending == 0 || m == nil || !m.launched.Equal(v.began) || !c.heard.Before(v.began) {
			continue
		}
		if c.uneasy == nil {
			c.uneasy = map[*edge]time.Time{}
		}
		if len(c.uneasy) == 0 && c.ask.Before(now) {
			c.ask = now
		}
		c.uneasy[v.edge] = v.began
	}
}

// atEase ends the vigil of a probe that is over.
func (n *Network) atEase(e *edge, f Family) {
	delete(n.mem.contacts[f].uneasy, e)
	if m := e.members[f]; m != nil {
		m.launched = time.Time{}
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
			n.askWitnesses(Family(f), now)
		}
		if len(c.doubts) == 0 && !c.lost && c.told {
			c.told = false
			n.tellContact(ContactChanged{Family: Family(f), Text: "edges answer again"})
		}
	}
}

// askWitnesses has some edges probed that passed: those that are not live first, since what hits the live ones may spare
// them, and of these the last to pass.
func (n *Network) askWitnesses(f Family, now time.Time) {
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
			if m.hist.Grade(n.now(), n.rules).Passing() {
				passing++ // believed or not, fall is not reached
			}
			continue
		}
		last, ok := m.hist.Last()
		if m.regrade(n.now(), n.rules); !ok || last.Failed && !m.grade.Passing() {
			continue // one that fails without having reached fall may come in yet
		}
		if passing++; !e.busy() {
			all = append(all, witness{e, r.isLive(e.name), last.At})
		}
	}
	if passing == 0 {
		n.lose(f)
	}
	overdue := func(d doubt) bool { return now.Sub(d.ended) >= quiet }
	if !c.told && (c.lost || slices.ContainsFunc(slices.Collect(maps.Values(c.doubts)), overdue)) {
		c.told = true
		n.tellContact(ContactChanged{Family: f, Lost: true, Text: c.String()})
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
		n.hurry(w.edge)
	}
}

// waits says whether there is somebody to be asked.
func (c *contact) waits() bool {
	if len(c.uneasy) > 0 {
		return !c.lost
	}
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
