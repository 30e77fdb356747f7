package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Limits of an edge list. They are far above any real one and keep a wrong file, a log say, from being taken for one.
const (
	maxEdgesSize  = 16 << 20 // bytes
	maxEdgesLine  = 4096     // bytes
	maxEdgeFaults = 100      // spelled out; the rest is only counted
)

// ReadEdges reads an edge list: one edge a line, a host name or an address, then optionally the addresses to pin it to.
// A # starts a comment anywhere; blank lines are dropped, and so are duplicates, each with a note for the log. The error
// joins all faults of the file, each with path, line and what was expected; a file without an edge is one.
func ReadEdges(path string) (edges []Edge, notes []string, err error) {
	text, err := readFile(path, maxEdgesSize)
	if err != nil {
		return nil, nil, fmt.Errorf("reading edges %q: %w", path, err)
	}
	return ParseEdges(path, text)
}

// ParseEdges is ReadEdges for a text already read; path only names it.
func ParseEdges(path string, text []byte) (edges []Edge, notes []string, err error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // a byte order mark, as some editors leave
	var m merger
	var faults []error
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if at := bytes.IndexFunc(line, isControl); at >= 0 {
			// Of a binary file every line would be a fault: the first tells all.
			faults = append(faults, fmt.Errorf("%s:%d: byte %#02x in the line: expected a text file", path, number, line[at]))
			break
		}
		if len(line) > maxEdgesLine {
			faults = append(faults, fmt.Errorf("%s:%d: the line has %d bytes: expected at most %d", path, number, len(line), maxEdgesLine))
			continue
		}
		line, _, _ = bytes.Cut(line, []byte("#"))
		words := strings.Fields(string(line))
		if len(words) == 0 {
			continue
		}
		e, err := parseEdge(words)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", path, number, err))
			continue
		}
		e.File, e.Line = path, number
		if err := m.add(e); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == 0 && len(m.edges) == 0 {
		faults = append(faults, fmt.Errorf("%s: no edge: expected a host name or an address a line", path))
	}
	if n := len(faults) - maxEdgeFaults; n > 0 {
		faults = append(faults[:maxEdgeFaults], fmt.Errorf("%s: %d more faults", path, n))
	}
	if len(faults) > 0 {
		return nil, nil, errors.Join(faults...)
	}
	return m.edges, m.notes, nil
}

// isControl tells characters that no text file has. Anything else may stand in a comment, in any encoding.
func isControl(r rune) bool {
	return r < ' ' && r != '\t' || r == 0x7f
}
