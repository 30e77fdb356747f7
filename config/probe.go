package config

import (
	"math"
	"slices"
	"strings"
)

// The properties of probing.

func (p *parser) edges(args []string) {
	for _, arg := range args {
		source, err := p.edgeSource(arg)
		if err != nil {
			p.faultf("%w", err)
			continue
		}
		if p.hasSource(source) {
			p.warnf("%s is named twice: dropping the second", quote(arg))
			continue
		}
		p.net.Sources = append(p.net.Sources, source)
	}
}

// edgeSource tells a file from an edge by the slash. The file is not read: it may change, and a network goes on with its
// last good version when it turns bad.
func (p *parser) edgeSource(arg string) (Source, error) {
	if strings.Contains(arg, "/") {
		file, err := p.path(arg)
		return Source{File: file}, err
	}
	edge, err := parseEdge([]string{arg})
	edge.File, edge.Line = p.at.file, p.at.line
	return Source{Edge: edge}, err
}

func (p *parser) hasSource(source Source) bool {
	return slices.ContainsFunc(p.net.Sources, func(s Source) bool {
		return s.File == source.File && s.Edge.Name == source.Edge.Name
	})
}

func (p *parser) interval(args []string) {
	if d, ok := p.positive(args[0]); ok {
		p.net.Interval = d
	}
}

func (p *parser) allowShortInterval([]string) { p.net.AllowShortInterval = true }

func (p *parser) timeout(args []string) {
	if d, ok := p.positive(args[0]); ok {
		p.net.Timeout = d
	}
}

func (p *parser) retry(args []string) {
	if n, ok := p.count(args, 1, math.MaxInt32); ok {
		p.net.Retry = n
	}
}

func (p *parser) workers(args []string) {
	if n, ok := p.count(args, 1, math.MaxInt32); ok {
		p.net.Workers = n
	}
}

func (p *parser) goodEnough(args []string) {
	if d, ok := p.positive(args[0]); ok {
		p.net.GoodEnough = d
	}
}

func (p *parser) window(args []string) {
	if d, ok := p.positive(args[0]); ok {
		p.net.Window = d
	}
}

// maxHistory bounds the memory of a network: each edge keeps that many samples a family.
const maxHistory = 100_000

func (p *parser) history(args []string) {
	if n, ok := p.count(args, 1, maxHistory); ok {
		p.net.History = n
	}
}

func (p *parser) families(args []string) {
	for _, f := range []Families{Both, IPv4, IPv6} {
		if args[0] == f.String() {
			p.net.Families = f
			return
		}
	}
	p.faultf("%s is not a choice of families: expected both, ipv4 or ipv6", quote(args[0]))
}

func (p *parser) insecureSkipVerify([]string) { p.net.InsecureSkipVerify = true }

func (p *parser) state(args []string) {
	dir, err := p.path(args[0])
	if err != nil {
		p.faultf("%w", err)
		return
	}
	p.net.State = dir
}

func (p *parser) dryRun([]string) { p.net.DryRun = true }
