package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The configuration of the Python edgemanage, edgemanage.yaml. It is translated into the properties that mean the same, and
// these are read as if they stood in the block: so what a value may be is said in one place, and `edgemanage convert` prints
// what the server obeys.

// A Setting is a property made of a key of an edgemanage.yaml.
type Setting struct {
	Key  string // with those above it, such as dns.ns_records; "" is what that tool does without being told
	Name string // of the property
	Args []string
	At   string // file:line of the key

	at position
}

// An Import says where the Python edgemanage left its state, for a first start.
type Import struct {
	HealthStore string // directory of the edgestores; "" is none
	StateFile   string // "" is none
}

// maxPython bounds an edgemanage.yaml, in bytes.
const maxPython = 1 << 20

// python is an edgemanage.yaml that is being read for a network.
type python struct {
	network  string
	file     string
	root     string // what relative paths are joined with
	top      int    // line of the document
	settings []Setting
	imports  Import
	warnings []string
	unused   []string
	faults   []pythonFault
	given    func(property string) bool // whether the block has a property itself
}

// ReadPython translates an edgemanage.yaml for a network: its settings in the order of the documentation, and what is worth
// a line in the log. Relative paths are joined with root for looking whether a file exists, and left as they are in the
// settings. The error joins all faults of the file, each with file, line, key and what was expected; those of values that a
// property takes are found when the settings are read.
func ReadPython(path, root, network string) ([]Setting, []string, error) {
	p := &python{network: network, file: path, root: root, given: func(string) bool { return false }}
	if err := p.read(); err != nil {
		return nil, nil, err
	}
	return p.settings, p.warnings, errors.Join(p.sorted()...)
}

// read translates the file. The error is of a file that cannot be read at all.
func (p *python) read() error {
	text, err := readFile(join(p.root, p.file), maxPython)
	if err != nil {
		return fmt.Errorf("reading %q: %w", p.file, err)
	}
	top, err := decodePython(text)
	if err != nil {
		return fmt.Errorf("reading %q: %w", p.file, err)
	}
	p.top = top.Line
	keys := p.keys("", top, pythonKeys)
	p.zones(keys)
	p.object(keys)
	p.translate(keys)
	p.always()
	if len(p.unused) > 0 {
		p.warnings = append(p.warnings, fmt.Sprintf("%s: not used here: %s", p.file, strings.Join(p.unused, ", ")))
	}
	slices.SortStableFunc(p.settings, func(a, b Setting) int { return pythonOrder(a.Name) - pythonOrder(b.Name) })
	return nil
}

// decodePython returns the mapping that is the one document of the file.
func decodePython(text []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty: expected keys such as testobject, dns and edgelist_dir")
	case err != nil:
		return nil, fmt.Errorf("%s: expected YAML", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one document: expected one")
	}
	top := resolve(document.Content[0])
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: expected keys such as testobject, dns and edgelist_dir", top.Line)
	}
	return top, nil
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// at is a place in the file.
func (p *python) at(line int) position { return position{p.file, line} }

func (p *python) faultf(line int, key, format string, args ...any) {
	p.faults = append(p.faults, pythonFault{line, fmt.Errorf("%s: %s: %w", p.at(line), key, fmt.Errorf(format, args...))})
}

type pythonFault struct {
	line int
	error
}

// sorted are the faults in the order of the file.
func (p *python) sorted() (faults []error) {
	slices.SortStableFunc(p.faults, func(a, b pythonFault) int { return a.line - b.line })
	for _, f := range p.faults {
		faults = append(faults, f.error)
	}
	return faults
}

// A field is a key with its value.
type field struct {
	name  string // with those above it
	line  int
	value *yaml.Node // never null
}

// keys reads a mapping. Those without a value count as missing, as they do for the tool.
func (p *python) keys(above string, m *yaml.Node, known []string) map[string]field {
	fields, first := map[string]field{}, map[string]int{}
	content := merged(m)
	for i := 0; i+1 < len(content); i += 2 {
		key, value := content[i], resolve(content[i+1])
		name := above + key.Value
		line, repeated := first[name]
		switch {
		case key.Kind != yaml.ScalarNode:
			p.faultf(key.Line, above+"(key)", "a key that is a list or a mapping: expected a word")
			continue
		case repeated:
			p.faultf(key.Line, name, "repeated: it stands in line %d already", line)
			continue
		}
		first[name] = key.Line
		switch {
		case !slices.Contains(known, name):
			p.warnings = append(p.warnings, fmt.Sprintf("%s: unknown key %s: it is not used%s", p.at(key.Line), quote(name), pythonHint(name, known)))
		case slices.Contains(pythonUnused, name):
			p.unused = append(p.unused, name)
		case !isNull(value):
			fields[name] = field{name, key.Line, value}
		}
	}
	return fields
}

// under reads the keys of a mapping in a mapping; ok is false when it is missing or none.
func (p *python) under(keys map[string]field, name string, known []string) (fields map[string]field, line int, ok bool) {
	f, there := keys[name]
	if !there {
		return nil, p.top, false
	}
	if f.value.Kind != yaml.MappingNode {
		p.faultf(f.line, name, "expected keys such as %s", strings.TrimPrefix(known[0], name+"."))
		return nil, f.line, false
	}
	return p.keys(name+".", f.value, known), f.line, true
}

// merged are the keys and values of a mapping, with those that << brings from others where the mapping does not have them
// itself (YAML 1.1, which the tool reads).
func merged(m *yaml.Node) []*yaml.Node {
	var own, brought []*yaml.Node
	has := map[string]bool{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if key := m.Content[i]; key.Tag != "!!merge" {
			own = append(own, key, m.Content[i+1])
			has[key.Value] = true
		}
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Tag != "!!merge" {
			continue
		}
		from := []*yaml.Node{resolve(m.Content[i+1])}
		if from[0].Kind == yaml.SequenceNode {
			from = from[0].Content
		}
		for _, other := range from {
			other = resolve(other)
			for j := 0; other.Kind == yaml.MappingNode && j+1 < len(other.Content); j += 2 {
				if key := other.Content[j]; key.Tag != "!!merge" && !has[key.Value] {
					brought = append(brought, key, other.Content[j+1])
					has[key.Value] = true
				}
			}
		}
	}
	return append(own, brought...)
}

// set adds a property made of a key.
func (p *python) set(f field, name string, args ...string) {
	at := p.at(f.line)
	p.settings = append(p.settings, Setting{Key: f.name, Name: name, Args: args, At: at.String(), at: at})
}

// missing is a key that the network cannot do without, unless the block has the property itself.
func (p *python) missing(line int, key, property, expected string) {
	if !p.given(property) {
		p.faultf(line, key, "missing: expected %s, or the property %s", expected, property)
	}
}

// path replaces the name of the network in a path.
func (p *python) path(s string) string { return strings.ReplaceAll(s, "{dnet}", p.network) }

// exists says whether a path leads somewhere.
func (p *python) exists(path string) bool {
	_, err := os.Stat(join(p.root, path))
	return err == nil
}

// inside is a file in a directory, written so that it is taken for a file and not for an edge.
func inside(dir, name string) string {
	path := filepath.Join(dir, name)
	if !strings.Contains(path, "/") {
		path = "./" + path
	}
	return path
}

func join(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// PythonNetworks lists the networks of an edgemanage.yaml: the edge lists in its edgelist_dir.
func PythonNetworks(path, root string) ([]string, error) {
	p := &python{file: path, root: root, given: func(string) bool { return true }}
	if err := p.read(); err != nil {
		return nil, err
	}
	dir := ""
	for _, s := range p.settings {
		if s.Name == "edges" {
			dir = filepath.Dir(join(root, filepath.Join(s.Args[0], "x")))
		}
	}
	if dir == "" {
		return nil, fmt.Errorf("reading %q: edgelist_dir: missing or faulty: expected the directory of the edge lists", path)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading edgelist_dir of %q: %w", path, err)
	}
	var networks []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() && validNetwork(e.Name()) {
			networks = append(networks, e.Name())
		}
	}
	if len(networks) == 0 {
		return nil, fmt.Errorf("reading edgelist_dir of %q: no edge list in %q", path, dir)
	}
	return networks, nil
}
