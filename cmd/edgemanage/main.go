// Command edgemanage is the companion of the CoreDNS plugin edgemanage: it shows
// and changes what the server does, and works out without one what it would do.
//
// It never imports the plugin itself: CoreDNS registers flags of its own on
// every program that does.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
)

// version is what make build was made of.
var version = "unknown"

func main() {
	os.Exit(run(newRoot(), os.Args[1:]))
}

// newRoot makes the command with its subcommands, each from a file of its own.
func newRoot() *cobra.Command { return newRootAt(wallClock()) }

// newRootAt makes it for a clock.
func newRootAt(c clock) *cobra.Command {
	root := &cobra.Command{
		Use:   "edgemanage",
		Short: "Keep zones pointed at web edges that work",
		Long: `Show and change what a running server with the plugin edgemanage does, and work
out without one what it would do.

Commands of a running server speak to its control socket: that of --control,
else of $EDGEMANAGE_CONTROL, else ` + defaultSocket + `. Who may is
for the socket's owner and group to say. --network names a network; it may be
left out while the server has one. Where "edgemanage once" is run by cron there
is none: with --config they go by the state that it keeps.

Times are UTC. Text that others wrote, such as a comment, is printed with
control characters as escapes. Colours are for terminals; $NO_COLOR turns them
off. The JSON of --format json is that of the control API. The values of
--format csv are as they are: a program that takes one that begins with = + -
or @ for a formula is to be told that it is text.

The completion of the shell, with the names of networks and edges, is set up as
"edgemanage completion SHELL --help" says, for bash, zsh, fish and powershell.

Exit status 0 says that a command did what it was asked for, 1 that it was
refused or failed or found what it looks for, 2 that the command line or a file
is wrong or the server cannot be asked, 3 that a change is APPLIED, NOT SAVED.
That of check is for Nagios: 0 OK, 1 WARN, 2 CRIT, 3 UNKNOWN.`,
		Version:       version,
		SilenceErrors: true, // run prints them
		SilenceUsage:  true, // an error is easily lost under a page of usage
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.NoArgs(cmd, args)) // an unknown command
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badInput(err) })
	root.AddGroup(&cobra.Group{ID: "server", Title: "Of a running server:"}, &cobra.Group{ID: "alone", Title: "Without a server:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, cmd := range commands {
			cmd.GroupID = group
			root.AddCommand(cmd)
		}
	}
	add("server", newCanaries(c), newChanges(c), newCheck(c), newDiffLive(c), newEdges(c), newExplain(c), newFreeze(c), newHistory(c), newMode(c), newStatus(c), newUnfreeze(c))
	add("alone", newCheckZones(), newConvert(), newDemo(), newOnce(), newRender(), newReplay(), newTry())
	return root
}

// run executes the command and returns its exit code: 0, that of an exitError,
// or 1.
func run(root *cobra.Command, args []string) int {
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exitError](err)
	if !ok {
		exit = &exitError{err, 1}
	}
	if exit.error != nil { // else all has been said
		fmt.Fprintf(root.ErrOrStderr(), "edgemanage: %s\n", legible(err.Error()))
	}
	return exit.code
}

// exitError is an error that asks for an exit code other than 1.
type exitError struct {
	error
	code int
}

func (e *exitError) Unwrap() error { return e.error }

// legible makes a text safe for the terminal, but for its lines: an error may be a list of faults.
func legible(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = console.Safe(line)
	}
	return strings.Join(lines, "\n")
}

// badInput makes err end the command with exit code 2: it could not do what was
// asked for, whatever the answer would have been.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{err, 2}
}
