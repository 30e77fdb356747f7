package main

import (
	"github.com/spf13/cobra"
)

// newExplain makes `edgemanage explain`.
func newExplain(c clock) *cobra.Command {
	var family string
	cmd := &cobra.Command{
		Use:   "explain [EDGE]",
		Short: "Explain why edges are in or out, and what would change that",
		Long: `Explain for each edge, or those that the name or pattern EDGE matches, the rule
that put it in or out with its numbers: grade, last probe, means, mode, what is
left of the budget, and for an edge that is out, what would have to happen for
it to enter and whom it would displace.
` + exitStatus,
		Example: `  edgemanage explain edge4.example.net
  edgemanage explain 'edge1*' --family ipv6`,
		Args: oneArgAtMost,
	}
	s := newServer(cmd, c, "table", "json")
	cmd.Flags().StringVar(&family, "family", "", "only this `family`: ipv4 or ipv6")
	complete(cmd, "family", "ipv4", "ipv6")
	completeArgs(cmd, s)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := checkFamily(family); err != nil {
			return badInput(err)
		}
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		ctx, cancel := s.asking(cmd.Context())
		defer cancel()
		edges, err := s.client().Explain(ctx, s.network, first(args), family)
		if err != nil {
			return asked(err)
		}
		return s.print(out, p, edges, func() { p.Explain(edges) })
	}
	s.orFile(cmd, "c", "state")
	return cmd
}
