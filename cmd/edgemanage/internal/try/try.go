// Package try runs one round of a network as the server would, and reports what came of it.
//
// The round is the server's own: a network.Network in dry run, which reads the state and takes no lock, so that a report
// can be had beside a running server. Every address is probed once, the decision is the one the server would take with
// what it knows, and nothing is written anywhere. Values of request headers are in no report.
package try

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// Round probes each address of the network once, decides, and reports. The error is that of a file without which
// nothing can be tried, or ctx's when it ends before the round does. Files that are faulty and have a last good version
// in the state are in Report.Faults.
func Round(ctx context.Context, c *config.Network) (*Report, error) {
	dry := *c
	dry.DryRun = true
	inputs, err := network.ReadInputs(&dry)
	if err != nil {
		return nil, err
	}
	heard := NewListener()
	n, err := network.New(&dry, inputs, network.Options{
		Prober:   network.NewProber(&dry),
		Resolver: prober.NewResolver(nil),
		Observer: heard,
	})
	if err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	before, err := Published(&dry)
	if err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	if _, err := n.Once(ctx, false); err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	report := NewReport(&dry, n.Status(), before, heard)
	report.Warnings = slices.Concat(c.Warnings, inputs.Notes, heard.warnings)
	for _, f := range inputs.Faults {
		report.Faults = append(report.Faults, f.Err.Error()+"; its last good version was tried")
	}
	return report, nil
}

// Published is what the state says is answered now, by family; none when there is no state.
func Published(c *config.Network) (map[string]state.Family, error) {
	if c.State == "" {
		return nil, nil
	}
	loaded, err := state.Read(filepath.Join(c.State, c.Name))
	if err != nil {
		return nil, err
	}
	defer loaded.Close()
	return loaded.Document.Families, nil
}
