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
	"time"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// lookEvery is how often the network is asked whether its round is over.
const lookEvery = 10 * time.Millisecond

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
	heard := newListener()
	n, err := network.New(&dry, inputs, network.Options{
		Prober:   &once{Prober: network.NewProber(&dry)},
		Resolver: prober.NewResolver(nil),
		Observer: heard,
	})
	if err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	before, err := published(&dry)
	if err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	if err := n.Start(nil); err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	err = wait(ctx, n)
	n.Stop().Close()
	if err != nil {
		return nil, fmt.Errorf("trying network %s: %w", c.Name, err)
	}
	report := newReport(&dry, n.Status(), before, heard)
	report.Warnings = slices.Concat(c.Warnings, inputs.Notes, heard.warnings)
	for _, f := range inputs.Faults {
		report.Faults = append(report.Faults, f.Err.Error()+"; its last good version was tried")
	}
	return report, nil
}

// wait returns when every edge has had its turn and the decision on all of them is taken.
func wait(ctx context.Context, n *network.Network) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for n.Status().LastRound.IsZero() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// published is what the state says is answered now, by family; none when there is no state.
func published(c *config.Network) (map[string]state.Family, error) {
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
