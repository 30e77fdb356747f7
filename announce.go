package edgemanage

import (
	"os/exec"

	"github.com/deflect-ca/coredns-edgemanage/network"
)

// announce logs what is odd about a network's configuration, and what an operator may have forgotten.
func (d *definition) announce(s *network.Status) {
	for _, w := range d.config.Warnings {
		log.Warning(w)
	}
	for _, r := range d.config.Runs {
		if _, err := exec.LookPath(r.Argv[0]); err != nil && !d.config.DryRun {
			log.Warningf("%s: run: %v: it will fail until the command is there", r.At, err)
		}
	}
	if f := s.Freeze; f != nil {
		log.Warningf("Network %s is frozen, nothing changes but by an operator: %s; comment %q",
			d.config.Name, network.FreezeChanged{After: f, Author: f.Author, Claimed: f.Claimed}.Reason(), f.Comment)
	}
	if d.config.DryRun {
		log.Infof("Network %s runs dry: nothing is answered and nothing written", d.config.Name)
	}
}
