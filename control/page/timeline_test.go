package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

func TestTimeline(t *testing.T) {
	var r reading
	r.network.Network = "a b&c"
	for i := range 150 {
		r.changes = append(r.changes, control.Change{At: noon.Add(-time.Duration(i) * time.Minute), Kind: "rung"})
	}
	r.changes = append(r.changes, control.Change{At: noon.Add(-25 * time.Hour), Kind: "rung"})
	got := showChanges(r, noon)
	if len(got.Items) != 100 || got.More != 50 || got.All != "/v1/changes?network=a+b%26c" {
		t.Errorf("%d changes and %d more at %s, want 100 and 50 of a day", len(got.Items), got.More, got.All)
	}
}

// Rows must not be taken for each other though they are of one moment.
func TestTimelineKeys(t *testing.T) {
	var r reading
	for range 3 {
		r.changes = append(r.changes, control.Change{At: noon, Kind: "mode"})
	}
	seen := map[string]bool{}
	for _, c := range showChanges(r, noon).Items {
		if seen[c.Key] {
			t.Errorf("key %q stands twice", c.Key)
		}
		seen[c.Key] = true
	}
}

func TestChange(t *testing.T) {
	tests := []struct {
		name   string
		change control.Change
		want   string
	}{
		{"a substitution", control.Change{Kind: "set", Before: []string{"a", "b"}, After: []string{"b", "c"}}, "-[a] +[c] a, b > b, c"},
		{"the first set", control.Change{Kind: "set", After: []string{"b"}}, "-[] +[b] nothing > b"},
		{"the last to go", control.Change{Kind: "set", Before: []string{"b"}}, "-[b] +[] b > nothing"},
		{"a mode", control.Change{Kind: "mode", Before: []string{"available"}, After: []string{"force"}}, "-[] +[] available > force"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := showChange(tt.change, noon)
			got := fmt.Sprintf("-%v +%v %s > %s", c.Left, c.Entered, c.Before, c.After)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A canary is of a zone: the timeline had its address alone, and two zones went out at night that nobody could name.
func TestCanaryChange(t *testing.T) {
	s := calm()
	s.networks[0].changes = []control.Change{{
		At: noon, Kind: "canary", Family: "ipv4", Zone: "shop.example.com.", Edge: "192.0.2.201", Before: []string{"in"}, After: []string{"out"}, Reason: "grade fail: not used",
	}}
	body := request((&stage{site: s}).handler(), "GET", "/").Body.Bytes()
	if got, want := outline(t, body), "canary IPv4 shop.example.com. 192.0.2.201 in → out grade fail: not used\n"; !strings.Contains(got, want) {
		t.Errorf("there is no %q in\n%s", want, got)
	}
}
