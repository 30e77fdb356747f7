package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/once"
	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/network"
)

// changePatience is how long a run waits for the state: an operator who sets a mode at the full minute, which takes a moment, must
// not cost a round.
const changePatience = 2 * time.Second

// newOnce makes `edgemanage once`. Its exit codes are in its help.
func newOnce() *cobra.Command {
	var file, name string
	var more config.Alone
	o := once.Options{}
	cmd := &cobra.Command{
		Use:   "once -A NETWORK -c edgemanage.yaml|Corefile",
		Short: "Run one round, as from cron for a site that keeps its name server",
		Long: `Probe every edge and canary of a network once, decide with what the state knows,
write the zone files, the live list and the legacy files, run the commands, and
end. It is what the server does, in a row: commands before end before the first
probe, those of after and after_changes begin when every file is written. A
command has 60 seconds, a webhook one try. No secondary is notified.

The configuration is a Corefile with the property state, or an edgemanage.yaml
alone, of which relative paths are under the current directory. With the latter
the state is kept in the directory edgemanage beside its statefile, or where
--state says; the first run imports the history, the modes and the live set that
the Python edgemanage left, and no later one looks at them again. Its own files
are left as they are, so that it can go on from there, unless --legacy names a
directory to keep them up in: DIR/EDGE.edgestore and DIR/NETWORK.state. That may
be its healthdata_store, for it to go on from what is known now.

A run that was cut short, by a signal or a power cut, leaves every file whole,
and the next one makes good what it did not come to. So it does for a command of
after_changes that failed: it runs it again, until it ends well. Serials never
fall. The zone file of a zone that is gone is removed by the first run that
comes an interval after the one that missed it; those of other networks stay.

Modes and freezes are set with -c too: "edgemanage mode -c FILE" and the like
put them into the state, and the next run obeys them.

With nothing to say it says nothing. Standard output gets a line for what
changed, standard error what an operator should mend; a warning that lasts is
given once. With -v each edge's outcome, grade and reason follow. With -n
nothing is written and nothing run, no lock is taken, and what would change is
said.

Exit status 0 says that the round is done; 1 that no edge can be answered, that
something could not be written or that a command failed; 2 that a file cannot be
used, that a server or another run has the state, or that the last run is under
30 seconds old, which --force overrides; 130 or 143 that SIGINT or SIGTERM ended
it.`,
		Example: `  * * * * * edgemanage once -A mynet -c /etc/edgemanage/edgemanage.yaml
  edgemanage once -A mynet -c /etc/coredns/Corefile -n -v`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil || file != "" {
				return badInput(err)
			}
			return badInput(errors.New("no configuration: expected -c edgemanage.yaml or -c Corefile"))
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			site, err := once.Read(file, name, more)
			if err != nil {
				return badInput(err)
			}
			o.Out, o.Errs = cmd.OutOrStdout(), cmd.ErrOrStderr()
			var outcome *once.Outcome
			err = insist(ctx, changePatience, func() error {
				outcome, err = once.Run(ctx, site, o)
				return err
			})
			if s, ended := errors.AsType[signalled](context.Cause(ctx)); ended {
				if outcome != nil && len(outcome.Failures) > 0 {
					err = errors.Join(outcome.Failures...) // one of them is the signal
				}
				if err == nil {
					err = s
				}
				return &exitError{err, 128 + int(s.Signal)}
			}
			switch {
			case errors.Is(err, network.ErrTooSoon):
				return badInput(fmt.Errorf("%w; --force overrides it", err))
			case outcome == nil:
				return badInput(err)
			}
			return judge(site.Network.Name, outcome, err)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&file, "config", "c", "", "an edgemanage.yaml or a Corefile, a `file`")
	flags.StringVarP(&name, "network", "A", "", "the `network`")
	flags.BoolVarP(&o.DryRun, "dry-run", "n", false, "write and run nothing, say what would change")
	flags.BoolVarP(&o.Verbose, "verbose", "v", false, "say what became of each edge, and where the state is")
	flags.BoolVar(&o.Force, "force", false, "run although the last run is under 30 s old")
	flags.StringVar(&more.State, "state", "", "`directory` of the state, with an edgemanage.yaml")
	flags.StringVar(&more.Legacy, "legacy", "", "`directory` to keep up the Python tool's files in, with an edgemanage.yaml")
	return cmd
}

// judge says how a round ends.
func judge(name string, outcome *once.Outcome, err error) error {
	failures := append(outcome.Failures, err)
	if len(outcome.Unanswered) > 0 {
		failures = append(failures, fmt.Errorf("no edge of network %s can be answered: %s", name, strings.Join(outcome.Unanswered, ", ")))
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	if outcome.Commands > 0 {
		return &exitError{nil, 1}
	}
	return nil
}

// signalled is the cause of a context that a signal ended.
type signalled struct{ syscall.Signal }

func (s signalled) Error() string { return "ended by " + s.Signal.String() }

// untilSignal returns a context that ends with SIGINT or SIGTERM, of which it has the cause. A second one ends the process.
func untilSignal(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case s := <-signals:
			cancel(signalled{s.(syscall.Signal)})
			signal.Stop(signals)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
		<-ended
	}
}
