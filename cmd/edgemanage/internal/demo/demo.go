// Package demo shows edgemanage at work on one machine: six web edges on loopback addresses, a real CoreDNS that keeps
// example.org pointed at three of them, and a narrator who tells each change of the set with its reason.
//
// Run owns everything it starts, edges, server, files, and leaves nothing of it behind when it returns, whatever the
// cause; only a directory that the caller named stays. On Linux the server dies with this process even if that is
// killed. Nothing but loopback is used, and no file outside the directory.
package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options say what the demo uses. The zero value of each but Coredns and DNS is a sensible choice.
type Options struct {
	Coredns  string // the server binary
	DNS      string // address and port it listens on
	EdgePort int    // of all edges; 0 is the first that is free from 8053 on
	Metrics  string // address and port of the metrics page; "" is none
	// MetricsOptional leaves the metrics page out when its port is taken, instead of failing.
	MetricsOptional bool
	Status          string // address and port of the status page; "" is none
	StatusOptional  bool   // as MetricsOptional
	Dir             string // kept at the end; "" is a temporary directory
	Script          Script // what happens to the edges when, beside what is read
}

const (
	lookEvery = 100 * time.Millisecond // how often the narrator asks the server
	netName   = "demo"
	zone      = "example.org."
)

// Run runs the demo until ctx ends, the word q is read from in, or the server dies, which is an error. Lines read from in
// break and mend edges; its end ends nothing. A goroutine goes on reading in until that returns.
func Run(ctx context.Context, o Options, in io.Reader, out io.Writer) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out = &lockedWriter{w: out}
	if err := o.check(); err != nil {
		return err
	}
	edges, err := startEdges(o.EdgePort)
	if err != nil {
		return err
	}
	defer edges.close()
	dir, remove, err := makeDir(o.Dir)
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, remove()) }()
	if err := writeFiles(dir, o, edges); err != nil {
		return err
	}
	told := newNarrator(o.DNS, filepath.Join(dir, "state", netName), edges, out)
	server, err := startServer(o.Coredns, dir, out)
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, server.stop()) }()
	introduce(out, o, dir, edges)
	return loop(ctx, o.Script, readLines(ctx, in), edges, told, server)
}

// loop is where everything happens, one thing at a time.
func loop(ctx context.Context, script Script, lines <-chan string, edges edges, told *narrator, server *server) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	steps := script.player()
	defer steps.stop()
	for {
		var c command
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-server.done:
			return server.died()
		case <-look.C:
			if told.look(ctx) {
				steps.start() // the script counts from the first answer
			}
			continue
		case c = <-steps.next:
		case line := <-lines:
			if c, err = parseCommand(line); err != nil {
				fmt.Fprintf(told.out, "%v\n%s", err, keys)
				continue
			}
		}
		if c.quit {
			return nil
		}
		told.obey(c, edges)
	}
}

// readLines sends the lines of in until that or ctx ends.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go scan(in, func(line string) bool {
		select {
		case lines <- line:
			return true
		case <-ctx.Done():
			return false
		}
	})
	return lines
}

// check finds what would make the server fail later and with less clear words.
func (o *Options) check() error {
	info, err := os.Stat(o.Coredns)
	switch {
	case err != nil:
		return fmt.Errorf("finding the server: %w; build it with make build, or name it with --coredns", err)
	case info.IsDir() || info.Mode()&0o111 == 0:
		return fmt.Errorf("finding the server: %q is not a program; name one with --coredns", o.Coredns)
	}
	if o.Coredns, err = filepath.Abs(o.Coredns); err != nil {
		return fmt.Errorf("finding the server: %w", err)
	}
	if err := free(o.DNS, "udp", "--dns"); err != nil {
		return err
	}
	if err := free(o.DNS, "tcp", "--dns"); err != nil {
		return err
	}
	if err := choose(&o.Metrics, "--metrics", o.MetricsOptional); err != nil {
		return err
	}
	return choose(&o.Status, "--status", o.StatusOptional)
}

// choose leaves a page out whose port is taken, if it is optional.
func choose(address *string, flag string, optional bool) error {
	if *address == "" {
		return nil
	}
	err := free(*address, "tcp", flag)
	if err != nil && optional {
		*address, err = "", nil
	}
	return err
}

// firstOf returns the first error there is.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
