package config

import (
	"fmt"

	"github.com/coredns/caddy/caddyfile"
)

// A parser is at work on one directive.
type parser struct {
	d      *caddyfile.Dispenser
	root   string
	net    Network
	seen   map[string]position // where each property stands first
	faulty map[string]bool     // properties with a fault; checks that combine properties leave them out
	faults []error

	python string            // the file of the property config, with the root
	keys   map[string]string // of it, by the property made of each

	// The property being read, and the key of an edgemanage.yaml that it was made of, with a colon, or "".
	at    position
	key   string
	name  string
	usage string
}

func (p *parser) here() position { return position{p.d.File(), p.d.Line()} }

// faultf records a fault of the property being read.
func (p *parser) faultf(format string, args ...any) {
	p.faulty[p.name] = true
	p.faults = append(p.faults, fmt.Errorf("%s: %s%s: %w", p.at, p.key, p.name, fmt.Errorf(format, args...)))
}

// warnf records a warning about the property being read.
func (p *parser) warnf(format string, args ...any) {
	p.net.Warnings = append(p.net.Warnings, fmt.Sprintf("%s: %s%s: %s", p.at, p.key, p.name, fmt.Sprintf(format, args...)))
}

// body reads properties up to the closing brace. Braces are counted wherever they stand, as caddyfile.Parse does when it
// decides which words belong to the directive; Dispenser.NextBlock knows no depth and would lose count.
func (p *parser) body() {
	for p.d.Next() {
		p.at, p.name = p.here(), p.d.Val()
		switch p.name {
		case "}":
			return
		case "{":
			p.faults = append(p.faults, fmt.Errorf("%s: unexpected brace: expected a property", p.at))
			p.skipBlock()
			continue
		}
		args, nested, closed := p.arguments()
		p.property(args, nested)
		if closed {
			return
		}
	}
	p.faults = append(p.faults, fmt.Errorf("%s: no closing brace: expected %q", p.here(), directiveUsage))
}

// arguments reads the rest of the line. nested tells that a block stood there, which no property has, and closed that
// the body was closed on this line.
func (p *parser) arguments() (args []string, nested, closed bool) {
	for p.d.NextArg() {
		switch p.d.Val() {
		case "}":
			return args, nested, true
		case "{":
			nested = true
			p.skipBlock()
		default:
			args = append(args, p.d.Val())
		}
	}
	return args, nested, false
}

// skipBlock goes to the brace that closes the one under the cursor.
func (p *parser) skipBlock() {
	for depth := 1; depth > 0 && p.d.Next(); {
		switch p.d.Val() {
		case "{":
			depth++
		case "}":
			depth--
		}
	}
}

// property reads one line of the body.
func (p *parser) property(args []string, nested bool) {
	spec, ok := properties[p.name]
	if !ok {
		p.faults = append(p.faults, fmt.Errorf("%s: unknown property %s%s", p.at, quote(p.name), suggestion(p.name)))
		return
	}
	p.usage = spec.usage
	first, repeated := p.seen[p.name]
	if !repeated {
		p.seen[p.name] = p.at
	}
	switch {
	case nested:
		p.faultf("unexpected brace: expected %q", p.usage)
	case repeated && !spec.repeatable:
		p.faultf("repeated: it stands at %s already", first)
	case len(args) < spec.least || len(args) > spec.most:
		// The arguments are not shown: they may be the value of a header, unquoted.
		p.faultf("%s: expected %q", countOf(len(args)), p.usage)
	default:
		spec.read(p, args)
	}
}

func countOf(n int) string {
	switch n {
	case 0:
		return "no argument"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}
