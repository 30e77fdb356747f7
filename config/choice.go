package config

import (
	"math"
	"net/netip"
	"slices"
	"strings"
)

// The properties of the decision.

// MaxEdgeCount is the most that edge_count may be: more addresses than that are too long an answer.
const MaxEdgeCount = 32

func (p *parser) edgeCount(args []string) {
	if n, ok := p.count(args, 1, MaxEdgeCount); ok {
		p.net.EdgeCount = n
	}
}

// minLive leaves the upper end of the range, edge_count, to finish: edge_count may come later in the block.
func (p *parser) minLive(args []string) {
	if n, ok := p.count(args, 1, MaxEdgeCount); ok {
		p.net.MinLive = n
	}
}

func (p *parser) keep(args []string) {
	switch args[0] {
	case "better", "pass_threshold", "pass_window", "pass_average", "pass":
		p.net.Keep = args[0]
	default:
		p.faultf("%s is not a passing grade: expected better, pass_threshold, pass_window, pass_average or pass", quote(args[0]))
	}
}

func (p *parser) maxChanges(args []string) {
	if n, ok := p.count(args, 0, math.MaxInt32); ok {
		p.net.MaxChanges = n
	}
	rest := args[1:]
	if len(rest) > 0 && rest[len(rest)-1] == "strict" {
		p.net.Strict = true
		rest = rest[:len(rest)-1]
	}
	switch len(rest) {
	case 0:
	case 1:
		if d, ok := p.positive(rest[0]); ok {
			p.net.MaxChangesPer = d
		}
	default:
		p.faultf("%s is not a duration and the word strict: expected %q", quote(strings.Join(rest, " ")), p.usage)
	}
}

func (p *parser) fall(args []string) {
	if n, ok := p.count(args, 1, math.MaxInt32); ok {
		p.net.Fall = n
	}
}

func (p *parser) rise(args []string) {
	if n, ok := p.count(args, 1, math.MaxInt32); ok {
		p.net.Rise = n
	}
}

func (p *parser) fallback(args []string) {
	for _, arg := range args {
		addr, err := parseAddr(arg)
		switch {
		case err != nil:
			p.faultf("%w", err)
		case slices.Contains(p.net.Fallback, addr):
			p.faultf("%s is named twice", quote(arg))
		default:
			p.net.Fallback = append(p.net.Fallback, addr)
		}
	}
}

// A source address is no edge's, but has to be as usable.
func (p *parser) source(args []string) {
	addr, err := parseAddr(args[0])
	if err != nil {
		p.faultf("%w", err)
		return
	}
	mine := &p.net.Source6
	if addr.Is4() {
		mine = &p.net.Source4
	}
	if *mine != (netip.Addr{}) {
		p.faultf("%s is a second %s address beside %s: expected at most one of each family", quote(args[0]), familyOf(addr), *mine)
		return
	}
	*mine = addr
}
