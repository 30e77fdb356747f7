package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/show"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// defaultSocket is where a server with `state /var/lib/edgemanage` has its control socket.
const defaultSocket = "/var/lib/edgemanage/control.sock"

// The exit codes of the commands that speak to a server, but for check, whose are those of Nagios.
const (
	exitRefused  = 1 // refused or failed
	exitUnasked  = 2 // a bad command line, or the server could not be asked
	exitNotSaved = 3 // applied, but a restart would forget it
)

// How long a command waits for the server. A change may wait for the disk, and must not be given up before the server has
// said what became of it; Nagios gives a check up itself after 10s, and the alarm would say nothing.
const (
	answerTime = 10 * time.Second
	changeTime = 15 * time.Second
	checkTime  = 8 * time.Second
	traceTime  = 30 * time.Second
)

// exitStatus is what the help of a command that only reads says of them.
const exitStatus = `
Exit status 0 says that it was done, 1 that the server refused or failed, 2
that the command line is wrong or the server cannot be asked.`

// clock is the time that passes for commands.
type clock struct {
	now  func() time.Time
	tick func(time.Duration) (ticks <-chan time.Time, stop func())
}

func wallClock() clock {
	return clock{time.Now, func(d time.Duration) (<-chan time.Time, func()) {
		t := time.NewTicker(d)
		return t.C, t.Stop
	}}
}

// server is the running server that a command speaks to, and how the command prints what it says.
type server struct {
	clock
	offline
	socket, network string
	timeout         lapse
	format, color   string
	formats         []string
}

// newServer adds to cmd the flags that find the server. The first of formats is the default; with one there is no choice.
func newServer(cmd *cobra.Command, c clock, formats ...string) *server {
	s := &server{clock: c, offline: offline{errs: io.Discard}, formats: formats, timeout: lapse(answerTime)}
	f := cmd.Flags()
	f.StringVar(&s.socket, "control", "", "the server's control `socket` (default $EDGEMANAGE_CONTROL, else "+defaultSocket+")")
	f.StringVarP(&s.network, "network", "A", "", "the `network`; may be left out while the server has one")
	f.Var(&s.timeout, "timeout", "give up after this `time`; the server itself does after 30s")
	s.format = formats[0]
	if len(formats) > 1 {
		f.StringVar(&s.format, "format", formats[0], "`how` to print: "+oneOf(formats))
		complete(cmd, "format", formats...)
		f.StringVar(&s.color, "color", "auto", "`when` to colour: auto, always or never; auto is on a terminal, unless NO_COLOR is set")
		complete(cmd, "color", "auto", "always", "never")
	}
	completeFrom(cmd, "network", s.networkNames)
	return s
}

// wait sets the time after which a command gives up that is not told how long.
func (s *server) wait(cmd *cobra.Command, d time.Duration) {
	s.timeout = lapse(d)
	cmd.Flags().Lookup("timeout").DefValue = s.timeout.String()
}

// asking bounds all that a command asks of the server.
func (s *server) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, time.Duration(s.timeout))
}

// client is one of the server at the socket asked for, or of what a file names instead of one.
func (s *server) client() *control.Client {
	if s.file != "" {
		return control.NewLocal(s.file, s.open)
	}
	return control.NewClient(cmp.Or(s.socket, os.Getenv("EDGEMANAGE_CONTROL"), defaultSocket))
}

// page begins what is printed on out, or finds a fault in the flags for that. It is asked for before the server is.
func (s *server) page(out io.Writer) (*show.Page, error) {
	if !slices.Contains(s.formats, s.format) {
		return nil, badInput(fmt.Errorf("reading --format %q: expected %s", s.format, oneOf(s.formats)))
	}
	paint, err := console.NewPaint(s.color, out)
	if err != nil {
		return nil, badInput(err)
	}
	return &show.Page{Now: s.now(), Paint: paint}, nil
}

// asked gives an error of the client its exit code.
func asked(err error) error {
	if api, ok := errors.AsType[*control.APIError](err); ok && api.Code != control.CodeNotRunning && api.Code != control.CodeBusy {
		return &exitError{err, exitRefused}
	}
	if err == nil {
		return nil
	}
	return &exitError{err, exitUnasked}
}

// changed does that for a change. When the answer was lost, it is not known whether it was made.
func changed(err error) error {
	_, refused := errors.AsType[*control.APIError](err)
	if err != nil && !refused && !errors.Is(err, control.ErrUnreachable) {
		err = fmt.Errorf("%w: it is not known whether it was applied", err)
	}
	return asked(err)
}

// print writes what a command found: as JSON, or the page that lay has laid out.
func (s *server) print(out io.Writer, p *show.Page, answer any, lay func()) error {
	if s.format == "json" {
		return console.WriteJSON(out, answer)
	}
	lay()
	return emit(out, p.String())
}

func emit(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("writing output: %w", err)
	}
	return nil
}

// lapse is a flag's value: a length of time above zero.
type lapse time.Duration

// Set reads it as a Go duration.
func (s *lapse) Set(value string) error {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return errors.New("expected a length of time such as 500ms or 8s")
	}
	*s = lapse(d)
	return nil
}

// String is the inverse of Set.
func (s *lapse) String() string { return time.Duration(*s).String() }

// Type is what pflag calls it.
func (*lapse) Type() string { return "duration" }

// oneOf lists what may be chosen from.
func oneOf(choices []string) string {
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// alias has cmd take further names of its flags.
func alias(cmd *cobra.Command, names map[string]string) {
	cmd.Flags().SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(cmp.Or(names[name], name))
	})
}

// positive reads a flag's value as a length of time above zero.
func positive(flag, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return 0, badInput(fmt.Errorf("reading %s %q: expected a length of time such as 90m or 2h", flag, value))
	}
	return d, nil
}

// noArgs and oneArg are cobra's, with the exit code of a bad command line.
func noArgs(cmd *cobra.Command, args []string) error { return badInput(cobra.NoArgs(cmd, args)) }

func oneArg(cmd *cobra.Command, args []string) error { return badInput(cobra.ExactArgs(1)(cmd, args)) }

func oneArgAtMost(cmd *cobra.Command, args []string) error {
	return badInput(cobra.MaximumNArgs(1)(cmd, args))
}
