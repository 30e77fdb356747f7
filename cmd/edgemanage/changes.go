package main

import (
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// newChanges makes `edgemanage changes`.
func newChanges(c clock) *cobra.Command {
	var limit int
	var since string
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "List the last changes, with before, after and reason",
		Long: `List the last changes of live sets, rungs, modes, canaries and freezes of all
networks, or of that of --network, the newest first: before and after, the
reason, and who did it when it was an operator. The server keeps at least the
last 1000.
` + exitStatus,
		Example: `  edgemanage changes
  edgemanage changes -n 1000 --since 24h --format csv`,
		Args: noArgs,
	}
	s := newServer(cmd, c, "table", "csv", "json")
	cmd.Flags().Lookup("network").Usage = "only this `network`"
	cmd.Flags().IntVarP(&limit, "limit", "n", 20, "at most this `number`, up to 1000")
	cmd.Flags().StringVar(&since, "since", "", "only those of the last `time`, such as 24h")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q := control.ChangesQuery{Network: s.network, Limit: limit}
		if err := checkLimit(limit); err != nil {
			return err
		}
		if since != "" {
			d, err := positive("--since", since)
			if err != nil {
				return err
			}
			q.Since = s.now().Add(-d)
		}
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		ctx, cancel := s.asking(cmd.Context())
		defer cancel()
		changes, err := s.client().Changes(ctx, q)
		if err != nil {
			return asked(err)
		}
		if s.format == "csv" {
			return changesCSV(out, changes)
		}
		return s.print(out, p, changes, func() { p.Changes(changes.Changes) })
	}
	s.orFile(cmd, "c", "state")
	return cmd
}

// changesCSV has the names of a set in one field, with spaces between them.
func changesCSV(out io.Writer, changes control.Changes) error {
	rows := [][]string{{"network", "at", "kind", "family", "edge", "before", "after", "rung", "reason", "author", "claimed", "comment", "zone", "serial"}}
	for _, c := range changes.Changes {
		serial := ""
		if c.Serial != 0 {
			serial = strconv.FormatUint(uint64(c.Serial), 10)
		}
		rows = append(rows, []string{
			c.Network, stamp(c.At), c.Kind, c.Family, c.Edge, strings.Join(c.Before, " "), strings.Join(c.After, " "), c.Rung, c.Reason, c.Author, c.Claimed, c.Comment,
			c.Zone, serial,
		})
	}
	return writeCSV(out, rows)
}
