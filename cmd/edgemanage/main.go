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

	"github.com/spf13/cobra"
)

// version is what make build was made of.
var version = "unknown"

func main() {
	os.Exit(run(newRoot(), os.Args[1:]))
}

// newRoot makes the command with its subcommands, each from a file of its own.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "edgemanage",
		Short:         "Keep zones pointed at web edges that work",
		Version:       version,
		SilenceErrors: true, // run prints them
		SilenceUsage:  true, // an error is easily lost under a page of usage
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.NoArgs(cmd, args)) // an unknown command
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badInput(err) })
	root.AddCommand(
		newCheckZones(),
		newConvert(),
		newDemo(),
		newRender(),
		newReplay(),
		newTry(),
	)
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
	fmt.Fprintf(root.ErrOrStderr(), "edgemanage: %v\n", err)
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	return 1
}

// exitError is an error that asks for an exit code other than 1.
type exitError struct {
	error
	code int
}

func (e *exitError) Unwrap() error { return e.error }

// badInput makes err end the command with exit code 2: it could not do what was
// asked for, whatever the answer would have been.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{err, 2}
}
