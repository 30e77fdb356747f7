// Package once runs one round of a network for cron: it reads the configuration, runs network.Once, and says what came of it.
//
// What a person has to know goes to Out, what a person has to do something about to Errs; a round in which nothing changed
// says nothing. Values of headers and arguments of commands are in neither.
package once

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/try"
	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/prober"
)

// Options say how to run a round.
type Options struct {
	DryRun  bool // write and run nothing
	Force   bool // also right after another round
	Verbose bool // say what became of each edge
	Out     io.Writer
	Errs    io.Writer
}

// Outcome is what came of a round.
type Outcome struct {
	Failures   []error  // what could not be written
	Unanswered []string // families for which there is nothing to answer with
	Commands   int      // that failed, which has been said
}

// Run runs a round. The error is of one that did not take place; see network.Once.
func Run(ctx context.Context, site *Site, o Options) (*Outcome, error) {
	c := *site.Network
	c.DryRun = c.DryRun || o.DryRun
	inputs, err := network.ReadInputs(&c)
	if err != nil {
		return nil, err
	}
	heard := &listener{Listener: try.NewListener(), network: c.Name, out: o.Out, errs: o.Errs, dry: c.DryRun, verbose: o.Verbose}
	n, err := network.New(&c, inputs, network.Options{
		Prober: network.NewProber(&c), Resolver: prober.NewResolver(nil), Observer: heard, Zones: site.Zones, Claimed: site.Claimed,
	})
	if err != nil {
		return nil, fmt.Errorf("running network %s once: %w", c.Name, err)
	}
	failures, err := n.Once(ctx, o.Force)
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Failures: failures, Commands: heard.failed, Unanswered: unanswered(n.Status())}
	switch {
	case o.Verbose:
		report := try.NewReport(&c, n.Status(), nil, heard.Listener)
		report.Warnings = inputs.Notes // those of the configuration are told of by the round
		if err := report.WriteText(o.Out); err != nil {
			return outcome, err
		}
		writeRest(o.Out, n.Status())
		fmt.Fprintf(o.Out, "\nstate: %s\n", filepath.Join(c.State, c.Name))
		if c.DryRun {
			fmt.Fprintln(o.Out, "nothing was written or run")
		}
	case c.DryRun && heard.told == 0:
		fmt.Fprintf(o.Out, "%s: nothing would change\n", c.Name)
	}
	return outcome, nil
}

// unanswered are the families that nobody is answered in although they have edges; all, when no family has any.
func unanswered(s *network.Status) (families []string) {
	empty := true
	for _, f := range s.Families {
		empty = empty && f.Coverage == network.Empty
		if f.Coverage == network.Undecided {
			families = append(families, f.Family.String())
		}
	}
	if empty {
		for _, f := range s.Families {
			families = append(families, f.Family.String())
		}
	}
	return families
}

// writeRest writes what stands in no table of a family.
func writeRest(out io.Writer, s *network.Status) {
	if len(s.Unresolved) > 0 {
		fmt.Fprintf(out, "\nwithout an address: %s\n", strings.Join(s.Unresolved, " "))
	}
	if len(s.Canaries) > 0 {
		fmt.Fprintln(out, "\ncanaries:")
	}
	for _, c := range s.Canaries {
		fmt.Fprintf(out, "  %s %s: %s, %s\n", c.Zone, c.Edge.Name, c.Edge.Grade, c.Reason)
	}
}
