package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/control"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// exitChange is what the help of a command that changes something says of exit codes.
const exitChange = `
Exit status 0 says that it is decided, published and saved, 1 that it was
refused or failed, 2 that the command line is wrong or the server cannot be
asked, 3 that it is APPLIED, NOT SAVED: the disk refused, and until it allows
to save, a restart of the server would forget the change.`

// newMode makes `edgemanage mode`.
func newMode(c clock) *cobra.Command {
	var r control.ModeRequest
	cmd := &cobra.Command{
		Use:   "mode EDGE [MODE]",
		Short: "Take an edge out, force it in, or make it available again",
		Long: `Set the mode of EDGE, a name or a pattern such as 'edge1*.example.net'. A mode
is

  available    an ordinary candidate
  unavailable  out, whatever happens, also over restarts
  force        live while it passes
  blindforce   live whatever its grade

Any mode but available needs a comment, for the next on call; a preview needs
none. With --for the edge is available again when the time is over. A name need
not be that of an edge that is configured: the mode waits for it. The author is
the user who runs this command, as the system tells the server; $SUDO_USER is
recorded as claimed.

What changed because of it is shown: the sets before and after, and why each
edge left or entered. --preview shows that and changes nothing. A change that
would leave no edge to choose from is refused, unless --force says that it is
meant.

Scripts that call edge_conf, a program of the Python edgemanage, call "mode" in
its place, with the same -A, -m and -C, without --no-syslog, and with -c only
where there is no server. It too exits 1 when a comment is needed and there is
none.
` + offlineHelp + exitChange,
		Example: `  edgemanage mode edge3.example.net unavailable --for 2h --comment "disk dies"
  edgemanage mode 'edge1*.example.net' unavailable --comment flood --preview
  edgemanage mode edge3.example.net available
  edgemanage mode -A mynet -m unavailable -C "disk dies" edge3.example.net
  edgemanage mode -A mynet -c edgemanage.yaml edge3.example.net available`,
		Args: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("mode") {
				return oneArg(cmd, args)
			}
			return badInput(cobra.ExactArgs(2)(cmd, args))
		},
	}
	s := newServer(cmd, c, "table", "json")
	s.wait(cmd, changeTime)
	f := cmd.Flags()
	f.StringVarP(&r.Comment, "comment", "C", "", "`why`; needed unless the mode is available, or for a preview")
	f.StringVarP(&r.Mode, "mode", "m", "", "the `mode`, in place of the argument: "+oneOf(modes))
	f.StringVar(&r.For, "for", "", "`how long`, such as 2h; afterwards the edge is available again")
	f.BoolVar(&r.Preview, "preview", false, "show what would change, and change nothing")
	f.BoolVar(&r.Force, "force", false, "although no edge would be left to choose from")
	alias(cmd, map[string]string{"dnet": "network"})
	complete(cmd, "mode", modes...)
	completeArgs(cmd, s, modes)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r.Network, r.Edge, r.Claimed = s.network, args[0], os.Getenv("SUDO_USER")
		if len(args) > 1 {
			r.Mode = args[1]
		}
		if _, err := selector.ParseMode(r.Mode); err != nil {
			return badInput(fmt.Errorf("reading MODE: %w", err))
		}
		if err := checkFor(r.For); err != nil {
			return err
		}
		if r.Mode != selector.Available.String() && !r.Preview && strings.TrimSpace(r.Comment) == "" {
			return fmt.Errorf("setting mode %s: a comment is needed: --comment WHY", r.Mode)
		}
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		s.change = !r.Preview
		ctx, cancel := s.asking(cmd.Context())
		defer cancel()
		a, err := s.client().SetMode(ctx, r)
		if err != nil {
			if api, ok := errors.AsType[*control.APIError](err); ok && api.Code == control.CodeNoCandidate {
				err = fmt.Errorf("%w (--force does it all the same)", err)
			}
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
	s.orFile(cmd, "c", "state")
	return cmd
}

// checkFor finds a fault in --for.
func checkFor(value string) error {
	if value == "" {
		return nil
	}
	d, err := positive("--for", value)
	if err == nil && (d < control.MinFor || d > control.MaxFor) {
		err = badInput(fmt.Errorf("reading --for %q: expected %s", value, control.ForRange))
	}
	return err
}

// saved is an error when a change was applied and the disk refused it.
func saved(a control.Applied) error {
	if a.Saved || a.Preview {
		return nil
	}
	return &exitError{fmt.Errorf("APPLIED, NOT SAVED: %s (until it is saved, a restart would forget it)", a.Why), exitNotSaved}
}
