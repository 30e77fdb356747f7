package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/nagios"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// newCheckRotation makes `edgemanage check rotation`.
func newCheckRotation(c clock) *cobra.Command {
	const warning, critical = 4, 8
	period := ""
	var reach time.Duration
	k := &check{limits: func(control.Network) (float64, float64) { return warning, critical }}
	cmd := k.command(c, &cobra.Command{
		Use:   "rotation",
		Short: "Check how often the live sets changed lately",
		Long: `Check how many times the live sets of a network changed within --period. A calm
network is OK, and a set where there was none, as after the first start, is no
change. The rung of each family is told, and is no reason for an alarm of this
check. It warns when modes were lost, or the state is not saved.
` + thresholdHelp,
		Example: `  edgemanage check rotation -w 8 -c 16 --period 1h`,
	}, strconv.Itoa(warning), strconv.Itoa(critical))
	cmd.Flags().StringVar(&period, "period", "10m", "the `time` in which changes are counted")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) (err error) {
		if reach, err = positive("--period", period); err != nil {
			return unknown(cmd, err)
		}
		return nil
	}
	k.judge = func(ctx context.Context, n control.Network, w, c nagios.Threshold) (nagios.Result, error) {
		if !n.Ready {
			return nagios.Result{}, fmt.Errorf("%s has no decision yet", n.Network)
		}
		now := k.server.now()
		all, err := k.server.client().Changes(ctx, control.ChangesQuery{Network: n.Network, Limit: 1000, Since: now.Add(-reach)})
		if err != nil {
			return nagios.Result{}, err
		}
		sets := 0
		latest := ""
		for _, change := range all.Changes {
			if change.Kind != "set" || len(change.Before) == 0 {
				continue
			}
			if sets++; sets == 1 {
				latest = ", the last " + console.Ago(change.At, now)
			}
		}
		level := nagios.Judge(float64(sets), w, c)
		if len(forgotten(n)) > 0 {
			level = max(level, nagios.Warning)
		}
		return nagios.Result{
			Level: level,
			Text:  fmt.Sprintf("%s: %s of the live set in %s%s; %s", n.Network, console.Plural(sets, "change"), console.Span(reach), latest, standing(n, now)),
			Data:  []nagios.Datum{{Label: "frequency", Value: float64(sets), Warning: w, Critical: c, Min: "0"}},
		}, nil
	}
	return cmd
}

// newCheckLatency makes `edgemanage check latency`.
func newCheckLatency(c clock) *cobra.Command {
	k := &check{limits: func(n control.Network) (float64, float64) {
		return n.GoodEnoughSeconds, (n.GoodEnoughSeconds + n.TimeoutSeconds) / 2
	}}
	cmd := k.command(c, &cobra.Command{
		Use:   "latency",
		Short: "Check the latency of the slowest live edge",
		Long: `Check how many seconds the slowest live edge takes, as the mean over the window
of the network, in which a failed probe counts as the timeout. An edge whose
last probe failed counts as the timeout altogether, and is no OK. The edge is
named. Below rung short it warns whatever the latency, and rung none is
critical.
` + thresholdHelp,
		Example: `  edgemanage check latency -w 0.7 -c 2.5`,
	}, "goodenough of the network", "halfway from there to its timeout")
	k.judge = func(ctx context.Context, n control.Network, w, c nagios.Threshold) (nagios.Result, error) {
		live := true
		all, err := k.server.client().Edges(ctx, control.EdgesQuery{Network: n.Network, Live: &live})
		if err != nil {
			return nagios.Result{}, err
		}
		var slowest *control.Edge
		for i, e := range all.Edges {
			if e.Live && e.Samples > 0 && (slowest == nil || latency(e, n) > latency(*slowest, n)) {
				slowest = &all.Edges[i]
			}
		}
		stands, level := standing(n, k.server.now()), descent(n)
		switch {
		case slowest == nil && level == nagios.OK:
			return nagios.Result{}, errors.New(n.Network + " has no live edge with a sample; " + stands)
		case slowest == nil:
			return nagios.Result{Level: level, Text: console.Safe(n.Network + ": no live edge has a sample; " + stands)}, nil
		}
		v := latency(*slowest, n)
		level = max(level, nagios.Judge(v, w, c))
		how := "the mean of the last " + console.Span(time.Duration(n.WindowSeconds*float64(time.Second)))
		if slowest.LastFailed {
			level, how = max(level, nagios.Warning), "its last probe failed"
		}
		return nagios.Result{
			Level: level,
			Text:  console.Safe(fmt.Sprintf("%s: the slowest live edge is %s (%s) with %s, %s; %s", n.Network, slowest.Edge, slowest.Family, console.Seconds(v), how, stands)),
			Data:  []nagios.Datum{{Label: "slowestactive", Value: v, Unit: "s", Warning: w, Critical: c, Min: "0", Max: decimal(n.TimeoutSeconds)}},
		}, nil
	}
	return cmd
}

// latency is the mean over the window, or the last sample where the window has none; at least the timeout after a failure,
// so that an edge which stays live though it fails does not look well until the window is full of that.
func latency(e control.Edge, n control.Network) float64 {
	v := e.WindowSeconds
	if v == 0 {
		v = e.LastSeconds
	}
	if e.LastFailed {
		v = max(v, n.TimeoutSeconds)
	}
	return v
}

// newCheckIntegrity makes `edgemanage check integrity`.
func newCheckIntegrity(c clock) *cobra.Command {
	const warning, critical = 0, 1
	k := &check{limits: func(control.Network) (float64, float64) { return warning, critical }}
	cmd := k.command(c, &cobra.Command{
		Use:   "integrity",
		Short: "Check for edges that serve something other than the object",
		Long: `Check how many edges, live or out, answered their last probe with another
content than the object's: its checksum or its size is wrong. They are listed.
Of an edge that did not answer the content is not known; of none it is UNKNOWN.
` + thresholdHelp,
		Example: `  edgemanage check integrity`,
	}, strconv.Itoa(warning), strconv.Itoa(critical))
	k.judge = func(ctx context.Context, n control.Network, w, c nagios.Threshold) (nagios.Result, error) {
		all, err := k.server.client().Edges(ctx, control.EdgesQuery{Network: n.Network})
		if err != nil {
			return nagios.Result{}, err
		}
		probed, known, wrong := map[string]bool{}, map[string]bool{}, map[string]bool{} // an edge with two families counts once
		var list []string
		for _, e := range all.Edges {
			if e.Outcome == "" {
				continue
			}
			probed[e.Edge] = true
			switch e.Outcome {
			case "ok":
				known[e.Edge] = true
			case "checksum", "size":
				known[e.Edge], wrong[e.Edge] = true, true
				list = append(list, fmt.Sprintf("%s (%s, %s)", e.Edge, e.Family, e.Outcome))
			}
		}
		stands := standing(n, k.server.now())
		switch {
		case len(probed) == 0:
			return nagios.Result{}, fmt.Errorf("no edge of %s has been probed yet; %s", n.Network, stands)
		case len(known) == 0:
			return nagios.Result{}, fmt.Errorf("%s: the content of no edge is known, the last probes failed otherwise; %s", n.Network, stands)
		}
		have := "have"
		if len(wrong) == 1 {
			have = "has"
		}
		text := fmt.Sprintf("%s: %d of %s %s another content than the object", n.Network, len(wrong), console.Plural(len(probed), "edge"), have)
		if len(list) > 0 {
			text += ": " + strings.Join(list, ", ")
		}
		if silent := len(probed) - len(known); silent > 0 {
			text += fmt.Sprintf("; that of %d is not known", silent)
		}
		return nagios.Result{
			Level: nagios.Judge(float64(len(wrong)), w, c),
			Text:  console.Safe(text + "; " + stands),
			Data:  []nagios.Datum{{Label: "notok", Value: float64(len(wrong)), Warning: w, Critical: c, Min: "0", Max: strconv.Itoa(len(probed))}},
		}, nil
	}
	return cmd
}
