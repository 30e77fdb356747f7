package config

import "fmt"

// checkShared finds networks that share a control socket and give it to different groups: the socket has one. It is given
// the directives of each server block.
func checkShared(blocks [][]Directive) (faults []error) {
	first := map[string]*Network{}
	for _, directives := range blocks {
		for _, d := range directives {
			n := d.Body
			if n == nil || n.Control == "" {
				continue
			}
			f, ok := first[n.Control]
			switch {
			case !ok:
				first[n.Control] = n
			case f.ControlGroup != n.ControlGroup:
				faults = append(faults, fmt.Errorf("%s: control: %s is the socket of network %q too (%s), %s: expected the same group",
					n.ControlAt, quote(n.Control), f.Name, f.ControlAt, groupText(f)))
			}
		}
	}
	return faults
}

func groupText(n *Network) string {
	if n.ControlGroup == "" {
		return "without a group"
	}
	return "of group " + quote(n.ControlGroup)
}
