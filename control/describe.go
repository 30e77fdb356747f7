package control

import (
	"net/netip"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// Describe returns a network at a glance, as it is now. One that has not started is not ready and has no families.
func Describe(n *network.Network) Network { return describe(n, time.Now()) }

func describe(n *network.Network, now time.Time) Network {
	c := n.Config()
	d := Network{
		Network: c.Name, DryRun: c.DryRun, EdgeCount: c.EdgeCount,
		IntervalSeconds: c.Interval.Seconds(), TimeoutSeconds: c.Timeout.Seconds(),
		GoodEnoughSeconds: c.GoodEnough.Seconds(), WindowSeconds: c.Window.Seconds(),
		Families: []Family{},
	}
	s := n.Status()
	if s == nil {
		return d
	}
	d.Zones = len(n.ZoneList())
	d.At, d.Ready, d.Serial = moment(s.At), s.Ready, s.Serial
	d.Frozen = describeFreeze(s.Freeze)
	d.LastRound, d.RoundSeconds = moment(s.LastRound), s.RoundTook.Seconds()
	d.Late = Late(s.LastRound, s.Started, now, c.Interval, c.Timeout)
	d.StateError, d.StateErrors, d.ModesLost = s.StateError, s.StateErrors, s.ModesLost
	d.Families = describeFamilies(n, s)
	d.Canaries = len(s.Canaries)
	for _, canary := range s.Canaries {
		if canary.Active {
			d.Active++
		}
	}
	return d
}

func describeFamilies(n *network.Network, s *network.Status) []Family {
	c := n.Config()
	families := make([]Family, 0, len(s.Families))
	for _, f := range s.Families {
		d := Family{
			Family: f.Family.String(), Rung: f.Rung.String(), RungText: f.RungText, Standing: f.Standing,
			Live: list(f.Live), Addresses: addresses(f.Addrs), Since: moment(f.Since), MinLive: f.MinLive,
			Budget:   Budget{Max: c.MaxChanges, PerSeconds: c.MaxChangesPer.Seconds(), Used: f.Recent, Left: max(0, c.MaxChanges-f.Recent), Held: f.Held},
			Edges:    Counts{Total: len(f.Edges)},
			Warnings: f.Warnings,
		}
		for _, e := range f.Edges {
			d.Edges.add(e)
		}
		families = append(families, d)
	}
	return families
}

// add counts an edge. Its grade counts whatever its mode.
func (c *Counts) add(e network.EdgeStatus) {
	if e.Live {
		c.Live++
	}
	if e.Mode == selector.Unavailable {
		c.Unavailable++
	}
	switch {
	case e.Grade.Passing():
		c.Passing++
	case e.Grade == history.Fail:
		c.Failing++
	default:
		c.Unknown++
	}
}

func describeMode(m network.Mode) Mode {
	return Mode{
		Mode: m.Mode.String(), Comment: m.Comment, Author: m.Author, Claimed: m.Claimed, At: moment(m.At), Expires: moment(m.Expires),
	}
}

func describeFreeze(f *network.Freeze) *Freeze {
	if f == nil {
		return nil
	}
	return &Freeze{Comment: f.Comment, Author: f.Author, Claimed: f.Claimed, At: moment(f.At), Expires: moment(f.Expires)}
}

// moment is a time as it is written: in UTC, to the millisecond.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// list is a list that is written as [] when it is empty.
func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return slices.Clone(names)
}

func addresses(addrs []netip.Addr) []string {
	texts := make([]string, 0, len(addrs))
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return texts
}

// address is empty for no address.
func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}
