package network

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// picture is what is told of when it changes.
type picture struct {
	names     []string
	published LiveSet
	rung      selector.Rung
	decided   bool
	held      int
	warnings  []string
}

func (n *Network) picture(f Family) picture {
	r := n.mem.rotations[f]
	return picture{slices.Clone(r.names), r.published, r.rung, r.decided, r.held, r.decision.Warnings}
}

// compare tells what a decision changed in a rotation.
func (n *Network) compare(f Family, before picture, now time.Time) (changed bool, events []Event) {
	r := n.mem.rotations[f]
	changed = !before.published.equal(r.published)
	if changed {
		r.since = now
	}
	if len(before.published.Addrs) == 0 && r.published.Coverage == Empty {
		return changed, nil // a family that nobody uses is no news
	}
	if changed {
		events = append(events, n.setChanged(f, before))
	}
	if r.decided && (before.rung != r.rung || !before.decided) {
		events = append(events, RungChanged{
			Family: f, Before: before.rung, After: r.rung, Text: n.rungText(f),
		})
	}
	for _, w := range r.decision.Warnings {
		if !slices.Contains(before.warnings, w) {
			events = append(events, Warning{f.String() + ": " + w})
		}
	}
	r.held = r.decision.Held
	if r.held > before.held {
		events = append(events, Held{Family: f, Count: r.held - before.held})
	}
	return changed, events
}

// setChanged says who entered and left what is published, and why.
func (n *Network) setChanged(f Family, before picture) SetChanged {
	r := n.mem.rotations[f]
	c := SetChanged{Family: f, Before: before.names, After: slices.Clone(r.names), Rung: r.rung.String(), Reasons: map[string]int{}}
	var parts []string
	for _, name := range before.names {
		if !slices.Contains(r.names, name) {
			reason, text := n.left(f, name, before.rung)
			c.Reasons[reason]++
			c.Left = append(c.Left, Move{name, text})
			parts = append(parts, name+" left ("+text+")")
		}
	}
	for _, name := range r.names {
		if !slices.Contains(before.names, name) {
			reason, text := n.entered(f, name)
			c.Reasons[reason]++
			c.Entered = append(c.Entered, Move{name, text})
			parts = append(parts, name+" entered ("+text+")")
		}
	}
	if len(parts) == 0 {
		c.Reasons["address"]++
		parts = append(parts, fmt.Sprintf("addresses changed to %v", r.published.Addrs))
	}
	c.Text = strings.Join(parts, ", ")
	return c
}

// left says why an edge is no longer live, in a word for metrics and a phrase for people.
func (n *Network) left(f Family, name string, rung selector.Rung) (reason, text string) {
	e := n.mem.edges[name]
	switch {
	case rung == selector.Fallback && (e == nil || !e.configured || e.canary):
		return "fallback", "no longer the last resort"
	case e == nil || !e.configured:
		return "removed", "no longer configured"
	case e.canary:
		return "removed", "a canary now"
	case n.mem.modes[name].Mode == selector.Unavailable:
		return "unavailable", fmt.Sprintf("unavailable: %s", n.mem.modes[name].Comment)
	}
	if v, ok := find(n.mem.rotations[f].decision.Verdicts, name); ok && v.Rule == selector.RuleDisplaced && n.mem.rotations[f].decision.Frozen {
		return "outgraded", v.String() // whatever its grade: a frozen edge gives way to a forced one only
	}
	m := e.members[f]
	switch {
	case m == nil || !m.address().IsValid():
		return "unresolved", "no address"
	case m.grade == history.Fail:
		text = m.last.Outcome.String()
		if m.last.Err != nil {
			text += ": " + m.last.Err.Error()
		}
		return "failed", text
	}
	if v, ok := find(n.mem.rotations[f].decision.Verdicts, name); ok && v.Rule == selector.RuleRotatedOut {
		return v.Rule.String(), v.String()
	}
	return "outgraded", n.verdict(f, name)
}

// entered says why an edge became live.
func (n *Network) entered(f Family, name string) (reason, text string) {
	r := n.mem.rotations[f]
	switch v, ok := find(r.decision.Verdicts, name); {
	case r.standing:
		return "saved", "from the saved set"
	case !ok:
		return "fallback", "address of last resort"
	default:
		return v.Rule.String(), v.String()
	}
}

func (n *Network) verdict(f Family, name string) string {
	if v, ok := find(n.mem.rotations[f].decision.Verdicts, name); ok {
		return v.String()
	}
	return "no candidate"
}

func find(verdicts []selector.Verdict, name string) (selector.Verdict, bool) {
	i, ok := slices.BinarySearchFunc(verdicts, name, func(v selector.Verdict, name string) int { return strings.Compare(v.Name, name) })
	if !ok {
		return selector.Verdict{}, false
	}
	return verdicts[i], true
}

// rungText says what a rung means for the answers.
func (n *Network) rungText(f Family) string {
	r := n.mem.rotations[f]
	wanted := n.config.EdgeCount
	switch {
	case r.published.Coverage == Empty:
		return "no edge has an address of this family: NODATA"
	case !r.decided:
		return "nothing is decided yet: A and AAAA are SERVFAIL"
	case r.decision.Frozen && r.rung >= selector.Hold:
		return fmt.Sprintf("frozen: %d of the %d live pass or are forced, %d are wanted", r.decision.Verdicts[0].Numbers.Found, len(r.names), wanted)
	case r.rung == selector.Full:
		return fmt.Sprintf("%d of %d wanted are live", len(r.names), wanted)
	case r.rung == selector.Short:
		return fmt.Sprintf("only %d of %d wanted are live: no other edge that may be used passes", len(r.names), wanted)
	case r.rung == selector.Hold:
		return "too few edges pass: the last live ones are held"
	case r.rung == selector.All:
		return "too few edges pass and too few can be held: edges that do not pass are answered"
	case r.rung == selector.Fallback:
		return "no edge may be used: the fallback addresses are answered"
	}
	return "no edge may be used and there is no fallback: A and AAAA are SERVFAIL"
}

// record keeps a change for people to read later, in memory and in the state.
func (n *Network) record(now time.Time, e Event) {
	for _, c := range recordsOf(e) {
		c.At = now
		n.mem.changes.add(c)
		switch {
		case n.interim != nil:
			n.interim.changes = append(n.interim.changes, c)
		case n.mem.store != nil:
			n.mem.store.AddChange(c)
		}
	}
}

// recordsOf is what is kept of an event: a few changes at most, however many edges and zones it is about, since what is kept
// has room for some thousand.
func recordsOf(e Event) []state.Change {
	switch e := e.(type) {
	case SetChanged:
		return []state.Change{{
			Kind: "set", Family: e.Family.String(), Before: e.Before, After: e.After, Rung: e.Rung, Serial: e.Serial, Reason: e.Text,
		}}
	case RungChanged:
		return []state.Change{{
			Kind: "rung", Family: e.Family.String(), Before: []string{e.Before.String()}, After: []string{e.After.String()}, Reason: e.Text,
		}}
	case ContactChanged:
		was, is := "contact", noContact
		if !e.Lost {
			was, is = is, was
		}
		return []state.Change{{Kind: "contact", Family: e.Family.String(), Before: []string{was}, After: []string{is}, Reason: e.Text}}
	case FreezeChanged:
		return []state.Change{e.change()}
	case ModesChanged:
		return e.records()
	case CanariesChanged:
		return e.records()
	}
	return nil
}
