package network

import (
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// contactAtStart has the edges of a saved set stay whose last probe before the start was silent, until they have been probed:
// whether that was believed is not known any more.
func (n *Network) contactAtStart() {
	if n.mem.recalled {
		return
	}
	n.mem.recalled = true
	for f := range n.mem.contacts {
		c := &n.mem.contacts[f]
		c.told = n.wasOutOfContact(Family(f))
		known, answered := false, false
		for _, e := range n.mem.edges {
			m := e.members[f]
			if !e.configured || m == nil || m.hist.Len() == 0 {
				continue
			}
			known, answered = true, answered || !silent(m.last)
			if silent(m.last) && m.grade == history.Fail && n.matters(e, Family(f)) {
				n.doubt(e, Family(f), doubt{grade: history.PassThreshold, average: m.average, stale: true})
			}
		}
		if known && !answered {
			n.lose(Family(f))
			n.tellLost(Family(f))
		}
	}
}

// wasOutOfContact says whether the end of a time without contact is still to be recorded.
func (n *Network) wasOutOfContact(f Family) bool {
	for _, c := range n.Changes(maxChanges) {
		if c.Kind == "contact" && c.Family == f.String() {
			return slices.Equal(c.After, []string{noContact})
		}
	}
	return false
}
