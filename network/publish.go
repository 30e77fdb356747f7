package network

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"
)

// saveWait is how long a change of the set waits to be in the state before it is published all the same: answers come
// first, also on a disk that hangs.
const saveWait = 250 * time.Millisecond

// publish makes the rotations what is answered and shown, and tells what changed.
func (n *Network) publish(now time.Time, changed bool, events []Event) {
	if print := n.print(); print != n.mem.fingerprint {
		n.mem.serial = NextSerial(n.mem.serial, n.config.SerialFloor, now)
		n.mem.fingerprint = print
		changed = true
	}
	if changed || len(events) > 0 || n.dirty {
		pending := n.save()
		if changed && pending != nil {
			wait := time.NewTimer(saveWait)
			select {
			case <-pending.Done():
			case <-pending.Failed():
			case <-wait.C:
			}
			wait.Stop()
		}
	}
	if changed || n.snapshot.Load() == nil {
		s := &Snapshot{Serial: n.mem.serial}
		for f, r := range n.mem.rotations {
			s.Families[f] = LiveSet{Coverage: Empty}
			if served(n.config, Family(f)) {
				s.Families[f] = r.published
			}
		}
		n.snapshot.Store(s)
	}
	n.status.Store(n.describe(now))
	for _, e := range events {
		if c, ok := e.(SetChanged); ok {
			c.Serial = n.mem.serial
			e = c
		}
		n.tell(e)
		n.record(now, e)
	}
}

// print is a fingerprint of all that the zones of this network contain: the serial rises when it changes and only then,
// whatever changed it, a live set, an address or the configuration.
func (n *Network) print() string {
	c, h := n.config, sha256.New()
	fmt.Fprintf(h, "%q %q %q %+v %d %q", c.NS, c.MName, c.RName, c.Timers, c.TTL, c.Labels)
	for f, r := range n.mem.rotations {
		if served(c, Family(f)) {
			fmt.Fprintf(h, " %d %d %v", f, r.published.Coverage, r.published.Addrs)
		}
	}
	io.WriteString(h, " 1") // version of this list
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// NextSerial returns the SOA serial that follows last when the content changed at now: the greatest of last+1, the unix
// time and floor+1 in the arithmetic of RFC 1982, never 0, which IXFR could not tell from "none" (RFC 1995).
func NextSerial(last, floor uint32, now time.Time) uint32 {
	next := last + 1
	for _, s := range []uint32{uint32(now.Unix()), floor + 1} {
		if last == 0 || serialLess(next, s) {
			next = s
			last = s
		}
	}
	if next == 0 {
		next = 1
	}
	return next
}

// serialLess says whether a comes before b (RFC 1982, section 3.2).
func serialLess(a, b uint32) bool { return a != b && int32(b-a) > 0 }
