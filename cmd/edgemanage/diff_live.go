package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/config"
)

// newDiffLive makes `edgemanage diff-live`.
func newDiffLive(c clock) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff-live LIST [LIST]",
		Short: "Compare the live set with the live list of the Python edgemanage",
		Long: `Compare the live set of a network, over its families, with a file that has the
names of edges one a line: the live_list of the Python edgemanage, while both
run side by side. With two files they are compared, and no server is asked.

Nothing is printed when the sets are the same, so that cron mails differences
alone. Else a line says how many edges they share, and one an edge, as diff
does, what is only in the list (-) and what is only live here (+), with the
reason.

Exit status 0 says that the sets are the same, 1 that they differ, 2 that they
cannot be compared: a file is not such a list, the server cannot be asked, does
not know the network, or has decided nothing yet.`,
		Example: `  edgemanage diff-live -A mynet /var/lib/edgemanage-py/edges.mynet.live
  edgemanage diff-live old.live new.live`,
		Args: func(cmd *cobra.Command, args []string) error {
			return badInput(cobra.RangeArgs(1, 2)(cmd, args))
		},
	}
	s := newServer(cmd, c, "table")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		there, err := readLiveList(args[0])
		if err != nil {
			return badInput(err)
		}
		var here liveSet
		if len(args) > 1 {
			here, err = readLiveList(args[1])
		} else {
			here, err = s.liveSet(cmd.Context())
		}
		if err != nil {
			return badInput(err)
		}
		text := diffLive(there, here)
		if text == "" {
			return nil
		}
		if err := emit(cmd.OutOrStdout(), text); err != nil {
			return err
		}
		return &exitError{nil, 1}
	}
	return cmd
}

// liveSet are the edges that are live somewhere.
type liveSet struct {
	where string
	names []string          // sorted, each once
	why   map[string]string // reasons, of the others too, where they are known; nil: none are
}

// maxLiveList bounds a live list, in bytes: there are no networks with a million edges.
const maxLiveList = 1 << 20

// readLiveList reads the names of a file. One that is empty is a list of none: that is what the Python edgemanage writes when
// nothing is left.
func readLiveList(path string) (liveSet, error) {
	f, err := os.Open(path)
	if err != nil {
		return liveSet{}, fmt.Errorf("reading live list: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxLiveList+1))
	if err == nil && len(data) > maxLiveList {
		err = fmt.Errorf("it is over %d bytes", maxLiveList)
	}
	if err != nil {
		return liveSet{}, fmt.Errorf("reading live list %q: %w", path, err)
	}
	set := liveSet{where: path}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxLiveList+1)
	for n := 1; lines.Scan(); n++ {
		word := strings.TrimSpace(lines.Text())
		if word == "" {
			continue
		}
		name, err := config.EdgeName(word)
		if err != nil {
			return liveSet{}, fmt.Errorf("reading live list %q: line %d: %w", path, n, err)
		}
		set.names = append(set.names, name)
	}
	slices.Sort(set.names)
	set.names = slices.Compact(set.names)
	return set, nil
}

// liveSet asks the server.
func (s *server) liveSet(ctx context.Context) (liveSet, error) {
	client := s.client()
	edges, err := client.Edges(ctx, s.edges(""))
	if err != nil {
		return liveSet{}, err
	}
	glance, err := client.Networks(ctx, edges.Network)
	if err != nil {
		return liveSet{}, err
	}
	for _, n := range glance.Networks {
		if !n.Ready {
			return liveSet{}, fmt.Errorf("comparing with network %s: it has decided nothing yet", n.Network)
		}
	}
	if len(glance.Networks) == 0 {
		return liveSet{}, errors.New("comparing with the server: it has no network")
	}
	set := liveSet{where: "network " + edges.Network, why: map[string]string{}}
	for _, f := range edges.Families {
		set.names = append(set.names, f.Live...)
	}
	for _, e := range edges.Edges {
		if _, first := set.why[e.Edge]; !first || e.Live {
			set.why[e.Edge] = e.Reason
		}
	}
	slices.Sort(set.names)
	set.names = slices.Compact(set.names)
	return set, nil
}

// diffLive says how two sets differ, and nothing when they do not.
func diffLive(there, here liveSet) string {
	var gone, come []string
	for _, name := range there.names {
		if _, both := slices.BinarySearch(here.names, name); !both {
			gone = append(gone, name)
		}
	}
	for _, name := range here.names {
		if _, both := slices.BinarySearch(there.names, name); !both {
			come = append(come, name)
		}
	}
	if len(gone)+len(come) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d in both, %d only in %s, %d only in %s\n", len(there.names)-len(gone), len(gone), console.Safe(there.where), len(come), console.Safe(here.where))
	for _, side := range []struct {
		sign  string
		names []string
	}{{"-", gone}, {"+", come}} {
		for _, name := range side.names {
			b.WriteString(side.sign + " " + console.Safe(name))
			if why, known := here.why[name]; known {
				b.WriteString("  " + console.Safe(why))
			} else if here.why != nil {
				b.WriteString("  not configured here")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
