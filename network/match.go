package network

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// maxPattern bounds a pattern, in bytes; no name is as long.
const maxPattern = 300

// isPattern tells a pattern from a name, which has none of these characters.
func isPattern(s string) bool { return strings.ContainsAny(s, "*?[") }

// edgePattern writes a name or a pattern as the lists write names, and finds what is wrong with it.
func edgePattern(s string) (string, error) {
	if !isPattern(s) {
		name, err := config.EdgeName(s)
		if err != nil {
			return "", fmt.Errorf("%w edge: %w", ErrInvalid, err)
		}
		return name, nil
	}
	pattern := strings.ToLower(s)
	if !strings.HasSuffix(pattern, `\.`) { // without its dot the backslash would be left alone
		pattern = strings.TrimSuffix(pattern, ".")
	}
	if len(pattern) > maxPattern {
		return "", fmt.Errorf("%w pattern: it has %d bytes, at most %d are taken", ErrInvalid, len(pattern), maxPattern)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return "", fmt.Errorf("%w pattern %q: %w", ErrInvalid, pattern, err)
	}
	return pattern, nil
}

// match lists the edges that an operator means, sorted. A name means itself, whether or not anything is known of it: an
// edge may be taken out before it is in any list. A pattern means configured edges and those with a mode, but no canary: a
// star for the edges of a site must not take in a zone's server on trial. It does where modes are undone: then a star undoes
// all of them.
func (n *Network) match(pattern string, m selector.Mode) ([]string, error) {
	if !isPattern(pattern) {
		return []string{pattern}, nil
	}
	found := map[string]bool{}
	add := func(name string) {
		if ok, _ := path.Match(pattern, name); ok {
			found[name] = true
		}
	}
	for _, e := range n.mem.order {
		add(e.name)
	}
	for name := range n.mem.modes {
		if e := n.mem.edges[name]; e == nil || !e.configured || !e.canary || m == selector.Available {
			add(name)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("matching %q with the names of edges: %w", pattern, ErrNoMatch)
	}
	return slices.Sorted(maps.Keys(found)), nil
}
