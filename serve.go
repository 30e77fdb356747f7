package edgemanage

import (
	"fmt"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// serve makes the zones that the handler answers for, once all networks are there, and again whenever includes bring or
// take zones. Those of a network in dry run are left out, so that their queries go to the next plugin.
func (e *Edgemanage) serve() {
	before := e.table()
	zones := make(map[string]*zone, len(before))
	for _, c := range e.claims {
		n := e.engine.networks[c.network]
		cfg := n.Config()
		if cfg.DryRun {
			continue
		}
		shared, places := network.Template(cfg), newPlaces(cfg.Labels)
		for _, origin := range c.served(n) {
			if other := zones[origin]; other != nil && other.network != n {
				log.Errorf("%s: zone %q of network %s is network %s's in this server block already: it is not served from both",
					c.at, origin, c.network, other.network.Config().Name)
				continue
			}
			if !e.under.holds(origin) {
				continue // of a network whose includes serve other blocks too
			}
			if z := before[origin]; z != nil && z.network == n {
				zones[origin] = z // with the answers it has built
				continue
			}
			zones[origin] = &zone{origin: origin, network: n, places: places, template: shared, entire: cfg.Includes != "", closest: e.closest}
		}
	}
	e.zones.Store(&zones)
}

// served are the zones that a directive serves: those it names and those of the includes, or with neither those of the
// server block.
func (c *claim) served(n *network.Network) []string {
	if n.Config().Includes == "" {
		return c.zones
	}
	zones := n.IncludedZones()
	if c.named {
		zones = append(zones, c.zones...)
	}
	slices.Sort(zones)
	return slices.Compact(zones)
}

// table returns the zones by origin.
func (e *Edgemanage) table() map[string]*zone {
	if zones := e.zones.Load(); zones != nil {
		return *zones
	}
	return nil
}

// checkClaims finds what can be seen only when all networks are known: the root zone for want of others, and zones that
// includes bring to two networks of one block.
func (e *Edgemanage) checkClaims() (faults []error) {
	owner := map[string]*claim{}
	for i := range e.claims {
		c := &e.claims[i]
		d := e.engine.defined[c.network]
		zones := c.zones
		if d.config.Includes != "" {
			zones = d.inputs.IncludedZones()
			if c.named {
				zones = append(zones, c.zones...)
			}
		} else if slices.Contains(zones, ".") {
			faults = append(faults, fmt.Errorf("%s: edgemanage: the zone \".\" is the root: expected the zones of the network, after its name", c.at))
		}
		for _, zone := range zones {
			if !e.under.holds(zone) {
				continue // of includes, and served in other blocks at most
			}
			if o := owner[zone]; o != nil && o.network != c.network {
				faults = append(faults, inTwoNetworks(zone, o, c))
			}
			owner[zone] = c
		}
	}
	return faults
}

func inTwoNetworks(zone string, a, b *claim) error {
	return fmt.Errorf("%s: edgemanage: zone %q is in two networks of one server block, %s and %s (%s): expected one",
		b.at, zone, a.network, b.network, a.at)
}
