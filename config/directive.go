package config

import (
	"fmt"
	"strings"

	"github.com/coredns/caddy/caddyfile"
)

// A Directive is one edgemanage directive of a server block. Without a body it serves a network that another defines.
type Directive struct {
	Network  string
	ZoneArgs []string // as written: expanding and checking them takes the keys of the server block
	Body     *Network // nil when there are no braces
	File     string
	Line     int // of the word edgemanage, from 1
}

const (
	maxNetworkName     = 63
	networkFirst       = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	networkCharacters  = networkFirst + "._-"
	directiveUsage     = "edgemanage NETWORK [ZONES...] { ... }"
	networkNameGrammar = "letters, digits, dots, underscores and hyphens, at most 63, the first a letter or digit"
)

// ParseDirective reads the directive whose first word is under the cursor of d. Relative paths are joined with root. All
// of the directive is consumed whatever its faults, so that the next call of d.Next finds the next directive. Each error
// is one fault, with file and line; with any the Directive must not be used, but to go on looking for faults.
func ParseDirective(d *caddyfile.Dispenser, root string) (Directive, []error) {
	p := &parser{d: d, root: root, seen: map[string]position{}, faulty: map[string]bool{}}
	start := p.here()
	dir := Directive{File: start.file, Line: start.line}
	p.at, p.name = start, "edgemanage"

	words, open := p.header()
	if len(words) == 0 {
		p.faultf("no network: expected %q", directiveUsage)
	} else {
		dir.Network, dir.ZoneArgs = words[0], words[1:]
		p.checkHeader(words)
	}
	if open {
		p.net = defaults()
		p.net.Name, p.net.File, p.net.Line = dir.Network, dir.File, dir.Line
		p.body()
		p.at, p.name = start, "edgemanage"
		p.trailing()
		p.fromPython()
		p.finish(start)
		dir.Body = &p.net
	}
	return dir, p.faults
}

// header reads the words before the body and tells whether one begins.
func (p *parser) header() (words []string, open bool) {
	for p.d.NextArg() {
		if p.d.Val() == "{" {
			return words, true
		}
		words = append(words, p.d.Val())
	}
	return words, false
}

func (p *parser) checkHeader(words []string) {
	name := words[0]
	if !validNetwork(name) {
		p.faultf("%s is not the name of a network: expected %s", quote(name), networkNameGrammar)
	}
	for _, zone := range words[1:] {
		// "{}" is a word of its own to the lexer, and never meant as a zone.
		if zone == "" || strings.ContainsAny(zone, "{} \t\n") {
			p.faultf("%s is not a zone: expected %q", quote(zone), directiveUsage)
		}
	}
}

// validNetwork says whether a word can be the name of a network.
func validNetwork(name string) bool {
	return len(name) <= maxNetworkName && name != "" && strings.Contains(networkFirst, name[:1]) && strings.Trim(name, networkCharacters) == ""
}

// trailing refuses what stands behind the closing brace on its line; left there it would be taken for a directive.
func (p *parser) trailing() {
	for p.d.NextArg() {
		p.at = p.here()
		p.faultf("unexpected %s after the closing brace", quote(p.d.Val()))
		if p.d.Val() == "{" {
			p.skipBlock()
		}
	}
}

// A position is a line of the Corefile or of a file imported into it.
type position struct {
	file string
	line int
}

func (at position) String() string { return fmt.Sprintf("%s:%d", at.file, at.line) }

// quote makes an operand fit for a message: on one line, and short whatever was written.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
