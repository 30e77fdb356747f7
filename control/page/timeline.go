package page

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// past is how far back the timeline goes; of the changesAsked that are counted it shows changesMost.
const (
	past         = 24 * time.Hour
	changesAsked = 1000
	changesMost  = 100
)

type timelineView struct {
	Items []changeView
	More  int
	All   string
}

type changeView struct {
	Key     string
	At      *moment
	Kind    string
	Family  string
	Zone    string // of a canary
	Edge    string
	Left    []string // of a set
	Entered []string
	Before  string
	After   string
	Rung    string
	Reason  string
	Author  string
	Comment string
}

// showChanges makes the timeline of the last day, the newest first.
func showChanges(r reading, now time.Time) timelineView {
	v := timelineView{All: "/v1/changes?network=" + url.QueryEscape(r.network.Network)}
	same := map[string]int{}
	for _, c := range r.changes {
		if now.Sub(c.At) > past {
			continue
		}
		if len(v.Items) == changesMost {
			v.More++
			continue
		}
		item := showChange(c, now)
		// Two of the same moment are told apart by their number.
		same[item.Key]++
		item.Key += fmt.Sprint(" ", same[item.Key])
		v.Items = append(v.Items, item)
	}
	return v
}

func showChange(c control.Change, now time.Time) changeView {
	v := changeView{
		Key: c.At.UTC().Format(time.RFC3339Nano) + " " + plain(c.Kind), At: at(c.At, now), Kind: plain(c.Kind), Zone: plain(c.Zone), Edge: plain(c.Edge),
		Before: list(c.Before), After: list(c.After), Rung: plain(c.Rung), Reason: plain(c.Reason), Comment: plain(c.Comment),
	}
	if c.Family != "" {
		v.Family = familyName(c.Family)
	}
	if c.Author != "" || c.Claimed != "" {
		v.Author = author(c.Author, c.Claimed)
	}
	if c.Kind == "set" {
		v.Left, v.Entered = without(c.Before, c.After), without(c.After, c.Before)
	}
	return v
}

// without returns those of a that are not in b.
func without(a, b []string) []string {
	var rest []string
	for _, name := range a {
		if !slices.Contains(b, name) {
			rest = append(rest, plain(name))
		}
	}
	return rest
}

// list is a set as text; the empty one is said, too.
func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return plain(strings.Join(names, ", "))
}
