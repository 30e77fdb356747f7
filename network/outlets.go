package network

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/notify"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
	"github.com/miekg/dns"
)

// Template returns what the zones of a network have in common.
func Template(c *config.Network) *zonefile.Template {
	return &zonefile.Template{
		NS: c.NS, MName: c.MName, RName: c.RName,
		Refresh: c.Timers.Refresh, Retry: c.Timers.Retry, Expire: c.Timers.Expire, Minimum: c.Timers.Minimum,
		TTL: c.TTL, Labels: c.Labels,
	}
}

// rewriteAfter is how long a zone file that could not be written waits for another try.
const rewriteAfter = 5 * time.Second

// fileWriter writes the zone files of a network, in a goroutine of its own: a disk that is slow delays no decision, and a
// change that comes while it writes is written after it. It belongs to that goroutine.
type fileWriter struct {
	network  *Network
	template *zonefile.Template
	dir      *zonefile.Directory
	written  map[string]version // what the file of a zone holds
	gone     map[string]time.Time
	trouble  string // told last
}

// version tells what a zone file was made of.
type version struct {
	generation uint64
	zone       *ZoneState
}

// writeZones runs until the context ends. wake is sent to after each publication.
func (n *Network) writeZones(ctx context.Context, wake <-chan struct{}) {
	w := &fileWriter{network: n, template: Template(n.config), written: map[string]version{}, gone: map[string]time.Time{}}
	defer w.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-timer.C:
		}
		next := n.config.Interval
		if err := w.write(ctx); err != nil {
			next = min(next, rewriteAfter)
			if text := err.Error(); text != w.trouble {
				w.trouble = text
				n.tell(ZoneFilesFailed{err})
			}
		} else {
			w.trouble = ""
		}
		timer.Reset(next)
	}
}

func (w *fileWriter) close() {
	if w.dir != nil {
		w.dir.Close()
	}
}

// write brings the directory up to date.
func (w *fileWriter) write(ctx context.Context) error {
	if w.dir == nil {
		dir, err := zonefile.OpenDirectory(w.network.config.ZoneFiles)
		if err != nil {
			return err
		}
		w.dir = dir
	}
	s := w.network.Snapshot()
	zones := w.network.zoneList(s)
	var errs []error
	for _, zone := range zones {
		if ctx.Err() != nil {
			return nil
		}
		v := version{s.Generation, s.Zones[zone]}
		if w.written[zone] == v || !s.Complete(zone) {
			continue
		}
		if _, err := w.dir.Put(zone, Records(w.template, s, zone)); err != nil {
			errs = append(errs, err)
			continue
		}
		w.written[zone] = v
	}
	return errors.Join(append(errs, w.remove(zones)...)...)
}

// remove takes away the files of zones that have been gone for an interval: a zone that a mistake took away for a moment
// does not vanish from its secondaries. Other networks may write to the directory too.
func (w *fileWriter) remove(zones []string) (errs []error) {
	now := time.Now()
	for _, zone := range w.dir.Zones() {
		_, ours := slices.BinarySearch(zones, zone)
		if ours || w.network.claimed != nil && w.network.claimed(zone) {
			delete(w.gone, zone)
			continue
		}
		since, known := w.gone[zone]
		if !known {
			w.gone[zone] = now
			continue
		}
		if now.Sub(since) < w.network.config.Interval {
			continue
		}
		if err := w.dir.Remove(zone); err != nil {
			errs = append(errs, err)
			continue
		}
		delete(w.gone, zone)
		delete(w.written, zone)
	}
	return errs
}

// Records are all records of a zone as a snapshot has them, in their fixed order: the SOA first, and nothing after the
// include.
func Records(t *zonefile.Template, s *Snapshot, zone string) []dns.RR {
	include := noRest
	if z := s.Zones[zone]; z != nil && z.Include != nil {
		include = z.Include
	}
	return t.Complete(zone, s.ZoneSerial(zone), s.ZoneAddrs(zone, IPv4), s.ZoneAddrs(zone, IPv6), include)
}

// ZoneList lists the zones of the network, sorted: those that the Corefile names and those of the includes.
func (n *Network) ZoneList() []string { return n.zoneList(n.Snapshot()) }

func (n *Network) zoneList(s *Snapshot) []string {
	zones := slices.Clone(n.zones)
	for zone, z := range s.Zones {
		if z.included {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// fileSerial is the serial of an existing zone file, whoever wrote it; 0 when there is none.
func (n *Network) fileSerial(zone string) uint32 {
	if n.config.ZoneFiles == "" {
		return 0
	}
	serial, _ := zonefile.SerialIn(n.config.ZoneFiles, zone)
	return serial
}

// passOn has what was published written and told of.
func (n *Network) passOn(s *Snapshot, zones []string) {
	if n.config.DryRun {
		return
	}
	select {
	case n.files <- struct{}{}:
	default: // it is awake, or does not run
	}
	if n.mem.notifier == nil || !s.Decided() {
		return
	}
	if zones == nil {
		zones = n.zoneList(s)
	}
	zones = slices.DeleteFunc(slices.Clone(zones), func(zone string) bool { return !s.Complete(zone) })
	n.mem.notifier.Notify(zones, n.serialOf)
}

// serialOf is asked when a NOTIFY is sent, which may be after a reload: the snapshot stays.
func (n *Network) serialOf(zone string) uint32 { return n.Snapshot().ZoneSerial(zone) }

// enlist makes the secondaries of the configuration those that are notified. The queues of those that stay go on.
func (n *Network) enlist() {
	mem := n.mem
	if n.config.DryRun || len(n.config.Notify) == 0 {
		if mem.notifier != nil {
			mem.notifier.Close()
			mem.notifier = nil
		}
		return
	}
	if mem.notifier == nil {
		mem.notifier = notify.New(notify.Options{After: n.listening, Observe: func(e notify.Event) { n.tell(Notified(e)) }})
	}
	mem.notifier.Configure(n.config.Notify)
}

// IncludedZones lists the zones that the includes bring, sorted.
func (n *Network) IncludedZones() []string {
	s := n.Snapshot()
	if s == nil || n.config.Includes == "" {
		return nil
	}
	var zones []string
	for zone, z := range s.Zones {
		if z.included {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

// IncludedZones lists the zones that the includes brought when they were read, sorted.
func (in *Inputs) IncludedZones() []string { return slices.Sorted(maps.Keys(in.includes)) }

// Has says whether a zone is one of the network's.
func (n *Network) Has(zone string) bool {
	if _, found := slices.BinarySearch(n.zones, zone); found {
		return true
	}
	s := n.Snapshot()
	if s == nil {
		return false
	}
	z := s.Zones[zone]
	return z != nil && z.included
}
