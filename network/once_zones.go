package network

import (
	"context"
	"errors"
	"fmt"
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
	s, now, gone, wrote := n.Snapshot(), n.now(), maps.Clone(n.mem.once.Gone), 0
	errs, ended := n.within(ctx, lane{n.config.Name, "zonefiles", n.config.ZoneFiles}, zonesHang, func(watchdog *watchdog) (errs []error) {
		w := &fileWriter{network: n, template: Template(n.config), watchdog: watchdog, written: map[string]version{}}
		defer w.close()
		watchdog.watch(fmt.Sprintf("opening zone files %q", n.config.ZoneFiles))
		if err := w.open(); err != nil {
			return []error{err}
		}
		wrote, errs = w.put(ctx, s, nil)
		for zone, since := range gone {
			if now.Sub(since) < n.config.Interval {
				continue
			}
			watchdog.watch(fmt.Sprintf("removing the file of zone %q", zone))
			if err := w.dir.Remove(zone); err != nil && !errors.Is(err, zonefile.ErrForeign) {
				errs = append(errs, err)
				continue
			}
			delete(gone, zone)
		}
		return errs
	})
	if !ended {
		return false, errs
	}
	n.mem.once.Gone = gone
	return wrote > 0, byCause(errs, map[string]bool{}, "zones")
}
