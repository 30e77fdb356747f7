package network

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// A site that comes from the Python edgemanage starts where that left off. What it kept is read once, while there is no state
// of our own; the first thing that is saved then is what was read.

// refusal is the error for what cannot be read, nil in dry run, which forgets what it began with anyway.
func (n *Network) refusal(im *imported) error {
	if len(im.denied) == 0 {
		return nil
	}
	err := fmt.Errorf("importing what the Python edgemanage left of network %s: %w; modes would be lost: let this user read it, or leave it out of the configuration",
		n.config.Name, errors.Join(im.denied...))
	if n.config.DryRun {
		n.tell(Fault{err.Error()})
		return nil
	}
	return err
}

// importNow reads what there is and tells what is odd about it.
func (n *Network) importNow(pins map[string]netip.Addr, configured []string) (*imported, error) {
	now := n.now()
	im := importPython(n.config, pins, now)
	if err := n.refusal(im); err != nil {
		return nil, err
	}
	for _, note := range im.notes {
		n.tell(Warning{note})
	}
	if text := im.withdraw(configured, max(1, n.config.MinLive), now); text != "" {
		n.tell(Fault{"importing: " + text})
	}
	return im, nil
}

// importAgain has a network that ran dry beside the Python edgemanage take over what that left by now: until this moment it was
// the one that was obeyed. It is found where a state directory would tell of it.
func (n *Network) importAgain(m *Memory, store *state.Store, l *state.Loaded) error {
	c := n.config
	if c.Import == nil || l.Found || l.ModesLost || len(l.Problems) > 0 {
		return nil
	}
	pins := map[string]netip.Addr{}
	var configured []string
	for name, e := range m.edges {
		if e.configured {
			configured = append(configured, name)
		}
		if member := e.members[IPv4]; member != nil && member.address().IsValid() {
			pins[name] = member.address()
		}
	}
	im, err := n.importNow(pins, configured)
	if err != nil {
		return err
	}
	for name, at := range im.released {
		if known, ok := m.modes[name]; ok && known.At.Before(at) {
			delete(m.modes, name)
		}
	}
	if set := im.document.Families[IPv4.String()]; len(set.Addresses) < len(set.Live) || len(set.Live) == 0 {
		delete(im.document.Families, IPv4.String()) // what the dry run would answer is nearer than a part of it
	}
	l.Document, l.Found = im.document, true
	if store != nil {
		store.AddHistory(im.samples)
	}
	n.dirty = true
	return nil
}

// importOnce takes over what the Python edgemanage left, if there is nothing of our own yet.
func (n *Network) importOnce(m *Memory, l *state.Loaded) error {
	c := n.config
	if c.Import == nil || l.Found || l.ModesLost || len(l.Problems) > 0 {
		return nil
	}
	pins := map[string]netip.Addr{}
	var configured []string
	for _, e := range n.inputs.Edges {
		configured = append(configured, e.Name)
		for _, a := range e.Addrs {
			if a.Is4() {
				pins[e.Name] = a
			}
		}
	}
	im, err := n.importNow(pins, configured)
	if err != nil || len(im.samples) == 0 && len(im.document.Modes) == 0 && len(im.document.Families) == 0 && len(im.unknown) == 0 {
		return err
	}
	// Samples without a document are what is left of a first start that was cut short. They are among the imported ones.
	m.edges = map[string]*edge{}
	if m.unread != nil {
		m.unread.Close()
		m.unread = nil
	}
	for _, err := range m.refill(im.document, c) {
		n.tell(Warning{err.Error()})
	}
	im.each(m.histories(nil))
	m.regrade(n.now())
	switch {
	case n.single != nil:
		n.single.history = im.samples
	case n.interim != nil:
		n.interim.history, n.interim.document = im.samples, im.document
	case m.store != nil:
		m.store.AddHistory(im.samples)
	}
	n.dirty = true
	n.tell(Note{fmt.Sprintf("imported from the Python edgemanage: %d samples, %d modes (%s), the live set %v", len(im.samples), len(im.document.Modes),
		strings.Join(slices.Sorted(maps.Keys(im.document.Modes)), ", "), im.document.Families[IPv4.String()].Live)})
	return nil
}
