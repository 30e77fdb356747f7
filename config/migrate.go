package config

import (
	"fmt"
	"strings"
)

// The properties of a site that comes from the Python edgemanage.

func (p *parser) config(args []string) {
	file, err := p.path(args[0])
	if err != nil {
		p.faultf("%w", err)
		return
	}
	p.python = file
}

// fromPython reads the properties that an edgemanage.yaml gives. Those of the block win, wherever they stand in it.
func (p *parser) fromPython() {
	if p.python == "" {
		return
	}
	inBlock := map[string]bool{}
	for name := range p.seen {
		inBlock[name] = true
	}
	py := &python{network: p.net.Name, file: p.python, root: p.root, given: func(name string) bool { return inBlock[name] }}
	if err := py.read(); err != nil {
		p.at, p.name = p.seen["config"], "config"
		p.faultf("%w", err)
	}
	p.adopt(py, inBlock)
}

// adopt reads the settings of an edgemanage.yaml, but for those that stand in the block.
func (p *parser) adopt(py *python, inBlock map[string]bool) {
	p.net.Warnings = append(p.net.Warnings, py.warnings...)
	p.faults = append(p.faults, py.sorted()...)
	p.keys = map[string]string{}
	for _, s := range py.settings {
		if inBlock[s.Name] {
			continue
		}
		p.at, p.name, p.key = s.at, s.Name, ""
		if s.Key != "" {
			p.key = s.Key + ": "
			p.keys[s.Name] = p.key
		}
		p.property(s.Args, false)
	}
	if len(py.faults) > 0 || p.faulty["config"] {
		// What could not be read is not missing.
		for _, name := range []string{"edges", "object", "ns"} {
			if _, ok := p.seen[name]; !ok {
				p.seen[name], p.faulty[name] = p.seen["config"], true
			}
		}
	}
	p.key = ""
	p.net.Import = &py.imports
}

func (p *parser) liveList(args []string) {
	name := strings.NewReplacer("{network}", p.net.Name, "{dnet}", p.net.Name).Replace(args[0])
	file, err := p.path(name)
	if err == nil && strings.HasSuffix(name, "/") {
		err = fmt.Errorf("%s is a directory: expected a file", quote(args[0]))
	}
	if err != nil {
		p.faultf("%w", err)
		return
	}
	p.net.LiveList = file
}

func (p *parser) legacy(args []string) {
	dir, err := p.path(args[0])
	if err != nil {
		p.faultf("%w", err)
		return
	}
	p.net.Legacy = dir
}

func (p *parser) rotateEvery(args []string) {
	if d, ok := p.positive(args[0]); ok {
		p.net.RotateEvery = d
	}
}
