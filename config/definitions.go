package config

import "fmt"

// CheckBlock finds the networks that stand more than once in one server block, whose directives these are.
func CheckBlock(directives []Directive) []error {
	var faults []error
	first := map[string]Directive{}
	for _, d := range directives {
		if d.Network == "" {
			continue // the fault has been told
		}
		if f, ok := first[d.Network]; ok {
			faults = append(faults, d.faultf("network %q stands in this server block at %s already", d.Network, f.position()))
			continue
		}
		first[d.Network] = d
	}
	return faults
}

// CheckDefinitions finds the networks that bodies in two server blocks define, those that none defines, and those that
// share a control socket but not its group. It is given the directives of each block; a network that stands twice in one
// is left to CheckBlock.
func CheckDefinitions(blocks ...[]Directive) []error {
	type definition struct {
		Directive
		block int
	}
	var faults []error
	defined := map[string]definition{}
	for i, directives := range blocks {
		for _, d := range directives {
			if d.Body == nil || d.Network == "" {
				continue
			}
			f, ok := defined[d.Network]
			switch {
			case !ok:
				defined[d.Network] = definition{d, i}
			case f.block != i:
				faults = append(faults, d.faultf("network %q is defined at %s already: expected its name without a body", d.Network, f.position()))
			}
		}
	}
	for _, directives := range blocks {
		for _, d := range directives {
			if _, ok := defined[d.Network]; !ok && d.Network != "" {
				faults = append(faults, d.faultf("network %q is defined nowhere: expected a body here or in another server block", d.Network))
			}
		}
	}
	return append(faults, checkShared(blocks)...)
}

func (d Directive) position() position { return position{d.File, d.Line} }

func (d Directive) faultf(format string, args ...any) error {
	return fmt.Errorf("%s: edgemanage: %s", d.position(), fmt.Sprintf(format, args...))
}
