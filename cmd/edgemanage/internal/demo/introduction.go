package demo

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
)

// introduce tells what runs and what to type next.
func introduce(out io.Writer, o Options, dir string, es edges) {
	host, port, _ := net.SplitHostPort(o.DNS)
	fmt.Fprintf(out, `CoreDNS on %s answers example.org with three of six web edges, on 127.0.0.11 to 127.0.0.16, port %d.
Edge1 is the fastest and edge6 the slowest; they are probed every two seconds.

In another terminal:
  dig @%s -p %s example.org +short       the live edges (without dig: press Enter here)
  dig @%[3]s -p %[4]s example.org MX +short    the rest of the zone, which the plugin file answers
  %s try %s   one round of probes beside the server
`, o.DNS, es.port(), host, port, os.Args[0], filepath.Join(dir, "Corefile"))
	if o.Metrics != "" {
		fmt.Fprintf(out, "  curl http://%s/metrics\n", o.Metrics)
	}
	fmt.Fprintf(out, "\n%s\nFiles: %s (the server's log is coredns.log there)\n", keys, dir)
	if o.Dir == "" {
		fmt.Fprintln(out, "They are removed at the end.")
	}
	fmt.Fprintln(out)
}
