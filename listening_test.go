package edgemanage

import (
	"testing"
	"testing/synctest"

	"github.com/coredns/coredns/plugin/transfer"
)

// TestNotifyWaitsForServers: a secondary that is notified before the servers listen comes at once and finds nobody.
func TestNotifyWaitsForServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := notifications{pending: map[string]*transfer.Transfer{}}
		n.add(&transfer.Transfer{}, []string{"example.org.", "example.net."})
		synctest.Wait()
		if got := len(n.pending); got != 2 {
			t.Errorf("before the servers listen %d zones wait, want 2", got)
		}
		n.begin()
		synctest.Wait()
		if got := len(n.pending); got != 0 {
			t.Errorf("when they listen %d zones wait, want none", got)
		}
		n.add(&transfer.Transfer{}, []string{"example.org."})
		synctest.Wait()
		if got := len(n.pending); got != 0 {
			t.Errorf("later %d zones wait, want none", got)
		}
	})
}
