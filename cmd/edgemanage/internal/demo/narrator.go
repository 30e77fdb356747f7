package demo

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// remembered is how many changes are read at a time; more within one look would be passed over.
const remembered = 100

// narrator tells what the server does, from its answers and from the changes it writes into its state.
type narrator struct {
	server string // asked by DNS
	state  string // directory of the network's state
	edges  edges
	out    io.Writer

	told    state.Change // the last change told of
	answer  string       // the last answer told of; "" before the first
	waiting bool         // the answer has changed and the reason is not written yet
}

func newNarrator(server, dir string, es edges, out io.Writer) *narrator {
	n := &narrator{server: server, state: dir, edges: es, out: out}
	if old, err := state.ReadChanges(dir, 1); err == nil && len(old) > 0 {
		n.told = old[0] // of an earlier demo in this directory
	}
	return n
}

// look asks the server and tells what is new. It reports whether the server has ever answered with addresses.
func (n *narrator) look(ctx context.Context) bool {
	answer := n.ask(ctx)
	if ctx.Err() != nil {
		return false
	}
	explained := n.tellChanges()
	switch {
	case answer == n.answer || n.answer == "" && !strings.HasPrefix(answer, "127."):
		return n.answer != ""
	case !explained && !n.waiting:
		n.waiting = true // the reason is on its way: tell both together, the next time
		return n.answer != ""
	}
	n.answer, n.waiting = answer, false
	fmt.Fprintf(n.out, "          %s A %s\n", strings.TrimSuffix(zone, "."), answer)
	return true
}

// ask returns the addresses answered, in a line.
func (n *narrator) ask(ctx context.Context) string {
	addrs, err := ask(ctx, n.server)
	if err != nil {
		return fmt.Sprintf("is not answered: %v", err)
	}
	if len(addrs) == 0 {
		return "has no address"
	}
	return list(addrs)
}

// tellChanges tells of the changes since the last time and reports whether a set was among them.
func (n *narrator) tellChanges() (set bool) {
	changes, err := state.ReadChanges(n.state, remembered) // newest first
	if err != nil {
		return false // it is read again before long
	}
	fresh := slices.IndexFunc(changes, func(c state.Change) bool {
		return c.At.Equal(n.told.At) && c.Kind == n.told.Kind && c.Edge == n.told.Edge && c.Reason == n.told.Reason
	})
	if fresh < 0 {
		fresh = len(changes)
	}
	for _, c := range slices.Backward(changes[:fresh]) {
		fmt.Fprintf(n.out, "%s  %s\n", c.At.Local().Format(time.TimeOnly), describe(c))
		set = set || c.Kind == "set"
		n.told = c
	}
	return set
}

// describe tells of a change: what, and below it why.
func describe(c state.Change) string {
	switch c.Kind {
	case "mode":
		return fmt.Sprintf("%s is %s, was %s: %s; comment %q", c.Edge, list(c.After), list(c.Before), c.Reason, c.Comment)
	case "freeze":
		return fmt.Sprintf("%s; comment %q", c.Reason, c.Comment)
	case "set":
	default:
		return fmt.Sprintf("%s %s, was %s: %s", c.Kind, list(c.After), list(c.Before), c.Reason)
	}
	var parts []string
	if left := without(c.Before, c.After); len(left) > 0 {
		parts = append(parts, list(left)+" left")
	}
	if entered := without(c.After, c.Before); len(entered) > 0 {
		parts = append(parts, list(entered)+" entered")
	}
	parts = append(parts, "now "+list(c.After))
	// The reason is "edge1 left (...), edge4 entered (...)": one edge a line reads better.
	why := strings.ReplaceAll(c.Reason, "), edge", ")\n            edge")
	return strings.Join(parts, ", ") + "\n            " + why
}

func without(names, other []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(other, name) })
}

func list[T any](values []T) string { return strings.Trim(fmt.Sprint(values), "[]") }

// obey carries a command out and tells what it did.
func (n *narrator) obey(c command, es edges) {
	if len(c.edges) == 0 {
		n.show()
		return
	}
	now := time.Now().Format(time.TimeOnly)
	var names []string
	for _, i := range c.edges {
		if err := es[i].become(c.behaviour); err != nil {
			fmt.Fprintf(n.out, "%s  %v\n", now, err)
			continue
		}
		names = append(names, es[i].name)
	}
	if len(names) > 0 {
		fmt.Fprintf(n.out, "%s  you: %s: %s\n", now, list(names), c.behaviour)
	}
}

// show tells what each edge does and whether it is answered.
func (n *narrator) show() {
	var live []netip.Addr
	if n.answer != "" {
		for word := range strings.FieldsSeq(n.answer) {
			if a, err := netip.ParseAddr(word); err == nil {
				live = append(live, a)
			}
		}
	}
	for _, e := range n.edges {
		mark := "    "
		if slices.Contains(live, e.addr.Addr()) {
			mark = "live"
		}
		fmt.Fprintf(n.out, "  %s  %s  %s  %v when healthy; it is %s\n", mark, e.name, e.addr.Addr(), e.latency, e.is())
	}
	fmt.Fprintf(n.out, "          %s A %s\n", strings.TrimSuffix(zone, "."), n.answer)
}
