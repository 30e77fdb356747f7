package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/nagios"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// thresholdHelp is of -w and -c.
const thresholdHelp = `
Thresholds are ranges as Nagios has them: 10 is crossed below 0 and above 10,
10: below 10, ~:10 above 10, 10:20 outside and @10:20 inside. Exit status 0 is
OK, 1 WARN, 2 CRIT, and 3 UNKNOWN: the server cannot be asked, there is no
data, or the command line is wrong.`

// newCheck makes `edgemanage check`.
func newCheck(c clock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a network for Nagios and its like",
		Long: `Check a network, print one line with performance data, and exit as monitoring
plugins do.`,
		Args: toNagios(noArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return unknown(cmd, errors.New("expected rotation, latency or integrity"))
		},
	}
	cmd.SetFlagErrorFunc(unknown)
	cmd.AddCommand(newCheckRotation(c), newCheckLatency(c), newCheckIntegrity(c))
	return cmd
}

// check is one of the checks.
type check struct {
	warning, critical string // thresholds as given; empty is the default
	server            *server
	// judge finds the result of the network.
	judge func(ctx context.Context, n control.Network, w, c nagios.Threshold) (nagios.Result, error)
	// limits are the thresholds that nobody gave.
	limits func(n control.Network) (warning, critical float64)
}

func (k *check) command(c clock, cmd *cobra.Command, warning, critical string) *cobra.Command {
	cmd.Args = toNagios(noArgs)
	k.server = newServer(cmd, c, "text")
	k.server.wait(cmd, checkTime)
	cmd.Flags().StringVarP(&k.warning, "warning", "w", "", "warn when crossed: a `range` (default "+warning+")")
	cmd.Flags().StringVarP(&k.critical, "critical", "c", "", "critical when crossed: a `range` (default "+critical+")")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := k.server.asking(cmd.Context())
		defer cancel()
		result, err := k.run(ctx)
		if err != nil {
			return unknown(cmd, err)
		}
		return report(cmd, result)
	}
	k.server.orFile(cmd, "", "state")
	return cmd
}

// run asks the server; whatever keeps it from that is UNKNOWN.
func (k *check) run(ctx context.Context) (nagios.Result, error) {
	w, c := nagios.Threshold{}, nagios.Threshold{}
	for _, t := range []struct {
		flag, text string
		threshold  *nagios.Threshold
	}{{"--warning", k.warning, &w}, {"--critical", k.critical, &c}} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.threshold, err = nagios.ParseThreshold(t.text); err != nil {
			return nagios.Result{}, fmt.Errorf("reading %s: %w", t.flag, err)
		}
	}
	n, err := k.server.one(ctx)
	if err != nil {
		return nagios.Result{}, err
	}
	warning, critical := k.limits(n)
	if k.warning == "" {
		w = nagios.Above(warning)
	}
	if k.critical == "" {
		c = nagios.Above(critical)
	}
	return k.judge(ctx, n, w, c)
}

// one is the network asked for, or the only one.
func (s *server) one(ctx context.Context) (control.Network, error) {
	all, err := s.client().Networks(ctx, s.network)
	if err != nil {
		return control.Network{}, err
	}
	if len(all.Networks) != 1 {
		var names []string
		for _, n := range all.Networks {
			names = append(names, n.Network)
		}
		slices.Sort(names)
		return control.Network{}, fmt.Errorf("the server has %s: --network must name one of: %s", console.Plural(len(names), "network"), strings.Join(names, ", "))
	}
	return all.Networks[0], nil
}

// standing says in a few words how the network stands, for whoever reads the check's line first.
func standing(n control.Network, now time.Time) string {
	var words []string
	for _, f := range n.Families {
		if f.Edges.Total > 0 || len(f.Addresses) > 0 {
			words = append(words, fmt.Sprintf("%s rung %s with %d live", f.Family, f.Rung, len(f.Live)))
		}
	}
	if n.Frozen != nil {
		words = append(words, "FROZEN")
	}
	words = append(words, forgotten(n)...)
	if n.Late {
		words = append(words, "last round LATE: "+console.Ago(n.LastRound, now))
	}
	return strings.Join(words, ", ")
}

// forgotten is what operators said that the server does not know any more, or would not after a restart.
func forgotten(n control.Network) (words []string) {
	if n.ModesLost {
		words = append(words, "MODES LOST")
	}
	if n.StateError != "" {
		words = append(words, "STATE NOT SAVED")
	}
	return words
}

// descent is how bad the rungs of a network are for what it answers: below short edges that fail may be live, and with none
// there is no answer.
func descent(n control.Network) nagios.Level {
	worst := nagios.OK
	for _, f := range n.Families {
		switch {
		case f.Edges.Total == 0 && len(f.Addresses) == 0: // it is not used
		case f.Rung == "none":
			return nagios.Critical
		case f.Rung != "full" && f.Rung != "short":
			worst = nagios.Warning
		}
	}
	return worst
}

// report prints the line, and ends the command with the exit code of its level.
func report(cmd *cobra.Command, r nagios.Result) error {
	r.Label = cmp.Or(map[string]string{"rotation": "EDGE_ROTATE", "latency": "ACTIVE_EDGE_LATENCY", "integrity": "EDGE_TESTMATCH"}[cmd.Name()], "EDGEMANAGE")
	if err := emit(cmd.OutOrStdout(), r.String()+"\n"); err != nil {
		return &exitError{err, int(nagios.Unknown)}
	}
	if r.Level == nagios.OK {
		return nil
	}
	return &exitError{nil, int(r.Level)}
}

// unknown reports an error, that of a command line too: whoever looks at the alarm sees standard output alone.
func unknown(cmd *cobra.Command, err error) error {
	return report(cmd, nagios.Result{Level: nagios.Unknown, Text: console.Safe(err.Error())})
}

func toNagios(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return unknown(cmd, err)
		}
		return nil
	}
}
