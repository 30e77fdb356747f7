package network

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"
)

// saveWait is how long a change of the set waits to be in the state before it is published all the same: answers come
// first, also on a disk that hangs.
const saveWait = 250 * time.Millisecond

// publish makes the rotations what is answered and shown, and tells what changed.
func (n *Network) publish(now time.Time, changed bool, events []Event) {
	fresh, serial := n.mem.fingerprint == "", n.mem.serial
	if print := n.print(); print != n.mem.fingerprint {
		// A zone whose own serial is ahead has got other addresses as well.
		n.mem.serial = NextSerial(later(n.mem.serial, n.mem.top), n.config.SerialFloor, now)
		n.mem.top = n.mem.serial
		n.mem.fingerprint = print
		changed = true
	}
	zones := n.freezeZones(now, fresh)
	if changed || len(events) > 0 || n.dirty {
		pending := n.save()
		if (changed || len(zones) > 0) && pending != nil {
			wait := time.NewTimer(saveWait)
			select {
			case <-pending.Done():
			case <-pending.Failed():
			case <-wait.C:
			}
			wait.Stop()
		}
	}
	// Not only when this decision changed something: a network that takes over again after a failed reload finds in the
	// memory what another one decided.
	if before, s := n.snapshot.Load(), n.frozen(); !s.equal(before) {
		n.release(s, before, nil)
	} else if before.edition != s.edition {
		n.release(s, before, slices.Clip(append([]string{}, zones...)))
	}
	n.status.Store(n.describe(now))
	wake(n.listed)
	wake(n.kept)
	for _, e := range events {
		if c, ok := e.(SetChanged); ok {
			c.Serial = n.mem.serial
			e = c
		}
		n.tell(e)
		n.record(now, e)
	}
	n.tellHooks(now, serial, zones)
}

// release publishes a snapshot and has who passes it on told: of the zones that changed, or with nil of all. A network that
// takes over at a reload starts with a set that its zones have already: nobody is told of those.
func (n *Network) release(s, before *Snapshot, zones []string) {
	if before != nil {
		s.Generation = before.Generation
	}
	if zones == nil {
		s.Generation++
	}
	n.snapshot.Store(s)
	if n.zonesMoved && n.moved != nil {
		n.moved()
	}
	n.zonesMoved = false
	if passed := n.mem.passed; before == nil && passed != nil && s.equal(passed) {
		zones = s.differing(passed)
	}
	if !n.config.DryRun {
		n.mem.passed = s
	}
	if n.published != nil {
		n.published(zones)
	}
	n.passOn(s, zones)
}

// frozen makes the Snapshot of the rotations as they are.
func (n *Network) frozen() *Snapshot {
	s := &Snapshot{Serial: n.mem.serial, Zones: n.mem.zones, edition: n.mem.edition, names: n.names}
	for f, r := range n.mem.rotations {
		s.Families[f] = LiveSet{Coverage: Empty}
		if served(n.config, Family(f)) {
			s.Families[f] = r.published
		}
	}
	return s
}

// print is a fingerprint of all that the zones of this network contain: the serial rises when it changes and only then,
// whatever changed it, a live set, an address or the configuration. Whether no address means NODATA or SERVFAIL is not
// content.
func (n *Network) print() string {
	c, h := n.config, sha256.New()
	fmt.Fprintf(h, "%q %q %q %+v %d %q", c.NS, c.MName, c.RName, c.Timers, c.TTL, c.Labels)
	for f, r := range n.mem.rotations {
		if served(c, Family(f)) {
			fmt.Fprintf(h, " %d %v", f, r.published.Addrs)
		}
	}
	io.WriteString(h, " 2") // version of this list
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// NextSerial returns the SOA serial that follows last when the content changed at now: the greatest of last+1, the unix
// time and floor+1 in the arithmetic of RFC 1982, of those that come after last. A last of 0 is no serial yet; a floor of
// 0 is none, since from 2038 on 1 comes after the unix time. The serial is never 0, which IXFR could not tell from "none"
// (RFC 1995).
func NextSerial(last, floor uint32, now time.Time) uint32 {
	next := last + 1
	if last == 0 {
		next = uint32(now.Unix())
	}
	rise := func(s uint32) {
		if SerialLess(next, s) && (last == 0 || SerialLess(last, s)) {
			next = s
		}
	}
	rise(uint32(now.Unix()))
	if floor != 0 {
		rise(floor + 1)
	}
	return max(next, 1)
}

// SerialLess says whether a comes before b (RFC 1982, section 3.2).
func SerialLess(a, b uint32) bool { return a != b && int32(b-a) > 0 }
