package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// newReplay makes `edgemanage replay`. It exits 1 when a check finds a
// difference and 2 when a file cannot be used.
func newReplay() *cobra.Command {
	var check bool
	var overrides []string
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Decide recorded rounds anew",
		Long: `Decide the recorded rounds of each FILE anew and print, as one JSON object a
file, the live set, rung and grades of every round with the reason for every edge.

With --check compare with what the file expects instead, print each difference,
and exit 1 when there is one.`,
		Example: `  edgemanage replay --check rounds/*.json
  edgemanage replay --set edge_count=2 --set goodenough=500ms rounds.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.MinimumNArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			return replay(cmd.OutOrStdout(), files, overrides, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "compare with the expected outcome in the files")
	cmd.Flags().StringArrayVar(&overrides, "set", nil, "override a setting of the files, as `name=value`; repeatable")
	return cmd
}

// replay goes on after a file that cannot be used, so that one run shows all faults.
func replay(out io.Writer, files, overrides []string, check bool) error {
	var faults []error
	differences := 0
	for _, file := range files {
		t, err := load(file, overrides)
		if err == nil && check && len(t.Expect) == 0 {
			err = fmt.Errorf("checking %q: it expects nothing", file)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		result := trace.Run(t)
		if check {
			for _, d := range trace.Compare(t, result) {
				differences++
				fmt.Fprintf(out, "%s: %s\n", file, d)
			}
			continue
		}
		if err := printJSON(out, result); err != nil {
			return err
		}
	}
	switch {
	case len(faults) > 0:
		return badInput(errors.Join(faults...))
	case differences > 0:
		return fmt.Errorf("differences from the expected outcome: %d", differences)
	}
	return nil
}

// load reads a trace and overrides its settings.
func load(file string, overrides []string) (trace.Trace, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return trace.Trace{}, fmt.Errorf("reading trace: %w", err)
	}
	t, err := trace.Parse(file, data)
	if err != nil {
		return t, err
	}
	for _, o := range overrides {
		name, value, ok := strings.Cut(o, "=")
		if !ok {
			return t, fmt.Errorf("reading --set %q: want name=value", o)
		}
		if err := t.Settings.Set(name, value); err != nil {
			return t, fmt.Errorf("reading --set %q: %w", o, err)
		}
	}
	if err := t.Settings.Validate(); err != nil {
		return t, fmt.Errorf("overriding settings of %q: %w", file, err)
	}
	return t, nil
}

// printJSON writes v on one line.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}
