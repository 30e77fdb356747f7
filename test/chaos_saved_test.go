//go:build e2e && chaos

package test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/state"
)

// saved waits until what is answered is what the state on the disk has, with the serial of it, and the server has no trouble
// with its state; it says so.
func (s *site) saved(t testing.TB, of *server) string {
	t.Helper()
	socket := s.path("state/control.sock")
	if at, moved := strings.CutPrefix(s.body["control"], "control "); moved {
		socket = at
	}
	o := newOperator(t, socket)
	eventually(t, patience, "what is answered to be on the disk", func() bool {
		loaded, err := state.Read(s.path("state/main"))
		must(t, err)
		defer loaded.Close()
		n := o.network()
		return loaded.Found && loaded.Generation == 0 && n.StateError == "" &&
			loaded.Document.SetSerial == n.Serial && slices.Equal(published(loaded.Document), of.apex())
	})
	return "the set and its serial on the disk"
}

// published are the IPv4 addresses that a state says were answered, sorted as set returns them.
func published(d state.Document) []string {
	out := []string{}
	for _, addr := range d.Families["ipv4"].Addresses {
		out = append(out, addr.String())
	}
	slices.Sort(out)
	return out
}

// movement is what the changes of the set on record say of a while.
type movement struct{ changes, entered, left int }

// moved sums the changes of the set since a moment, all those of the log being on record.
func (s *site) moved(t testing.TB, of *server, since time.Time) (m movement) {
	t.Helper()
	eventually(t, patience, "every change of the set to be on record", func() bool {
		logged := of.setChanges()
		changes, err := state.ReadChanges(s.path("state/main"), 1000)
		must(t, err)
		recorded := 0
		m = movement{}
		for _, c := range changes {
			if c.Kind != "set" {
				continue
			}
			if recorded++; c.At.Before(since) {
				continue
			}
			m.changes++
			m.entered += len(beyond(c.After, c.Before))
			m.left += len(beyond(c.Before, c.After))
		}
		return recorded == logged
	})
	return m
}

// beyond are those of a that are not in b.
func beyond(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(v string) bool { return slices.Contains(b, v) })
}
