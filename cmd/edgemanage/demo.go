package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/demo"
)

// newDemo makes `edgemanage demo`. It exits 2 for a script that cannot be read.
func newDemo() *cobra.Command {
	var o demo.Options
	var script string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See a server replace edges that fail, on this machine alone",
		Long: `Start six web edges and a CoreDNS on loopback addresses, answer example.org from
the three best edges, and tell each change with its reason. Letters typed on the
terminal stop, break, slow and mend edges; a script does so without a terminal.

Ctrl-C ends everything and removes what was written, unless --dir is given.`,
		Example: `  edgemanage demo
  edgemanage demo --script "5s x1; 20s o1; 30s q"`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.NoArgs(cmd, args))
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			steps, err := demo.ParseScript(script)
			if err != nil {
				return badInput(fmt.Errorf("reading --script: %w", err))
			}
			o.Script = steps
			o.MetricsOptional = !cmd.Flags().Changed("metrics")
			o.StatusOptional = !cmd.Flags().Changed("status")
			if o.Coredns == "" {
				o.Coredns = besideMe("coredns")
			}
			signal.Ignore(syscall.SIGTTIN) // in the background there are no keys to read, and no reason to be stopped
			// SIGPIPE too: `edgemanage demo | head` must not leave a directory behind.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
			defer stop()
			return demo.Run(ctx, o, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Coredns, "coredns", "", "the server's `program` (default coredns, beside this one)")
	f.StringVar(&o.DNS, "dns", "127.0.0.1:1053", "`address` and port the server answers on")
	f.IntVar(&o.EdgePort, "edge-port", 0, "`port` of the edges (default the first that is free from 8053 on)")
	f.StringVar(&o.Metrics, "metrics", "127.0.0.1:9153", "`address` of the metrics page, left out by default when it is taken; \"\" is none")
	f.StringVar(&o.Status, "status", "127.0.0.1:9154", "`address` of the status page, left out by default when it is taken; \"\" is none")
	f.StringVar(&o.Dir, "dir", "", "`directory` for all files, kept at the end (default a temporary one)")
	f.StringVar(&script, "script", "", "`steps` such as \"5s x1; 20s o1; 30s q\": the time since the first answer, and what to type")
	return cmd
}

// besideMe is the path of another program in the directory of this one.
func besideMe(name string) string {
	me, err := os.Executable()
	if err != nil {
		return name
	}
	return filepath.Join(filepath.Dir(me), name)
}
