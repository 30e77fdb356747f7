package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/includes"
	"github.com/deflect-ca/coredns-edgemanage/config"
)

// newCheckZones makes `edgemanage check-zones`. It exits 1 when an include has a fault, and 2 when something else cannot
// be used.
func newCheckZones() *cobra.Command {
	var network, format string
	var labels []string
	cmd := &cobra.Command{
		Use:   "check-zones COREFILE|DIRECTORY",
		Short: "Check all includes, as the server would read them",
		Long: `Check every <zone>.zone of the includes in COREFILE, or of a DIRECTORY, and
print each fault as path:line: text. A file with a fault is one that the server
would not take up. Warnings are of what it serves as written, but is hardly
meant so. Nothing else of the network need be there: no edge list, no object,
no state.

Exit status 0 says that every include is good (whatever the warnings), 1 that
one has a fault, 2 that the Corefile or the directory cannot be used.`,
		Example: `  edgemanage check-zones /etc/coredns/Corefile
  edgemanage check-zones --label www zones/        # in CI, or before a commit`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.ExactArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return badInput(fmt.Errorf("reading --format %q: expected text or json", format))
			}
			report := includes.NewReport()
			var err error
			if info, statErr := os.Stat(args[0]); statErr == nil && info.IsDir() {
				err = checkDirectory(report, args[0], network, labels)
			} else {
				err = checkCorefile(report, args[0], network, labels)
			}
			if err != nil {
				return badInput(err)
			}
			return printCheck(cmd, report, format)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&network, "network", "A", "", "only the includes of this `network`")
	flags.StringArrayVar(&labels, "label", nil, "with a directory: a `label` that carries live addresses, as labels says; repeatable")
	flags.StringVar(&format, "format", "text", "text or json, one object")
	return cmd
}

func checkDirectory(report *includes.Report, dir, network string, labels []string) error {
	if network != "" {
		return fmt.Errorf("checking directory %q: --network is for a Corefile", dir)
	}
	for i, label := range labels {
		labels[i] = strings.ToLower(label)
		if _, ok := dns.IsDomainName(label); !ok || label == "" || dns.IsFqdn(label) {
			return fmt.Errorf("reading --label %q: expected a name relative to the zones, such as www", label)
		}
	}
	_, err := report.Check(dir, labels)
	return err
}

func checkCorefile(report *includes.Report, corefile, network string, labels []string) error {
	if len(labels) > 0 {
		return errors.New("reading --label: a Corefile has labels of its own: expected a directory")
	}
	blocks, err := config.ReadBlocks(corefile)
	if err != nil {
		return err
	}
	networks, err := pick(config.Networks(blocks), network)
	if err != nil {
		return fmt.Errorf("reading Corefile %q: %w", corefile, err)
	}
	var errs []error
	any := false
	for _, c := range networks {
		if c.Includes == "" {
			continue
		}
		any = true
		served, err := config.ZonesOf(blocks, c.Name)
		errs = append(errs, err)
		zones, err := report.Check(c.Includes, c.Labels)
		errs = append(errs, err)
		for _, zone := range slices.Sorted(maps.Keys(zones)) {
			if !slices.ContainsFunc(served.Keys, func(key string) bool { return dns.IsSubDomain(key, zone) }) {
				report.Warn(includes.Finding{Path: zones[zone], Text: fmt.Sprintf("%s is under no key of the server blocks that serve network %s: no query for it would come there", zone, c.Name)})
			}
		}
	}
	if !any {
		errs = append(errs, fmt.Errorf("reading Corefile %q: no network to check has includes", corefile))
	}
	return errors.Join(errs...)
}

func printCheck(cmd *cobra.Command, r *includes.Report, format string) error {
	print := r.WriteText
	if format == "json" {
		print = func(out io.Writer) error { return printJSON(out, r) }
	}
	if err := print(cmd.OutOrStdout()); err != nil {
		return badInput(err)
	}
	if r.Bad > 0 {
		return fmt.Errorf("includes with a fault: %d of %d", r.Bad, r.Files)
	}
	return nil
}
