package demo

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// introduce tells what runs and what to type next.
func introduce(out io.Writer, o Options, dir string, es edges) {
	host, port, _ := net.SplitHostPort(o.DNS)
	fmt.Fprintf(out, `CoreDNS on %s answers example.org with three of six web edges, on 127.0.0.11 to 127.0.0.16, port %d.
Edge1 is the fastest and edge6 the slowest; they are probed every two seconds.

In another terminal:
  dig @%s -p %s example.org +short       the live edges (without dig: press Enter here)
  dig @%[3]s -p %[4]s example.org MX +short    the rest of the zone, which the plugin file answers
  export EDGEMANAGE_CONTROL=%[6]s
  %[5]s status          what is live, and why
  %[5]s mode edge1 unavailable --comment "a look at it" --for 2m
  %[5]s explain edge1
  %[5]s changes
  %[5]s try %[7]s   one round of probes beside the server
`, o.DNS, es.port(), host, port, word(os.Args[0]), word(filepath.Join(dir, socket)), word(filepath.Join(dir, "Corefile")))
	if o.Status != "" {
		fmt.Fprintf(out, "  http://%s/   the status page, for a browser\n", o.Status)
	}
	if o.Metrics != "" {
		fmt.Fprintf(out, "  curl http://%s/metrics\n", o.Metrics)
	}
	fmt.Fprintf(out, "\n%s\nFiles: %s (the server's log is coredns.log there)\n", keys, dir)
	if o.Dir == "" {
		fmt.Fprintln(out, "They are removed at the end.")
	}
	fmt.Fprintln(out)
}

// word is a path as a shell takes it for one word.
func word(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%="
	if strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
