package once

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// A Site is one network and what a round of it has to know of the others.
type Site struct {
	Network *config.Network
	Zones   []string // that a Corefile names for it
	// Claimed says whether another network writes the file of a zone into the same directory.
	Claimed func(zone string) bool
}

// Read reads a network from a Corefile, or from an edgemanage.yaml alone. The directories of more are for the latter, which
// has no property for them.
func Read(file, network string, more config.Alone) (*Site, error) {
	python, err := config.IsPython(file)
	switch {
	case err != nil:
		return nil, err
	case python:
		return readPython(file, network, more)
	case more != (config.Alone{}):
		return nil, fmt.Errorf("reading %q: --state and --legacy are for an edgemanage.yaml: a Corefile has the properties state and legacy", file)
	}
	return readCorefile(file, network)
}

func readPython(file, network string, more config.Alone) (*Site, error) {
	if network == "" {
		return nil, fmt.Errorf("reading %q: no network: expected -A NETWORK", file)
	}
	c, err := config.FromPython(file, network, more)
	if err != nil {
		return nil, err
	}
	if c.State == "" {
		return nil, fmt.Errorf("reading %q: there is no statefile to keep the state beside: expected one, or --state DIR", file)
	}
	return &Site{Network: c, Claimed: claims(c, func() ([]Site, error) {
		names, err := config.PythonNetworks(file, "")
		if err != nil {
			return nil, err
		}
		var others []Site
		for _, name := range names {
			other, err := config.FromPython(file, name, more)
			if err != nil {
				return nil, err
			}
			others = append(others, Site{Network: other})
		}
		return others, nil
	})}, nil
}

func readCorefile(file, network string) (*Site, error) {
	blocks, err := config.ReadBlocks(file)
	if err != nil {
		return nil, err
	}
	var others []Site
	var site *Site
	var names []string
	var faults []error
	for _, c := range config.Networks(blocks) {
		served, err := config.ZonesOf(blocks, c.Name)
		faults = append(faults, err)
		others = append(others, Site{Network: &c, Zones: served.Named})
		names = append(names, c.Name)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	slices.Sort(names)
	if network == "" && len(names) > 1 {
		return nil, fmt.Errorf("reading Corefile %q: there are several networks: expected -A and one of %s", file, strings.Join(names, ", "))
	}
	for i := range others {
		if network == "" || others[i].Network.Name == network {
			site = &others[i]
		}
	}
	switch {
	case site == nil:
		return nil, fmt.Errorf("reading Corefile %q: there is no network %q: expected one of %s", file, network, strings.Join(names, ", "))
	case site.Network.State == "":
		return nil, fmt.Errorf("reading Corefile %q: network %s has no state, in which each run finds what the one before left: expected the property state DIR", file, site.Network.Name)
	}
	site.Claimed = claims(site.Network, func() ([]Site, error) { return others, nil })
	return site, nil
}

// claims says of zones whether another network has them. Where that cannot be found out it has: nothing is removed then.
func claims(c *config.Network, all func() ([]Site, error)) func(zone string) bool {
	theirs := sync.OnceValues(func() (map[string]bool, bool) {
		zones := map[string]bool{}
		others, err := all()
		if err != nil {
			return nil, false
		}
		for _, other := range others {
			if other.Network.Name == c.Name || other.Network.ZoneFiles != c.ZoneFiles {
				continue
			}
			for _, zone := range other.Zones {
				zones[zone] = true
			}
			if other.Network.Includes == "" {
				continue
			}
			files, _, err := zonefile.ZonesIn(other.Network.Includes)
			if err != nil {
				return nil, false
			}
			for zone := range files {
				zones[zone] = true
			}
		}
		return zones, true
	})
	return func(zone string) bool {
		zones, known := theirs()
		return !known || zones[dns.CanonicalName(zone)]
	}
}
