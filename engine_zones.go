package edgemanage

import (
	"fmt"
	"maps"
	"slices"
)

// The zones of all networks of a Corefile.

// claimed lists the zones that the Corefile names for a network, in whatever blocks.
func (e *engine) claimed(name string) []string {
	var zones []string
	for _, h := range e.handlers {
		for _, c := range h.claims {
			if c.network == name && (c.named || e.defined[name].config.Includes == "") {
				zones = append(zones, c.zones...)
			}
		}
	}
	return zones
}

// claims says whether any network has a zone.
func (e *engine) claims(zone string) bool {
	for _, n := range e.networks {
		if n.Has(zone) {
			return true
		}
	}
	return false
}

// checkZoneFiles finds zones of two networks that would be written to one file.
func (e *engine) checkZoneFiles() (faults []error) {
	type file struct{ dir, zone string }
	writer := map[file]*definition{}
	for _, name := range slices.Sorted(maps.Keys(e.defined)) {
		d := e.defined[name]
		if d.config.ZoneFiles == "" || d.config.DryRun {
			continue
		}
		for _, zone := range append(e.claimed(name), d.inputs.IncludedZones()...) {
			f := file{d.config.ZoneFiles, zone}
			if o := writer[f]; o != nil && o != d {
				faults = append(faults, fmt.Errorf("%s:%d: zonefiles: %q is where network %s (%s:%d) writes zone %q too: expected a directory for each",
					d.config.File, d.config.Line, f.dir, o.config.Name, o.config.File, o.config.Line, zone))
			}
			writer[f] = d
		}
	}
	return faults
}

// serve has every handler take up the zones that the networks have now. A network's goroutine calls it, maybe that of
// several at a time.
func (e *engine) serve() {
	e.serving.Lock()
	defer e.serving.Unlock()
	for _, h := range e.handlers {
		h.serve()
	}
}

// serves says whether a name is the apex of a zone of ours in any server block.
func (e *engine) serves(name string) bool {
	for _, h := range e.handlers {
		if h.table()[name] != nil {
			return true
		}
	}
	return false
}
