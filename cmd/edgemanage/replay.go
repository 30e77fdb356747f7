package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/config"
	"github.com/deflect-ca/coredns-edgemanage/trace"
)

// newReplay makes `edgemanage replay`. It exits 1 when a check finds a
// difference and 2 when a file cannot be used.
func newReplay() *cobra.Command {
	var r replaying
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Decide recorded rounds anew",
		Long: `Decide the recorded rounds of each FILE anew and print, as one JSON object a
file, the live set, rung and grades of every round with the reason for every
edge. The rounds of a running server are what "edgemanage history --trace FILE"
writes.

With --set another setting is tried: what would the server have done? The names
are those of the Corefile, beside max_changes_per and strict, which are the
second and third word of max_changes.

With --summary print what the rounds come to instead: how often the set
changed, how long fewer edges than edge_count were live, how long an edge was
live whose last probe had failed, the time on each rung, and the share of each
edge. The first minutes of a recording count less: little is known of the edges
then.

With --check compare with what the file expects instead, print each difference,
and exit 1 when there is one.`,
		Example: `  edgemanage replay --check rounds/*.json
  edgemanage replay --summary rounds.json
  edgemanage replay --summary --set edge_count=6 --set rise=2 rounds.json`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.MinimumNArgs(1)(cmd, args))
		},
		RunE: func(cmd *cobra.Command, files []string) error {
			return r.run(cmd.OutOrStdout(), files)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&r.check, "check", false, "compare with the expected outcome in the files")
	flags.StringVar(&r.summary, "summary", "", "print a summary, as `text` or with --summary=json as one object a file")
	flags.Lookup("summary").NoOptDefVal = "text"
	flags.StringArrayVar(&r.overrides, "set", nil, "override a setting of the files, as `name=value`; repeatable")
	return cmd
}

// replaying is what `edgemanage replay` is asked for.
type replaying struct {
	check     bool
	summary   string // text, json, or empty: all rounds
	overrides []string
}

// run goes on after a file that cannot be used, so that one run shows all faults.
func (r *replaying) run(out io.Writer, files []string) error {
	switch {
	case r.summary != "" && r.summary != "text" && r.summary != "json":
		return badInput(fmt.Errorf("reading --summary=%q: expected text or json", r.summary))
	case r.summary != "" && r.check:
		return badInput(errors.New("reading --summary: it cannot be had with --check"))
	}
	var faults []error
	differences := 0
	for i, file := range files {
		t, err := load(file, r.overrides)
		if err == nil && r.check && len(t.Expect) == 0 {
			err = fmt.Errorf("checking %q: it expects nothing", file)
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		switch {
		case r.check:
			differences += checkRounds(out, file, t)
		case r.summary == "json":
			err = printJSON(out, summaryOf(trace.Summarize(t)))
		case r.summary != "":
			if i > 0 {
				fmt.Fprintln(out)
			}
			err = printSummary(out, trace.Summarize(t))
		default:
			err = printRounds(out, t)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case len(faults) > 0:
		return badInput(errors.Join(faults...))
	case differences > 0:
		return fmt.Errorf("differences from the expected outcome: %d", differences)
	}
	return nil
}

// checkRounds prints the differences of one file and returns their number.
func checkRounds(out io.Writer, file string, t trace.Trace) (differences int) {
	for i, round := range trace.Rounds(t) {
		for _, d := range t.Differences(i, round) {
			differences++
			fmt.Fprintf(out, "%s: %s\n", file, d)
		}
	}
	return differences
}

// printRounds writes a trace.Result on one line, each round as soon as it is decided.
func printRounds(out io.Writer, t trace.Trace) error {
	w := bufio.NewWriter(out)
	e := json.NewEncoder(&unended{w})
	e.SetEscapeHTML(false)
	w.WriteString(`{"name":`)
	err := e.Encode(t.Name)
	w.WriteString(`,"rounds":[`)
	for i, round := range trace.Rounds(t) {
		if i > 0 {
			w.WriteByte(',')
		}
		if err = errors.Join(err, e.Encode(round)); err != nil {
			break
		}
	}
	w.WriteString("]}\n")
	if err = errors.Join(err, w.Flush()); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// unended leaves out the end of line that an Encoder puts after each value.
type unended struct{ to io.Writer }

func (u *unended) Write(p []byte) (int, error) {
	n, err := u.to.Write(bytes.TrimSuffix(p, []byte{'\n'}))
	if err == nil {
		n = len(p)
	}
	return n, err
}

// load reads a trace and overrides its settings.
func load(file string, overrides []string) (trace.Trace, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return trace.Trace{}, fmt.Errorf("reading trace: %w", err)
	}
	t, err := trace.Parse(file, data)
	if err != nil {
		return t, err
	}
	for _, o := range overrides {
		name, value, ok := strings.Cut(o, "=")
		if !ok {
			return t, fmt.Errorf("reading --set %q: want name=value", o)
		}
		if err := t.Settings.Set(name, value); err != nil {
			return t, fmt.Errorf("reading --set %q: %w", o, err)
		}
	}
	if n := t.Settings.Selection.EdgeCount; n > config.MaxEdgeCount && len(overrides) > 0 {
		return t, fmt.Errorf("overriding settings of %q: edge_count %d is above %d, the most that a Corefile may have", file, n, config.MaxEdgeCount)
	}
	if err := t.Settings.Validate(); err != nil {
		return t, fmt.Errorf("overriding settings of %q: %w", file, err)
	}
	return t, nil
}

// printJSON writes v on one line.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}
