package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// completionTime is how long a shell that completes waits for the server. It falls back to completing nothing.
const completionTime = time.Second

// complete lets the shell choose a flag's value from a fixed list.
func complete(cmd *cobra.Command, flag string, values ...string) {
	completeFrom(cmd, flag, func(context.Context) []string { return values })
}

// completeFrom lets the shell choose a flag's value from what the server says.
func completeFrom(cmd *cobra.Command, flag string, values func(context.Context) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		return values(ctx), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag
	}
}

// completeArgs completes the first argument with an edge, and the following with a word of more.
func completeArgs(cmd *cobra.Command, s *server, more ...[]string) {
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch {
		case len(args) == 0:
			ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
			defer cancel()
			return s.edgeNames(ctx), cobra.ShellCompDirectiveNoFileComp
		case len(args) <= len(more):
			return more[len(args)-1], cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// networkNames are those of the server, or none when it cannot be asked.
func (s *server) networkNames(ctx context.Context) []string {
	defer s.close()
	all, err := s.client().Networks(ctx, "")
	if err != nil {
		return nil
	}
	var names []string
	for _, n := range all.Networks {
		names = append(names, n.Network)
	}
	return names
}

// edgeNames are those of the network asked for, each once.
func (s *server) edgeNames(ctx context.Context) []string {
	defer s.close()
	all, err := s.client().Edges(ctx, s.edges(""))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range all.Edges {
		names = append(names, e.Edge)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
