package state

import (
	"net/netip"
	"slices"
)

// stored is a Document as state.json has it. The addresses of an edge are most often those that an edge list pins it to;
// they are not written a second time, which for many edges would be half of the file.
type stored struct {
	Document
	// Unserved names the edges whose addresses the lists have and Document.Addresses did not. It is nil where Addresses is
	// whole, as without pinned edges, or in files of before.
	Unserved *[]string `json:"unserved,omitempty"`
}

// fold makes d what is stored. It shares the maps of d, and changes none.
func fold(d *Document) stored {
	s := stored{Document: *d}
	pinned := pinnedAddresses(d.Edges)
	if len(pinned) == 0 {
		return s
	}
	s.Addresses = map[string]Addresses{}
	for name, a := range d.Addresses {
		if p, listed := pinned[name]; !listed || p != a {
			s.Addresses[name] = a
		}
	}
	unserved := []string{}
	for name := range pinned {
		if _, served := d.Addresses[name]; !served {
			unserved = append(unserved, name)
		}
	}
	slices.Sort(unserved)
	s.Unserved = &unserved
	return s
}

// unfold makes what was stored a Document again.
func (s stored) unfold() Document {
	d := s.Document
	if s.Unserved == nil {
		return d
	}
	pinned := pinnedAddresses(d.Edges)
	for _, name := range *s.Unserved {
		delete(pinned, name)
	}
	if d.Addresses == nil && len(pinned) > 0 {
		d.Addresses = make(map[string]Addresses, len(pinned))
	}
	for name, a := range pinned {
		if _, other := d.Addresses[name]; !other {
			d.Addresses[name] = a
		}
	}
	return d
}

// pinnedAddresses are the addresses that edge lists pin edges to, by edge: of those that are pinned, to one address a family
// at most, and alike wherever they are listed.
func pinnedAddresses(lists map[string][]EdgeEntry) map[string]Addresses {
	pinned := map[string]Addresses{}
	for _, entries := range lists {
		for _, e := range entries {
			a := asAddresses(e.Addresses)
			if before, again := pinned[e.Name]; again && before != a {
				a = Addresses{}
			}
			pinned[e.Name] = a
		}
	}
	for name, a := range pinned {
		if a == (Addresses{}) {
			delete(pinned, name)
		}
	}
	return pinned
}

// asAddresses is zero when the list is not one of one address a family at most.
func asAddresses(pins []netip.Addr) (a Addresses) {
	for _, pin := range pins {
		switch {
		case pin.Is4() && !a.IPv4.IsValid():
			a.IPv4 = pin
		case pin.Is6() && !a.IPv6.IsValid():
			a.IPv6 = pin
		default:
			return Addresses{}
		}
	}
	return a
}
