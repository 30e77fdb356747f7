package network

import (
	"slices"

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

// Records are all records of a zone as a snapshot has them, in their fixed order: the SOA first, and nothing after the
// include.
func Records(t *zonefile.Template, s *Snapshot, zone string) []dns.RR {
	include := noRest
	if z := s.Zones[zone]; z != nil && z.Include != nil {
		include = z.Include
	}
	return t.Complete(zone, s.ZoneSerial(zone), s.ZoneAddrs(zone, IPv4), s.ZoneAddrs(zone, IPv6), include)
}

// fileSerial is the serial of an existing zone file, whoever wrote it; 0 when there is none.
func fileSerial(c *config.Network, zone string) uint32 {
	if c.ZoneFiles == "" {
		return 0
	}
	serial, _ := zonefile.SerialIn(c.ZoneFiles, zone)
	return serial
}

// findSerials reads those of the zones of which nothing is saved. It uses the disk, and so is for a start: what comes later
// is read by the watcher of the includes.
func (n *Network) findSerials() {
	n.found = map[string]uint32{}
	if n.config.ZoneFiles == "" {
		return
	}
	for _, zone := range n.names {
		if _, known := n.mem.records[zone]; known {
			continue
		}
		if serial := fileSerial(n.config, zone); serial != 0 {
			n.found[zone] = serial
		}
	}
}

// passOn has what was published written and told of.
func (n *Network) passOn(s *Snapshot, zones []string) {
	if n.config.DryRun {
		return
	}
	n.wakeWriter()
	if n.mem.notifier == nil || !s.Decided() {
		return
	}
	if zones == nil {
		zones = s.names
	}
	zones = slices.DeleteFunc(slices.Clone(zones), func(zone string) bool { return !s.Complete(zone) })
	if len(zones) > 0 {
		n.mem.notifier.Notify(zones, n.serialOf)
	}
}

// wakeWriter has the zone files brought up to date.
func (n *Network) wakeWriter() { wake(n.files) }

// wake has a writer bring its files up to date.
func wake(writer chan<- struct{}) {
	select {
	case writer <- struct{}{}:
	default: // it is awake, or does not run
	}
}

// serialOf is asked when a NOTIFY is sent, which may be after a reload: the snapshot stays.
func (n *Network) serialOf(zone string) uint32 { return n.Snapshot().ZoneSerial(zone) }

// enlist makes the secondaries of the configuration those that are notified. The queues of those that stay go on.
func (n *Network) enlist() {
	mem := n.mem
	if !slices.Equal(mem.notified, n.config.Notify) {
		mem.notified, mem.passed = n.config.Notify, nil // those that are new are told of all zones
	}
	if n.mute() || n.single != nil || len(n.config.Notify) == 0 {
		if mem.notifier != nil {
			mem.notifier.Close()
			mem.notifier = nil
		}
		return
	}
	if mem.notifier == nil {
		mem.notifier = n.notifying(notify.Options{After: n.listening, Observe: func(e notify.Event) { n.tell(Notified(e)) }})
	}
	mem.notifier.Configure(n.config.Notify)
}
