package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Alone is what an edgemanage.yaml cannot say of a network that has no Corefile.
type Alone struct {
	State  string // directory; "" is "edgemanage" beside the statefile of the yaml
	Legacy string // directory; "" is none
	Root   string // what relative paths are joined with; "" is the current directory
}

// FromPython reads a network from an edgemanage.yaml alone. It is what a block would be that has the property config with
// that file, state and maybe legacy; it has no control socket, since no server is meant to run. The error joins all faults.
func FromPython(path, network string, more Alone) (*Network, error) {
	if !validNetwork(network) {
		return nil, fmt.Errorf("%s is not the name of a network: expected %s", quote(network), networkNameGrammar)
	}
	py := &python{network: network, file: path, root: more.Root, given: func(string) bool { return false }}
	if err := py.read(); err != nil {
		return nil, err
	}
	start := position{path, py.top}
	p := &parser{root: more.Root, seen: map[string]position{"config": start, "control": start}, faulty: map[string]bool{}}
	p.net = defaults()
	p.net.Name, p.net.File, p.net.Line = network, path, py.top
	p.adopt(py, map[string]bool{})
	if more.State == "" && py.imports.StateFile != "" {
		more.State = filepath.Join(filepath.Dir(py.imports.StateFile), "edgemanage")
	}
	for _, s := range [][]string{{"state", more.State}, {"legacy", more.Legacy}} {
		if s[1] != "" {
			p.at, p.name, p.key = start, s[0], ""
			p.property(s[1:], false)
		}
	}
	p.finish(start)
	if err := errors.Join(p.faults...); err != nil {
		return nil, err
	}
	return &p.net, nil
}

// IsPython says whether a file is an edgemanage.yaml rather than a Corefile: by its name or, where that says nothing, because
// it is YAML with a key of one.
func IsPython(path string) (bool, error) {
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".yaml" || ext == ".yml" {
		return true, nil
	}
	text, err := readFile(path, maxCorefile)
	if err != nil {
		return false, fmt.Errorf("reading %q: %w", path, err)
	}
	top, err := decodePython(text)
	if err != nil {
		return false, nil
	}
	for i := 0; i < len(top.Content); i += 2 {
		if slices.Contains(pythonKeys, top.Content[i].Value) {
			return true, nil
		}
	}
	return false, nil
}
