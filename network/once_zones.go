package network

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// written are the zones whose files the memory knows of, sorted. It is for a memory just loaded.
func (m *Memory) written() (zones []string) {
	for zone, r := range m.records {
		if r.print != "" && r.print != gonePrint {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// goneSince says of the zones that this network had and has no more since when. Those of others in the directory are not
// among them, whoever they belong to.
func (n *Network) goneSince() map[string]time.Time {
	if n.config.ZoneFiles == "" {
		return nil
	}
	gone, now := maps.Clone(n.single.before.Gone), n.now()
	if gone == nil {
		gone = map[string]time.Time{}
	}
	for _, zone := range n.single.had {
		if _, known := gone[zone]; !known {
			gone[zone] = now
		}
	}
	maps.DeleteFunc(gone, func(zone string, _ time.Time) bool {
		return n.knows(zone) || n.claimed != nil && n.claimed(zone)
	})
	return gone
}

// overtakeFiles sees to it that no serial falls, also where the state is older than the files: it was taken from a backup, or
// could not be written when they were.
func (n *Network) overtakeFiles() {
	for _, zone := range n.names {
		record, known := n.mem.records[zone]
		if !known {
			continue // findSerials has looked at it
		}
		if serial := fileSerial(n.config, zone); serial != 0 && SerialLess(later(record.serial, n.mem.serial), serial) {
			n.outdo = later(n.outdo, serial)
		}
	}
	n.overtake()
}

// writeOnce writes the zone files, and removes those of zones that have been gone for an interval. It says whether what zone
// files say is other than before.
func (n *Network) writeOnce(ctx context.Context) (changed bool, failures []error) {
	if n.config.ZoneFiles == "" {
		return false, nil
	}
	w := &fileWriter{network: n, template: Template(n.config), written: map[string]version{}}
	defer w.close()
	if err := w.open(); err != nil {
		return false, []error{err}
	}
	wrote, failures := w.put(ctx, n.Snapshot(), nil)
	now := n.now()
	for zone, since := range n.mem.once.Gone {
		if now.Sub(since) < n.config.Interval {
			continue
		}
		if err := w.dir.Remove(zone); err != nil && !errors.Is(err, zonefile.ErrForeign) {
			failures = append(failures, err)
			continue
		}
		delete(n.mem.once.Gone, zone)
	}
	return wrote > 0, byCause(failures, map[string]bool{})
}
