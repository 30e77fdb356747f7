package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/coredns/caddy/caddyfile"
)

// maxCorefile bounds what is taken for a Corefile, in bytes.
const maxCorefile = 64 << 20

// A Block is what a Corefile says of edgemanage in one server block.
type Block struct {
	Keys       []string // as written, ports and all
	Directives []Directive
}

// ReadCorefile reads the networks that a Corefile defines, in its order, without a server. Relative paths are joined with
// the root directive of their server block, as the server does. The error joins all faults: those of every edgemanage
// directive, a network that two bodies define, one named twice in a server block, and one that nothing defines. A
// Corefile without a network is one too. What concerns other plugins, and the zones, is not looked at.
func ReadCorefile(path string) ([]Network, error) {
	blocks, err := ReadBlocks(path)
	return Networks(blocks), err
}

// ReadBlocks reads what ReadCorefile does, and leaves it in its server blocks, which say what zones are served.
func ReadBlocks(path string) ([]Block, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading Corefile %q: %w", path, cause(err))
	}
	defer f.Close()
	// Read whole first: the lexer panics on an error of its reader.
	text, err := readAll(f, maxCorefile)
	if err != nil {
		return nil, fmt.Errorf("reading Corefile %q: %w", path, err)
	}
	parsed, err := caddyfile.Parse(path, bytes.NewReader(text), nil)
	if err != nil {
		return nil, fmt.Errorf("reading Corefile %q: %w", path, err)
	}
	var blocks []Block
	var all [][]Directive
	var faults []error
	for _, block := range parsed {
		directives, errs := parseBlock(path, block)
		blocks = append(blocks, Block{block.Keys, directives})
		all = append(all, directives)
		faults = append(faults, errs...)
	}
	faults = append(faults, CheckDefinitions(all...)...)
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if len(Networks(blocks)) == 0 {
		return nil, fmt.Errorf("reading Corefile %q: no network: expected %q", path, directiveUsage)
	}
	return blocks, nil
}

// Networks are the networks that server blocks define, in their order.
func Networks(blocks []Block) []Network {
	var networks []Network
	for _, block := range blocks {
		for _, d := range block.Directives {
			if d.Body != nil {
				networks = append(networks, *d.Body)
			}
		}
	}
	return networks
}

func parseBlock(path string, block caddyfile.ServerBlock) ([]Directive, []error) {
	root := ""
	// Of several the last counts, as in the root plugin; what else is wrong with them is the server's to say.
	for d := caddyfile.NewDispenserTokens(path, block.Tokens["root"]); d.Next(); {
		if d.NextArg() {
			root = d.Val()
		}
	}
	var directives []Directive
	var faults []error
	for d := caddyfile.NewDispenserTokens(path, block.Tokens["edgemanage"]); d.Next(); {
		directive, errs := ParseDirective(&d, root)
		directives = append(directives, directive)
		faults = append(faults, errs...)
	}
	return directives, append(faults, CheckBlock(directives)...)
}
