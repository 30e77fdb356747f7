package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// newHistory makes `edgemanage history`.
func newHistory(c clock) *cobra.Command {
	var limit int
	var trace, family string
	cmd := &cobra.Command{
		Use:   "history EDGE | history --trace FILE",
		Short: "List an edge's last probes, or record a network's rounds for replay",
		Long: `List the last probes of EDGE on each of its addresses, the newest last.

With --trace write the rounds that the network remembers to FILE (- is standard
output), for edgemanage replay: it answers what would have happened with other
settings. A file that is there already is replaced as a whole, or not at all;
what is no file, such as a pipe, is written to.
` + exitStatus,
		Example: `  edgemanage history edge3.example.net
  edgemanage history --trace rounds.json
  edgemanage replay rounds.json --set edge_count=6 --set goodenough=500ms`,
	}
	s := newServer(cmd, c, "table", "csv", "json")
	s.wait(cmd, traceTime)
	f := cmd.Flags()
	f.IntVarP(&limit, "limit", "n", 20, "at most this `number` a family")
	f.StringVar(&trace, "trace", "", "write the recorded rounds of the network to this `file`")
	f.StringVar(&family, "family", "", "of this `family`, ipv4 or ipv6; needed for --trace when the network has edges of both")
	complete(cmd, "family", "ipv4", "ipv6")
	completeArgs(cmd, s)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if trace == "" {
			return oneArg(cmd, args)
		}
		return noArgs(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFamily(family); err != nil {
			return badInput(err)
		}
		ctx, cancel := s.asking(cmd.Context())
		defer cancel()
		if trace != "" {
			for _, flag := range []string{"limit", "format"} {
				if cmd.Flags().Changed(flag) {
					return badInput(fmt.Errorf("reading --%s: it is not for --trace, which writes all rounds in one format", flag))
				}
			}
			return s.trace(ctx, cmd.OutOrStdout(), trace, family)
		}
		if err := checkLimit(limit); err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		h, err := s.client().History(ctx, s.network, args[0], limit)
		if err != nil {
			return asked(err)
		}
		if family != "" {
			h.Series = only(h.Series, family)
		}
		if s.format == "csv" {
			return historyCSV(out, h)
		}
		return s.print(out, p, h, func() { p.History(h) })
	}
	s.orFile(cmd, "c", "state")
	return cmd
}

// only returns the series of a family.
func only(all []control.Series, family string) []control.Series {
	kept := []control.Series{}
	for _, s := range all {
		if s.Family == family {
			kept = append(kept, s)
		}
	}
	return kept
}

func historyCSV(out io.Writer, h control.History) error {
	rows := [][]string{{"network", "edge", "family", "address", "at", "seconds", "failed"}}
	for _, series := range h.Series {
		for _, sample := range series.Samples {
			rows = append(rows, []string{
				h.Network, h.Edge, series.Family, series.Address, stamp(sample.At), decimal(sample.Seconds), strconv.FormatBool(sample.Failed),
			})
		}
	}
	return writeCSV(out, rows)
}

// trace writes the recorded rounds of a family to a file as they come.
func (s *server) trace(ctx context.Context, out io.Writer, file, family string) error {
	var refused error // by the server, as against the file
	fetch := func(w io.Writer) error {
		to := &remembering{Writer: w}
		err := s.client().Trace(ctx, s.network, family, to)
		if to.err != nil {
			return to.err
		}
		refused = asked(err)
		return refused
	}
	var err error
	if file == "-" {
		err = fetch(out)
	} else {
		err = writeFile(file, fetch)
	}
	if err != nil && refused == nil {
		return fmt.Errorf("writing trace %q: %w", file, err)
	}
	return refused
}

// remembering keeps the error of a Writer.
type remembering struct {
	io.Writer
	err error
}

func (r *remembering) Write(p []byte) (int, error) {
	n, err := r.Writer.Write(p)
	if err != nil {
		r.err = err
	}
	return n, err
}

func checkLimit(n int) error {
	if n < 1 {
		return badInput(fmt.Errorf("reading --limit %d: expected 1 or more", n))
	}
	return nil
}
