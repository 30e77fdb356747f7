package config

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// MergeEdges makes one list of the edges of several sources, in their order. An edge that a source lists again is dropped
// with a note for the log. The error joins all faults: an edge listed again with other addresses, and two edges with one
// address, which is a fault of the later one. Addresses that names resolve to are not known here and not compared.
func MergeEdges(lists ...[]Edge) (edges []Edge, notes []string, err error) {
	var m merger
	var faults []error
	for _, list := range lists {
		for _, e := range list {
			if err := m.add(e); err != nil {
				faults = append(faults, err)
			}
		}
	}
	if len(faults) > 0 {
		return nil, nil, errors.Join(faults...)
	}
	return m.edges, m.notes, nil
}

// A merger gathers edges that differ in name and in every address. The zero value is ready.
type merger struct {
	edges  []Edge
	notes  []string
	byName map[string]Edge
	byAddr map[netip.Addr]Edge
}

// add takes up e, or drops it with a note when it says nothing new.
func (m *merger) add(e Edge) error {
	if m.byName == nil {
		m.byName, m.byAddr = map[string]Edge{}, map[netip.Addr]Edge{}
	}
	if first, ok := m.byName[e.Name]; ok {
		// A duplicate without addresses adds nothing. One with others contradicts: dropping it would drop an address
		// that someone wrote down.
		if e.Addrs != nil && !slices.Equal(e.Addrs, first.Addrs) {
			return fmt.Errorf("%sedge %s is listed already%s with other addresses: expected all of them on one line", e.prefix(), e.Name, first.seenFrom(e))
		}
		m.notes = append(m.notes, fmt.Sprintf("%sedge %s is listed already%s: dropping it here", e.prefix(), e.Name, first.seenFrom(e)))
		return nil
	}
	for _, addr := range e.Addrs {
		if first, ok := m.byAddr[addr]; ok {
			return fmt.Errorf("%sedge %s has the address %s of edge %s%s: expected an address of its own", e.prefix(), e.Name, addr, first.Name, first.seenFrom(e))
		}
	}
	m.byName[e.Name] = e
	for _, addr := range e.Addrs {
		m.byAddr[addr] = e
	}
	m.edges = append(m.edges, e)
	return nil
}

// prefix is where the edge is listed, for the beginning of a message.
func (e Edge) prefix() string {
	if e.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", e.File, e.Line)
}

// seenFrom is where the edge is listed, for the middle of a message about another one.
func (e Edge) seenFrom(other Edge) string {
	switch {
	case e.File == "":
		return ""
	case e.File == other.File:
		return fmt.Sprintf(" on line %d", e.Line)
	}
	return fmt.Sprintf(" at %s:%d", e.File, e.Line)
}
