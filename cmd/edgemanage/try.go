package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/try"
	"github.com/deflect-ca/coredns-edgemanage/config"
)

// newTry makes `edgemanage try`. It exits 1 when a network has too few edges that pass (a rung below short), and 2 when
// a file cannot be used.
func newTry() *cobra.Command {
	var network, format string
	cmd := &cobra.Command{
		Use:   "try COREFILE",
		Short: "Probe and decide once, as the server would, and write nothing",
		Long: `Probe every edge of the networks in COREFILE once, decide with what the state
knows, and print each edge with its grade and the reason it would be in or out.
Nothing is written and no lock is taken, so a server may run on the same state.

Exit status 0 says that each network has enough edges that pass, 1 that one has
not, 2 that a file cannot be used.`,
		Example: `  edgemanage try /etc/coredns/Corefile
  edgemanage try -A web --format json Corefile`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.ExactArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return badInput(fmt.Errorf("reading --format %q: expected table or json", format))
			}
			networks, err := config.ReadCorefile(args[0])
			if err != nil {
				return badInput(err)
			}
			if networks, err = pick(networks, network); err != nil {
				return badInput(fmt.Errorf("reading Corefile %q: %w", args[0], err))
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return tryAll(ctx, cmd, networks, format)
		},
	}
	cmd.Flags().StringVarP(&network, "network", "A", "", "only this `network`")
	cmd.Flags().StringVar(&format, "format", "table", "table or json, one object a network")
	return cmd
}

// pick returns the named network, or all when name is empty.
func pick(networks []config.Network, name string) ([]config.Network, error) {
	if name == "" {
		return networks, nil
	}
	var names []string
	for _, n := range networks {
		if n.Name == name {
			return []config.Network{n}, nil
		}
		names = append(names, n.Name)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("there is no network %q: expected one of %s", name, strings.Join(names, ", "))
}

// tryAll tries the networks at once, and reports in their order. A network that cannot be tried keeps no other from it.
func tryAll(ctx context.Context, cmd *cobra.Command, networks []config.Network, format string) error {
	reports := make([]*try.Report, len(networks))
	errs := make([]error, len(networks))
	var tries sync.WaitGroup
	for i := range networks {
		tries.Go(func() { reports[i], errs[i] = try.Round(ctx, &networks[i]) })
	}
	tries.Wait()
	if ctx.Err() != nil {
		return errors.Join(errs...)
	}
	var low []string
	for i, r := range reports {
		if r == nil {
			continue
		}
		if err := printReport(cmd, r, format, i > 0); err != nil {
			return err
		}
		for _, f := range r.Faults {
			errs = append(errs, errors.New(f))
		}
		if !r.OK() {
			low = append(low, r.Network)
		}
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		return badInput(err)
	case len(low) > 0:
		return fmt.Errorf("too few edges pass in: %s", strings.Join(low, ", "))
	}
	return nil
}

func printReport(cmd *cobra.Command, r *try.Report, format string, follows bool) error {
	out := cmd.OutOrStdout()
	if format == "json" {
		return printJSON(out, r)
	}
	if follows {
		fmt.Fprintln(out)
	}
	return r.WriteText(out)
}
