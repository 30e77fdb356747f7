package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// newFreeze makes `edgemanage freeze`.
func newFreeze(c clock) *cobra.Command {
	var r control.FreezeRequest
	cmd := &cobra.Command{
		Use:   "freeze",
		Short: "Stop every change but an operator's",
		Long: `Stop every change of the live sets of a network but an operator's: edges are
probed and graded as ever, and stay live or out whatever comes of it. The
status, the page and the metrics say so until unfreeze, or until --for is over.
A network that is frozen can be frozen again, with another comment and end.
` + offlineHelp + exitChange,
		Example: `  edgemanage freeze --for 30m --comment "our uplink flaps, probes lie"`,
		Args:    noArgs,
	}
	s := newServer(cmd, c, "table", "json")
	s.wait(cmd, changeTime)
	cmd.Flags().StringVar(&r.Comment, "comment", "", "`why`; needed")
	cmd.Flags().StringVar(&r.For, "for", "", "`how long`, such as 30m (default until unfreeze)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkFor(r.For); err != nil {
			return err
		}
		if strings.TrimSpace(r.Comment) == "" {
			return errors.New("freezing: a comment is needed: --comment WHY")
		}
		return s.freeze(cmd, r, (*control.Client).Freeze)
	}
	s.orFile(cmd, "c", "state")
	return cmd
}

// newUnfreeze makes `edgemanage unfreeze`.
func newUnfreeze(c clock) *cobra.Command {
	var r control.FreezeRequest
	cmd := &cobra.Command{
		Use:   "unfreeze",
		Short: "Let changes happen again",
		Long: `End a freeze of a network. What has been decided is published at once, and
shown.
` + offlineHelp + exitChange,
		Example: `  edgemanage unfreeze --comment "uplink is back"`,
		Args:    noArgs,
	}
	s := newServer(cmd, c, "table", "json")
	s.wait(cmd, changeTime)
	cmd.Flags().StringVar(&r.Comment, "comment", "", "`why`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return s.freeze(cmd, r, (*control.Client).Unfreeze)
	}
	s.orFile(cmd, "c", "state")
	return cmd
}

func (s *server) freeze(cmd *cobra.Command, r control.FreezeRequest, do func(*control.Client, context.Context, control.FreezeRequest) (control.Applied, error)) error {
	out := cmd.OutOrStdout()
	p, err := s.page(out)
	if err != nil {
		return err
	}
	r.Network, r.Claimed = s.network, os.Getenv("SUDO_USER")
	s.change = true
	ctx, cancel := s.asking(cmd.Context())
	defer cancel()
	a, err := do(s.client(), ctx, r)
	if err != nil {
		return changed(err)
	}
	if a, err = s.settle(a); err != nil {
		return err
	}
	if err := s.print(out, p, a, func() { p.Applied(a) }); err != nil {
		return err
	}
	return saved(a)
}
