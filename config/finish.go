package config

import (
	"fmt"
	"time"
)

// Limits of the times of a network.
const (
	leastInterval = time.Minute
	maxTimeout    = 4 * time.Minute
)

// finish checks what takes several properties, and derives defaults from others. Properties that have a fault already
// take no part: a second message about them would only confuse.
func (p *parser) finish(start position) {
	for _, name := range []string{"edges", "object", "ns"} {
		if _, ok := p.seen[name]; !ok {
			p.at, p.name = start, name
			p.faultf("missing: expected %q", properties[name].usage)
		}
	}
	p.finishTimes(start)
	n := &p.net
	if n.MinLive > n.EdgeCount && p.consider(start, "min_live", "edge_count") {
		p.faultf("%d is above edge_count, %s: expected a number from 1 to that", n.MinLive, p.shown("edge_count", n.EdgeCount))
	}
	if n.ZoneFiles != "" && n.ZoneFiles == n.Includes && p.consider(start, "zonefiles", "includes") {
		p.faultf("%s is the directory of the includes too: what is written there would be read as includes", quote(n.ZoneFiles))
	}
	for _, other := range []struct{ property, dir string }{{"zonefiles", n.ZoneFiles}, {"includes", n.Includes}, {"state", n.State}} {
		if n.Legacy != "" && n.Legacy == other.dir && p.consider(start, "legacy", other.property) {
			p.faultf("%s is the directory of %s too: expected one of its own", quote(n.Legacy), other.property)
		}
	}
	if n.RotateEvery > 0 && n.RotateEvery < n.Interval && p.consider(start, "rotate_every", "interval") {
		p.faultf("%v is under interval, %s: expected at least that", n.RotateEvery, p.shown("interval", n.Interval))
	}
	if _, ok := p.seen["canary_killer"]; ok && n.Canaries == "" && p.consider(start, "canary_killer") {
		p.warnf("there are no canaries for it to stop")
	}
	p.finishControl(start)
	if n.MName == "" && len(n.NS) > 0 {
		n.MName = n.NS[0]
	}
	if n.State == "" && !n.DryRun && p.consider(start, "state") {
		p.warnf("not set: history, modes and serials are kept in memory and lost at the end of the process")
	}
	if n.InsecureSkipVerify && n.Object.URL != nil && n.Object.URL.Scheme == "http" && p.consider(start, "insecure_skip_verify") {
		p.warnf("the object is fetched without TLS: there is nothing to verify")
	}
}

// finishTimes checks interval > timeout > goodenough and the ends of their ranges.
func (p *parser) finishTimes(start position) {
	n := &p.net
	if n.Interval < leastInterval && !n.AllowShortInterval && !n.DryRun && p.consider(start, "interval") {
		p.faultf("%v is under %v: too frequent rotation defeats the purpose, resolvers and clients must find an address alive for as long as they keep it; "+
			"expected at least %v, or allow_short_interval", n.Interval, leastInterval, leastInterval)
	}
	if n.Timeout > maxTimeout && p.consider(start, "timeout") {
		p.faultf("%v is above %v", n.Timeout, maxTimeout)
	}
	if n.Timeout >= n.Interval && p.consider(start, "timeout", "interval") {
		p.faultf("%v is not under interval, %s", n.Timeout, p.shown("interval", n.Interval))
	}
	if n.GoodEnough >= n.Timeout && p.consider(start, "goodenough", "timeout") {
		p.faultf("%v is not under timeout, %s", n.GoodEnough, p.shown("timeout", n.Timeout))
	}
}

// consider tells whether a check of these properties makes sense, and makes the first of them the one that faults and
// warnings are about. Their place is its line, or when it has its default the line of the first that was written. A key of an
// edgemanage.yaml is named only if it is that property's own.
func (p *parser) consider(start position, names ...string) bool {
	at, found := start, false
	for _, name := range names {
		if p.faulty[name] {
			return false
		}
		if where, ok := p.seen[name]; ok && !found {
			at, found = where, true
		}
	}
	p.at, p.name, p.key = at, names[0], p.keys[names[0]]
	return true
}

// shown is a value for a message that tells whether it was written or is the default.
func (p *parser) shown(name string, value any) string {
	if _, ok := p.seen[name]; ok {
		return fmt.Sprint(value)
	}
	return fmt.Sprintf("%v by default", value)
}
