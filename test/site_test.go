//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Intervals of the networks under test, and within what a live edge that stops working must have left the answers. The
// limits are wide, lest an edge fail because the machine is busy.
const (
	interval   = 2 * time.Second
	timeout    = 1800 * time.Millisecond
	goodEnough = 1600 * time.Millisecond
	swapBound  = interval + timeout + time.Second
)

// site is a network of edges and the files that a Corefile for it names.
type site struct {
	t     testing.TB
	dir   string
	port  string // of every edge
	edges []*edge

	// body holds the properties of the network, by their first word, so that a test can change one.
	body map[string]string
}

// sites numbers the sites, each of which has a loopback network of its own: 127.N.0.0/16.
var sites atomic.Int32

// newSite starts n edges with IPv4 addresses. Edge i is slower than edge i-1, enough for the order to be clear.
func newSite(t testing.TB, n int) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), port: freePort(t)}
	network := 1 + sites.Add(1)
	for i := range n {
		e := newEdge(t, fmt.Sprintf("edge%d.example.net", i+1), fmt.Sprintf("127.%d.0.%d", network, i+1), s.port)
		e.slow(time.Duration(i) * 20 * time.Millisecond)
		s.edges = append(s.edges, e)
	}
	s.write("object", objectBody)
	s.list(s.edges...)
	s.body = map[string]string{
		"edges":                "edges " + s.path("edges"),
		"object":               fmt.Sprintf("object http://www.example.org:%s/object %s", s.port, s.path("object")),
		"ns":                   "ns ns1.example.net ns2.example.net",
		"interval":             fmt.Sprintf("interval %s", interval),
		"allow_short_interval": "allow_short_interval",
		"timeout":              fmt.Sprintf("timeout %s", timeout),
		"goodenough":           fmt.Sprintf("goodenough %s", goodEnough),
		"edge_count":           "edge_count 2",
		"max_changes":          "max_changes 0",
		"state":                "state " + s.path("state"),
	}
	return s
}

// with sets a property of the network; a property with no argument but its name "-" leaves it out.
func (s *site) with(properties ...string) *site {
	for _, p := range properties {
		name, rest, _ := strings.Cut(p, " ")
		if rest == "-" {
			delete(s.body, name)
			continue
		}
		s.body[name] = p
	}
	return s
}

// directive is the network as it stands in a Corefile.
func (s *site) directive(name string, zones ...string) string {
	lines := make([]string, 0, len(s.body))
	for _, p := range s.body {
		lines = append(lines, "        "+p)
	}
	slices.Sort(lines)
	return fmt.Sprintf("edgemanage %s {\n%s\n    }", strings.Join(append([]string{name}, zones...), " "), strings.Join(lines, "\n"))
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// write replaces a file as careful programs do it, so that no reader finds half of it.
func (s *site) write(name, content string) string {
	s.t.Helper()
	path := s.path(name)
	aside := path + ".new"
	if err := os.WriteFile(aside, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(aside, path); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// list writes the edge list.
func (s *site) list(edges ...*edge) {
	s.t.Helper()
	var b strings.Builder
	for _, e := range edges {
		fmt.Fprintf(&b, "%s %s\n", e.name, e.addr)
	}
	s.write("edges", b.String())
}

// all makes every edge behave alike.
func (s *site) all(b behaviour) {
	s.t.Helper()
	for _, e := range s.edges {
		e.set(s.t, b)
	}
}

// at finds the edge that has an address.
func (s *site) at(addr string) *edge {
	s.t.Helper()
	for _, e := range s.edges {
		if e.addr.String() == addr {
			return e
		}
	}
	s.t.Fatalf("%s is no edge's address", addr)
	return nil
}

// addresses are those of edges, sorted as set returns them.
func addresses(edges ...*edge) []string {
	var out []string
	for _, e := range edges {
		out = append(out, e.addr.String())
	}
	slices.Sort(out)
	return out
}

// block is a server block on loopback.
func block(keys string, plugins ...string) string {
	lines := append([]string{"bind 127.0.0.1", "errors"}, plugins...)
	return keys + " {\n    " + strings.Join(lines, "\n    ") + "\n}\n"
}
