package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/config"
)

// newConvert makes `edgemanage convert`. It exits 2 when the file cannot be used.
func newConvert() *cobra.Command {
	var file, root, network string
	cmd := &cobra.Command{
		Use:   "convert -c edgemanage.yaml",
		Short: "Print the Corefile block that means the same as an edgemanage.yaml",
		Long: `Print the directives of a Corefile that mean the same as the configuration of
the Python edgemanage, for one network or for every edge list in edgelist_dir.

Relative paths are printed as they are: put them under the root of the server
block. What the tool kept (histories, modes, the last live set) is imported by
the property config alone, on the first start with an empty state.

What is not used, or unknown, is told on standard error. Exit status 2 says that
the file cannot be used.`,
		Example: `  edgemanage convert -c /etc/edgemanage/edgemanage.yaml -A mynet`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil || file != "" {
				return badInput(err)
			}
			return badInput(errors.New("no configuration: expected -c edgemanage.yaml"))
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return badInput(convert(cmd.OutOrStdout(), cmd.ErrOrStderr(), file, root, network))
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "config", "c", "", "the edgemanage.yaml, a `file`")
	flags.StringVarP(&network, "network", "A", "", "only this `network`")
	flags.StringVar(&root, "root", "", "`directory` that relative paths of the file are under (default the current one)")
	return cmd
}

// convert prints all networks or none.
func convert(out, notes io.Writer, file, root, network string) error {
	networks := []string{network}
	if network == "" {
		var err error
		if networks, err = config.PythonNetworks(file, root); err != nil {
			return err
		}
	}
	var blocks []func() error
	told := map[string]bool{}
	var faults []error
	for _, name := range networks {
		settings, warnings, err := config.ReadPython(file, root, name)
		if err != nil {
			faults = append(faults, err)
			break // the others would say the same
		}
		for _, w := range warnings {
			if !told[w] {
				told[w] = true
				fmt.Fprintf(notes, "edgemanage: %s\n", w)
			}
		}
		if err := config.Convert(io.Discard, name, settings); err != nil {
			faults = append(faults, err)
		} else if _, err := config.FromPython(file, name, config.Alone{Root: root}); err != nil {
			faults = append(faults, err) // the server would refuse the block
		}
		blocks = append(blocks, func() error { return config.Convert(out, name, settings) })
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, write := range blocks {
		if err := write(); err != nil {
			return fmt.Errorf("writing the block: %w", err)
		}
	}
	return nil
}
