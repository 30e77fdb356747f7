package edgemanage

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/coredns/coredns/plugin/cache"
	"github.com/coredns/coredns/plugin/ready"
	"github.com/coredns/coredns/plugin/transfer"
	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/network"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

var (
	_ ready.Readiness    = (*Edgemanage)(nil)
	_ cache.ZoneBypasser = (*Edgemanage)(nil)
)

// withdraw takes an edge out of a network.
func withdraw(t testing.TB, n *network.Network, edge string) {
	t.Helper()
	_, err := n.SetMode(t.Context(), network.ModeChange{Edge: edge, Mode: selector.Unavailable, Comment: "being rebooted", Author: "test"})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTransfer: *transfer* asks the plugins in turn until one has the zone. Without an error for ours it would come to
// *file*, whose zone has no live address.
func TestTransfer(t *testing.T) {
	e := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet example.org {"+body+"}", "org.")
	dry := running(t, edges{}, silent, covered(network.Live, network.Live), "edgemanage mynet example.org {"+body+"dry_run\n}", "org.")
	for _, test := range []struct {
		name   string
		plugin *Edgemanage
		zone   string
		ours   bool
	}{
		{"ours", e, "example.org.", true},
		{"ours in another case", e, "EXAMPLE.org", true},
		{"below ours", e, "sub.example.org.", false},
		{"a label", e, "www.example.org.", false},
		{"above ours", e, "org.", false},
		{"another", e, "example.net.", false},
		{"dry run", dry, "example.org.", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ch, err := test.plugin.Transfer(test.zone, 0)
			if ch != nil || err == nil || errors.Is(err, transfer.ErrNotAuthoritative) == test.ours {
				t.Errorf("got %v, %v; ours: %v", ch, err, test.ours)
			}
		})
	}
}

func TestCacheBypassZones(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " z%02d.example.org", i)
		}
		return b.String()
	}
	const named = "edgemanage mynet"
	includes := t.TempDir()
	for _, test := range []struct {
		name, block string
		keys, want  []string
	}{
		{"named", named + " Example.org www.example.net {" + body + "}", []string{"."}, []string{"example.org.", "www.example.net."}},
		{"keys", named + " {" + body + "}", []string{"example.org.:53", "tls://example.net.:853"}, []string{"example.net.", "example.org."}},
		{"two networks", "edgemanage a example.org {" + body + "}\nedgemanage b example.net {" + body + "}", []string{"."},
			[]string{"example.net.", "example.org."}},
		{"too many for a scan", named + many(65) + " {" + body + "}", []string{"org.", "net."}, []string{"net.", "org."}},
		{"dry run", "edgemanage a example.org {" + body + "dry_run\n}\nedgemanage b example.net {" + body + "}", []string{"."}, []string{"example.net."}},
		{"includes may bring more", named + " {" + body + "includes " + includes + "\n}", []string{"org.", "net."}, []string{"net.", "org."}},
		{"includes and names", named + " example.org {" + body + "includes " + includes + "\n}", []string{"."}, []string{"."}},
		{"includes of one network of two", "edgemanage a example.net {" + body + "}\nedgemanage b {" + body + "includes " + includes + "\n}",
			[]string{"org.", "net."}, []string{"net.", "org."}},
		{"includes, dry run", "edgemanage a example.net {" + body + "}\nedgemanage b {" + body + "dry_run\nincludes " + includes + "\n}",
			[]string{"org.", "net."}, []string{"example.net."}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := parsed(t, test.block, test.keys...).CacheBypassZones()
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("zones differ (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("as many as named", func(t *testing.T) {
		if got := parsed(t, named+many(mostBypassed)+" {"+body+"}", "org.").CacheBypassZones(); len(got) != mostBypassed {
			t.Errorf("%d zones, want the %d named", len(got), mostBypassed)
		}
	})
}

// TestReady: *ready* asks as soon as its own startup has run, before ours, and never again once it has heard yes.
func TestReady(t *testing.T) {
	e := parsed(t, "edgemanage mynet {"+body+"}", "example.org.")
	if e.Ready() {
		t.Error("ready before the start")
	}
	for _, test := range []struct {
		name, extra string
		edges       edges
		until       func(*network.Snapshot) bool
		want        bool
	}{
		{"decided", "", nil, covered(network.Live, network.Live), true},
		{"a family without edges", "families ipv4\n", nil, covered(network.Live, network.Empty), true},
		{"one family undecided", "", edges{six: hang}, covered(network.Live, network.Undecided), false},
		{"undecided", "", edges{a1: hang, a2: hang, six: hang}, covered(network.Undecided, network.Undecided), false},
		{"undecided, dry run", "dry_run\n", edges{a1: hang, a2: hang, six: hang}, covered(network.Undecided, network.Undecided), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := running(t, test.edges, nil, test.until, "edgemanage mynet {"+body+test.extra+"}", "example.org.")
			if got := e.engine.ready(); got != test.want {
				t.Errorf("ready is %v, want %v", got, test.want)
			}
		})
	}
}
