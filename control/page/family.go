package page

import (
	"fmt"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

type familyView struct {
	Name  string // IPv4, IPv6
	Tone  tone
	Rung  string
	Text  string
	Live  []liveView
	More  []string // addresses of no live edge, as those of rung fallback are
	Since *moment
	Facts []fact
}

type liveView struct{ Edge, Address string }

func showFamily(f control.Family, wanted int, addresses map[track]string, now time.Time) familyView {
	v := familyView{Name: familyName(f.Family), Tone: familyTone(f), Rung: f.Rung, Text: plain(f.RungText), Since: at(f.Since, now)}
	if empty(f) {
		v.Rung = "no edges"
		return v
	}
	of := map[string]bool{}
	for _, name := range f.Live {
		address := addresses[track{name, f.Family}]
		of[address] = true
		v.Live = append(v.Live, liveView{Edge: plain(name), Address: plain(address)})
	}
	for _, address := range f.Addresses {
		if !of[address] {
			v.More = append(v.More, plain(address))
		}
	}
	if f.Standing {
		v.Text += "; the saved set stands until its edges have been probed"
	}
	left := fact{Name: "Budget", Text: budget(f.Budget)}
	if f.Budget.Held > 0 {
		left.Tone = warning
	}
	v.Facts = []fact{{Name: "Live", Text: fmt.Sprintf("%d of %d wanted, %d needed", len(f.Live), wanted, f.MinLive)}, left}
	return v
}

// budget says what is left of max_changes.
func budget(b control.Budget) string {
	if b.Max == 0 {
		return fmt.Sprintf("no limit, %d changes counted", b.Used)
	}
	text := fmt.Sprintf("%d of %d changes left in %s", b.Left, b.Max, span(seconds(b.PerSeconds)))
	if b.Held > 0 {
		text += fmt.Sprintf(", %d held back", b.Held)
	}
	return text
}

func addressesOf(edges []control.Edge) map[track]string {
	addresses := map[track]string{}
	for _, e := range edges {
		if e.Live {
			addresses[track{e.Edge, e.Family}] = e.Address
		}
	}
	return addresses
}

func familyName(family string) string {
	switch family {
	case "ipv4":
		return "IPv4"
	case "ipv6":
		return "IPv6"
	default:
		return plain(family)
	}
}
