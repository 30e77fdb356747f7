package edgemanage

import (
	"errors"
	"fmt"
	"slices"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/transfer"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/miekg/dns"
)

func init() { plugin.Register(pluginName, setup) }

// setup runs once a server block. It only parses: what has an effect happens in OnStartup.
func setup(c *caddy.Controller) error {
	e, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	dnsserver.GetConfig(c).AddPlugin(func(next plugin.Handler) plugin.Handler {
		e.Next = next
		return e
	})
	c.OnStartup(func() error {
		if t, ok := dnsserver.GetConfig(c).Handler("transfer").(*transfer.Transfer); ok {
			e.transfer.Store(t)
		}
		if err := takeOver(e.engine); err != nil {
			return plugin.Error(pluginName, err)
		}
		e.engine.serve()
		return nil
	})
	c.OnRestartFailed(func() error {
		if err := goBack(e.engine); err != nil {
			log.Errorf("Going back to the configuration before the failed reload: %v", err)
		}
		return nil
	})
	c.OnShutdown(func() error {
		release(e.engine)
		return nil
	})
	return nil
}

// claim says that a block serves zones from a network, by name because it may be defined in a later block.
type claim struct {
	network string
	zones   []string // those named, else those of the server block; lower-case and fully qualified, sorted
	named   bool     // the directive names them
	at      string   // file:line of the directive
}

// parse reads the edgemanage directives of a server block. The error holds every fault of all of them.
func parse(c *caddy.Controller) (*Edgemanage, error) {
	e := &Edgemanage{engine: engineOf(c), keys: plugin.OriginsFromArgsOrServerBlock(nil, c.ServerBlockKeys)}
	e.under = newKeySet(e.keys)
	var directives []config.Directive
	var faults []error
	for c.Next() {
		d, errs := config.ParseDirective(&c.Dispenser, dnsserver.GetConfig(c).Root)
		faults = append(faults, errs...)
		directives = append(directives, d)
		at := fmt.Sprintf("%s:%d", d.File, d.Line)
		zones, errs := zonesOf(d, e.keys, e.under, at)
		faults = append(faults, errs...)
		c := claim{d.Network, zones, len(d.ZoneArgs) > 0, at}
		if sure := c.named || d.Body != nil && d.Body.Includes == ""; sure {
			for i := range e.claims {
				faults = append(faults, conflicts(&e.claims[i], &c)...)
			}
		}
		e.claims = append(e.claims, c)
		if d.Body == nil {
			continue
		}
		in, err := network.ReadInputs(d.Body)
		if err != nil {
			faults = append(faults, err)
		}
		e.engine.define(d.Body, in)
	}
	faults = append(faults, config.CheckBlock(directives)...)
	e.engine.blocks = append(e.engine.blocks, directives)
	e.engine.handlers = append(e.engine.handlers, e)
	return e, errors.Join(faults...)
}

// zonesOf returns the zones that a directive names, or those of the server block.
func zonesOf(d config.Directive, keys []string, under keySet, at string) (zones []string, faults []error) {
	fault := func(zone, format string) {
		faults = append(faults, fmt.Errorf("%s: edgemanage: "+format, at, zone))
	}
	for _, arg := range d.ZoneArgs {
		expanded := plugin.Host(arg).NormalizeExact()
		if len(expanded) == 0 {
			fault(arg, "%q is not a zone: expected a domain name")
		}
		zones = append(zones, expanded...)
	}
	if len(d.ZoneArgs) == 0 {
		zones = slices.Clone(keys)
	}
	slices.Sort(zones)
	for i, zone := range zones {
		if len(d.ZoneArgs) > 0 && i > 0 && zone == zones[i-1] {
			fault(zone, "zone %q is named twice")
		}
	}
	zones = slices.Compact(zones)
	for _, zone := range zones {
		switch _, valid := dns.IsDomainName(zone); {
		case !valid:
			fault(zone, "%q is not a zone: expected a domain name")
		case !written(zone):
			fault(zone, "%q is not how a query names a zone: expected ASCII, of an internationalized name the form with xn--")
		case zone == "." && len(d.ZoneArgs) == 0 && (d.Body == nil || d.Body.Includes != ""):
			// The includes bring the zones, or may do: that is known when all blocks are.
		case zone == ".":
			fault(zone, "the zone %q is the root: expected the zones of the network, after its name")
		case !under.holds(zone):
			fault(zone, "zone %q is under none of the server block's keys: no query for it would come here")
		}
	}
	return zones, faults
}

// written says whether a zone is written as a name in a query shows: otherwise it would never be found. A letter with an
// accent shows as the escapes of its bytes.
func written(zone string) bool {
	wire := make([]byte, 255)
	if _, err := dns.PackDomainName(zone, wire, 0, nil, false); err != nil {
		return false
	}
	name, _, err := dns.UnpackDomainName(wire, 0)
	return err == nil && name == zone
}

// conflicts returns a fault for each zone that two directives of a block claim by name, or by the name of the block.
func conflicts(a, b *claim) (faults []error) {
	for _, zone := range b.zones {
		if _, both := slices.BinarySearch(a.zones, zone); both && zone != "." && a.network != b.network {
			faults = append(faults, inTwoNetworks(zone, a, b))
		}
	}
	return faults // the same network twice is a fault of its own
}

// mostBypassed is how many zones *cache* is given to scan on every query; beyond, the keys of the server block stand for
// all of them.
const mostBypassed = 64

// bypassed returns the zones whose answers must not be cached. Those of a network in dry run are another plugin's.
func (e *Edgemanage) bypassed() []string {
	var zones []string
	growing := false // includes may bring more zones at any time
	for _, c := range e.claims {
		if d := e.engine.defined[c.network]; d == nil || !d.config.DryRun {
			zones = append(zones, c.zones...)
			growing = growing || d != nil && d.config.Includes != ""
		}
	}
	if len(zones) > mostBypassed || growing {
		zones = slices.Clone(e.keys)
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}
