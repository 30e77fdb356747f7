package main

import (
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// newCanaries makes `edgemanage canaries`.
func newCanaries(c clock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "canaries",
		Short: "List the canaries of zones, and whether they are used",
		Long: `List the canary of each zone that has one: whether it is used, its grade and
latency, whose place it has, and why; and the modes that operators gave to any.
` + exitStatus,
		Example: `  edgemanage canaries -A web`,
		Args:    noArgs,
	}
	s := newServer(cmd, c, "table", "csv", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		ctx, cancel := s.asking(cmd.Context())
		defer cancel()
		canaries, err := s.client().Canaries(ctx, s.network)
		if err != nil {
			return asked(err)
		}
		if s.format == "csv" {
			return canariesCSV(out, canaries)
		}
		return s.print(out, p, canaries, func() { p.Canaries(canaries) })
	}
	s.orFile(cmd, "c", "state")
	return cmd
}

func canariesCSV(out io.Writer, canaries control.Canaries) error {
	rows := [][]string{{"network", "zone", "canary", "family", "address", "active", "displaced", "grade", "last_seconds", "last_failed", "outcome", "window_seconds", "reason",
		"mode", "comment", "author", "claimed", "mode_at", "mode_expires"}}
	for _, c := range canaries.Canaries {
		e := c.Edge
		rows = append(rows, []string{
			canaries.Network, c.Zone, e.Edge, e.Family, e.Address, strconv.FormatBool(c.Active), c.Displaced, e.Grade, decimal(e.LastSeconds), strconv.FormatBool(e.LastFailed), e.Outcome, decimal(e.WindowSeconds), c.Reason,
			e.Mode.Mode, e.Mode.Comment, e.Mode.Author, e.Mode.Claimed, stamp(e.Mode.At), stamp(e.Mode.Expires),
		})
	}
	return writeCSV(out, rows)
}
