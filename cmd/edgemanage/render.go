package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/render"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// rendering is what `edgemanage render` is asked for.
type rendering struct {
	network string
	zones   []string
	live    []string
	dir     string
}

// newRender makes `edgemanage render`. It exits 1 when a zone is not complete, and 2 when a file cannot be used.
func newRender() *cobra.Command {
	var r rendering
	cmd := &cobra.Command{
		Use:   "render COREFILE",
		Short: "Print the zone files that the server would write, without a server",
		Long: `Print the complete zone files of the networks in COREFILE, or write them into a
directory, as the server would if it started now: with the live addresses,
canaries and serials that the state knows. The state is read only and no lock
is taken, so a server may run on the same state.

A zone without live addresses (there is no saved state, and no --live), or
whose include is bad with no good version known, is one that the server writes
nowhere. It is printed as far as it goes, with a comment, and not written.

Exit status 0 says that all zones are complete, 1 that one is not, 2 that a
file cannot be used.`,
		Example: `  edgemanage render --zone example.org /etc/coredns/Corefile
  edgemanage render --live 192.0.2.1 --live 192.0.2.2 -o out Corefile`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.ExactArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&r.network, "network", "A", "", "only this `network`")
	flags.StringArrayVar(&r.zones, "zone", nil, "only this `zone`; repeatable")
	flags.StringArrayVar(&r.live, "live", nil, "answer this `address` instead of what the state knows, without canaries; repeatable")
	flags.StringVarP(&r.dir, "output-dir", "o", "", "write <zone>.zone into this `directory` instead of printing")
	return cmd
}

func (r *rendering) run(cmd *cobra.Command, corefile string) error {
	var live []netip.Addr
	for _, s := range r.live {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.Is4In6() {
			return badInput(fmt.Errorf("reading --live %q: expected an address", s))
		}
		live = append(live, a)
	}
	blocks, err := config.ReadBlocks(corefile)
	if err != nil {
		return badInput(err)
	}
	networks, err := pick(config.Networks(blocks), r.network)
	if err != nil {
		return badInput(fmt.Errorf("reading Corefile %q: %w", corefile, err))
	}
	var zones []render.Zone
	var faults []error
	for i := range networks {
		c := &networks[i]
		if r.dir != "" && sameDirectory(r.dir, c.Includes) {
			return badInput(fmt.Errorf("writing into %q: the includes of network %s are there", r.dir, c.Name))
		}
		made, err := r.make(cmd.ErrOrStderr(), blocks, c, live)
		zones, faults = append(zones, made...), append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return badInput(err)
	}
	if zones, err = r.choose(zones); err != nil {
		return badInput(err)
	}
	if r.dir != "" {
		err = writeZones(r.dir, zones)
	} else {
		err = printZones(cmd.OutOrStdout(), zones)
	}
	if err != nil {
		return badInput(err)
	}
	return incomplete(zones)
}

// make makes the zones of one network, and shows its warnings.
func (r *rendering) make(stderr io.Writer, blocks []config.Block, c *config.Network, live []netip.Addr) ([]render.Zone, error) {
	served, err := config.ZonesOf(blocks, c.Name)
	if err != nil {
		return nil, err
	}
	zones, warnings, err := render.Zones(c, served.Named, live)
	for _, w := range warnings {
		fmt.Fprintf(stderr, "warning: network %s: %s\n", c.Name, w)
	}
	return zones, err
}

// choose leaves the zones asked for. Each must be of one network: there is one file a zone.
func (r *rendering) choose(zones []render.Zone) ([]render.Zone, error) {
	owners := map[string]string{}
	var faults []error
	for _, z := range zones {
		if other, twice := owners[z.Name]; twice && r.wants(z.Name) {
			faults = append(faults, fmt.Errorf("rendering zone %s: networks %s and %s have it: expected one of them as --network", z.Name, other, z.Network))
		}
		owners[z.Name] = z.Network
	}
	for _, zone := range r.zones {
		if owners[qualified(zone)] == "" {
			faults = append(faults, fmt.Errorf("rendering zone %q: no network has it", zone))
		}
	}
	return slices.DeleteFunc(zones, func(z render.Zone) bool { return !r.wants(z.Name) }), errors.Join(faults...)
}

// wants says whether a zone is asked for.
func (r *rendering) wants(zone string) bool {
	return len(r.zones) == 0 || slices.ContainsFunc(r.zones, func(z string) bool { return qualified(z) == zone })
}

func qualified(zone string) string { return strings.ToLower(strings.TrimSuffix(zone, ".")) + "." }

func printZones(out io.Writer, zones []render.Zone) error {
	for i, z := range zones {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if z.Withheld != "" {
			// Before the mark that makes a file the server's own, so that what is copied by hand is not taken for one.
			fmt.Fprintf(out, "; incomplete, the server would not write this zone: %s\n", z.Withheld)
		}
		if err := zonefile.Render(out, z.Name, z.Records); err != nil {
			return err
		}
	}
	return nil
}

func writeZones(path string, zones []render.Zone) error {
	dir, err := zonefile.OpenDirectory(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	var errs []error
	for _, z := range zones {
		if z.Withheld == "" {
			_, err := dir.Put(z.Name, z.Records)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// incomplete is the error that names the zones the server would not write, by reason.
func incomplete(zones []render.Zone) error {
	names := map[string][]string{}
	for _, z := range zones {
		if z.Withheld != "" {
			reason := fmt.Sprintf("network %s: %s", z.Network, z.Withheld)
			names[reason] = append(names[reason], z.Name)
		}
	}
	var errs []error
	for _, reason := range slices.Sorted(maps.Keys(names)) {
		errs = append(errs, fmt.Errorf("incomplete: %s: %s", reason, some(names[reason])))
	}
	return errors.Join(errs...)
}

// some names as many as anybody reads.
func some(names []string) string {
	const most = 5
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], " "), more)
	}
	return strings.Join(names, " ")
}

// sameDirectory says whether two paths lead to one directory.
func sameDirectory(a, b string) bool {
	ia, errA := os.Stat(a)
	ib, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(ia, ib)
}
