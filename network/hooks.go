package network

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/hooks"
)

// Hooks tells commands and webhooks. *hooks.Hooks does.
type Hooks interface {
	Configure(runs []config.Run, webhooks []config.Webhook)
	Enqueue(e hooks.Event)
	Finish(ctx context.Context)
	Close()
}

// equip makes the commands and webhooks of the configuration those that are told. What waits for those that stay goes on.
// It closes nothing, even when none is left: a command that runs would be waited for.
func (n *Network) equip() {
	c, mem := n.config, n.mem
	runs, webhooks := c.Runs, c.Webhooks
	if n.mute() {
		runs, webhooks = nil, nil
	}
	n.heralds = false
	for _, r := range runs {
		n.heralds = n.heralds || r.When == config.Before
	}
	if c.ZoneFiles == "" || n.mute() {
		settle(mem.settling.take()) // nobody writes any more
	}
	if mem.hooks == nil {
		if len(runs) == 0 && len(webhooks) == 0 {
			return
		}
		mem.hooks = n.hooking(hooks.Options{Network: c.Name, Observe: func(r hooks.Report) { n.tell(Hooked(r)) }})
	}
	mem.hooks.Configure(runs, webhooks)
	if latest := time.Now().Add(c.Interval); mem.heraldAt.After(latest) {
		mem.heraldAt = latest
	}
}

// herald runs the commands before a round, once an interval. Probes are spread over the interval and do not wait for it.
func (n *Network) herald() {
	now := time.Now()
	if !n.heralds || now.Before(n.mem.heraldAt) {
		return
	}
	n.mem.heraldAt = now.Add(n.config.Interval)
	n.mem.hooks.Enqueue(n.picturing(hooks.Before, n.now(), news{}))
}

// tellHooks tells of one decision in one event, after it has been published, and of a round that has ended since the one
// before. Zones are those that have a new serial of their own.
func (n *Network) tellHooks(now time.Time, serialBefore uint32, zones []string) {
	told, over := n.news, n.mem.roundOver
	n.news, n.mem.roundOver = news{}, false
	if n.mem.hooks == nil || n.config.DryRun {
		return
	}
	s := n.Snapshot()
	if s.Decided() { // before, nobody has the zones yet
		told.zones, told.serial = zones, s.Serial != serialBefore
	}
	if kind := told.kind(); kind != "" {
		e := n.picturing(kind, now, told)
		e.SerialBefore = serialBefore
		told.fill(&e, s)
		e.Settled = n.settles(kind)
		n.mem.hooks.Enqueue(e)
	}
	if over {
		n.mem.hooks.Enqueue(n.picturing(hooks.Round, now, news{}))
	}
}

// settles returns what is closed when the zone files that go with an event are written; nil when there are none.
func (n *Network) settles(kind hooks.Kind) <-chan struct{} {
	if n.config.ZoneFiles == "" || kind != hooks.Changed && kind != hooks.Zones {
		return nil
	}
	written := n.mem.settling.add()
	n.wakeWriter() // it may have finished with what was published before this was added
	return written
}

// picturing makes an event of how things are, in which nothing has changed. A family without edges, which nobody asks for,
// is not in it unless the news are of it: its rung, none, would say that something is wrong.
func (n *Network) picturing(kind hooks.Kind, now time.Time, told news) hooks.Event {
	e := hooks.Event{Event: kind, Network: n.config.Name, At: now, Serial: n.mem.serial, SerialBefore: n.mem.serial}
	var text []string
	for f, r := range n.mem.rotations {
		if !served(n.config, Family(f)) || r.published.Coverage == Empty && !told.of(Family(f)) {
			continue
		}
		name, rung := Family(f).String(), r.rung.String()
		family := hooks.Family{Family: name, Rung: rung, RungBefore: rung, Before: r.names, After: r.names}
		for _, a := range r.published.Addrs {
			family.Addresses = append(family.Addresses, a.String())
		}
		e.Families = append(e.Families, family)
		text = append(text, fmt.Sprintf("%s: rung %s, live %v", name, rung, r.names))
	}
	e.Text = strings.Join(text, "; ")
	return e
}
