package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/show"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// lastChanges is how many changes the status shows.
const lastChanges = 5

// watchInterval is that of --watch alone.
const watchInterval = "2s"

// shortestWatch keeps a watch from being a flood of requests.
const shortestWatch = 100 * time.Millisecond

// newStatus makes `edgemanage status`.
func newStatus(c clock) *cobra.Command {
	var interval string
	cmd := &cobra.Command{
		Use:   "status [--watch [INTERVAL]]",
		Short: "Show what is live, what deserves attention, and what changed last",
		Long: `Show each network at a glance: whether it is frozen, the rung of each family
and what it means, the live edges with their latency, who fails, what operators
set until when and why, the canaries, what is left of the budget of changes,
and the last changes.

With --watch it is shown again every interval (2s), in place on a terminal,
until Ctrl-C, which is exit status 0. While the server cannot be asked, that is
said above what it said last.
` + exitStatus,
		Example: `  edgemanage status
  edgemanage status --watch
  edgemanage status --watch 10s -A web`,
	}
	s := newServer(cmd, c, "table", "json")
	cmd.Flags().Lookup("network").Usage = "only this `network`"
	cmd.Flags().StringVar(&interval, "watch", "", "show it again every `interval`, 2s unless given")
	cmd.Flags().Lookup("watch").NoOptDefVal = watchInterval
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && interval == watchInterval { // --watch takes no value from the next word, so it comes here
			interval = args[0]
			return nil
		}
		return noArgs(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		out := cmd.OutOrStdout()
		p, err := s.page(out)
		if err != nil {
			return err
		}
		if !cmd.Flags().Changed("watch") {
			ctx, cancel := s.asking(cmd.Context())
			defer cancel()
			return s.statusOnce(ctx, out, p)
		}
		if s.file != "" {
			return badInput(errors.New("reading --watch: nothing moves without a server, of which --config is for the want"))
		}
		every, err := positive("--watch", interval)
		if err != nil {
			return err
		}
		if every < shortestWatch {
			return badInput(fmt.Errorf("reading --watch %q: expected at least %s", interval, shortestWatch))
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return s.watch(ctx, out, p.Paint, every)
	}
	s.orFile(cmd, "c", "state")
	return cmd
}

func (s *server) statusOnce(ctx context.Context, out io.Writer, p *show.Page) error {
	status, err := s.status(ctx)
	if err != nil {
		return asked(err)
	}
	return s.print(out, p, status.Networks, func() { p.Status(status) })
}

// status asks for all that the status shows. A network that goes away meanwhile, as in a reload, is shown without edges.
func (s *server) status(ctx context.Context) (show.Status, error) {
	c := s.client()
	all, err := c.Networks(ctx, s.network)
	status := show.Status{Networks: all, Edges: map[string]control.Edges{}, Canaries: map[string]control.Canaries{}}
	if err != nil || s.format == "json" {
		return status, err
	}
	for _, n := range all.Networks {
		q := s.edges("")
		q.Network = n.Network
		if status.Edges[n.Network], err = c.Edges(ctx, q); err != nil && !gone(err) {
			return status, err
		}
		if n.Canaries == 0 {
			continue
		}
		if status.Canaries[n.Network], err = c.Canaries(ctx, n.Network); err != nil && !gone(err) {
			return status, err
		}
	}
	changes, err := c.Changes(ctx, control.ChangesQuery{Network: s.network, Limit: lastChanges})
	status.Changes = changes.Changes
	return status, err
}

// gone says that a network is not there any more.
func gone(err error) bool {
	api, ok := errors.AsType[*control.APIError](err)
	return ok && api.Code == control.CodeUnknownNetwork
}

// watch shows the status until ctx ends. Only what the server refuses at first ends it otherwise.
func (s *server) watch(ctx context.Context, out io.Writer, paint console.Paint, every time.Duration) error {
	ticks, stop := s.tick(every)
	defer stop()
	screen := console.NewScreen(out)
	defer screen.Close()
	var last string // what the server said when it last answered
	var lastAt time.Time
	for first := true; ; first = false {
		text, err := s.frame(ctx, paint)
		if ctx.Err() != nil {
			return nil
		}
		if err == nil {
			last, lastAt = text, s.now()
		} else {
			if exit, ok := asked(err).(*exitError); first && ok && exit.code == exitRefused {
				return exit
			}
			p := &show.Page{Now: s.now(), Paint: paint}
			p.NoAnswer(err)
			text = p.String()
			if last != "" && screen.Redraws() {
				text += fmt.Sprintf("what the server said %s:\n\n%s", console.Ago(lastAt, s.now()), last)
			}
		}
		if err := screen.Show(text); err != nil {
			return fmt.Errorf("writing output: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}

// frame is the status as text. A server that hangs is given up after a while, which is said like any other trouble.
func (s *server) frame(ctx context.Context, paint console.Paint) (string, error) {
	ctx, cancel := s.asking(ctx)
	defer cancel()
	status, err := s.status(ctx)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	p := &show.Page{Now: s.now(), Paint: paint}
	err = s.print(&b, p, status.Networks, func() { p.Status(status) })
	return b.String(), err
}
