package page

import (
	"fmt"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// A view is a site as the template shows it: every text is ready, so that the template only places it.
type view struct {
	Version  string
	Now      *moment
	Title    string
	Icon     string // path
	Query    string
	Networks []networkView
}

type networkView struct {
	Name     string
	ID       string // of the element; names of networks are safe in one
	Tone     tone   // the worst of its families and notices
	Word     string // the worst rung, and what else is wrong
	DryRun   bool
	Notices  []noticeView
	Families []familyView
	Facts    []fact
	Edges    tableView
	Canaries canariesView
	Changes  timelineView
}

// A noticeView is a banner. Its times are absolute: a text that changes at every look would be read aloud again each time.
type noticeView struct {
	Tone  tone
	Title string
	Text  string
	Loud  bool // an operator did it, and may have forgotten
}

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

// A fact is a name and what it is.
type fact struct {
	Name string
	Text string
	Link string // of the text
	Time *moment
	Tone tone
}

// show makes the view of a site. The query leaves edges out of the tables.
func show(s site, query string) view {
	v := view{Version: plain(s.version), Now: at(s.at, s.at), Query: query}
	worst, word := quiet, "no networks"
	for i, r := range s.networks {
		n := showNetwork(r, s.at, query)
		n.ID = fmt.Sprintf("network-%d", i+1)
		v.Networks = append(v.Networks, n)
		if i == 0 || n.Tone > worst {
			worst, word = n.Tone, n.Word
			if len(s.networks) > 1 {
				word = n.Name + ": " + n.Word
			}
		}
	}
	v.Title = word + " · edgemanage"
	v.Icon = assets["icon-"+worst.String()+".svg"].path
	return v
}

func showNetwork(r reading, now time.Time, query string) networkView {
	n := r.network
	v := networkView{
		Name: plain(n.Network), DryRun: n.DryRun, Word: "no answers",
		Notices:  notices(r),
		Facts:    networkFacts(n, now),
		Edges:    showEdges(r, now, query),
		Canaries: showCanaries(r, now),
		Changes:  showChanges(r, now),
	}
	addresses := addressesOf(r.edges)
	for i, f := range n.Families {
		family := showFamily(f, n.EdgeCount, addresses, now)
		v.Families = append(v.Families, family)
		if i == 0 || family.Tone > v.Tone {
			v.Tone, v.Word = family.Tone, family.Rung
		}
	}
	for _, notice := range v.Notices {
		v.Tone = max(v.Tone, notice.Tone)
		if notice.Tone >= warning {
			v.Word += ", " + strings.ToLower(notice.Title)
		}
	}
	return v
}

// notices are what nobody may overlook, the most urgent first.
func notices(r reading) []noticeView {
	n := r.network
	var list []noticeView
	if f := n.Frozen; f != nil {
		text := fmt.Sprintf("by %s since %s: %s", author(f.Author, f.Claimed), clock(f.At), plain(f.Comment))
		if f.Expires.IsZero() {
			text += " – until it is ended"
		} else {
			text += " – until " + clock(f.Expires)
		}
		list = append(list, noticeView{Tone: warning, Loud: true, Title: "FROZEN", Text: text + ". Nothing changes but by an operator: an edge that fails now stays."})
	}
	if !n.Ready {
		list = append(list, noticeView{Tone: critical, Title: "Not decided yet", Text: "A and AAAA are answered with SERVFAIL until the first edges have been probed."})
	}
	if n.ModesLost {
		list = append(list, noticeView{Tone: critical, Title: "Modes lost", Text: "The saved state could not be read: edges that were unavailable may be in use. Set their modes again."})
	}
	if n.Late {
		text := "No round of probes has ended yet."
		if !n.LastRound.IsZero() {
			text = "The last round of probes ended " + clock(n.LastRound) + "."
		}
		list = append(list, noticeView{Tone: critical, Title: "Probes are late", Text: text + " What follows may be old."})
	}
	if n.StateError != "" {
		list = append(list, noticeView{Tone: warning, Title: "State not saved", Text: plain(n.StateError) + ". A restart would forget what happened since."})
	}
	for _, f := range n.Families {
		for _, w := range f.Warnings {
			list = append(list, noticeView{Tone: notice, Title: familyName(f.Family), Text: plain(w)})
		}
	}
	if n.DryRun {
		list = append(list, noticeView{Tone: quiet, Title: "Dry run", Text: "It probes and decides; queries are not answered and nothing is written."})
	}
	if r.undrawn != "" {
		list = append(list, noticeView{Tone: notice, Title: "Latencies are not drawn", Text: plain(r.undrawn)})
	}
	return list
}

func networkFacts(n control.Network, now time.Time) []fact {
	round := fact{Name: "Last round", Text: "none yet", Time: at(n.LastRound, now)}
	if round.Time != nil {
		round.Text = ""
	}
	if n.Late {
		round.Tone = critical
	}
	facts := []fact{round}
	if n.RoundSeconds > 0 {
		facts = append(facts, fact{Name: "Round took", Text: latency(n.RoundSeconds)})
	}
	return append(facts,
		fact{Name: "Probed every", Text: span(seconds(n.IntervalSeconds))},
		fact{Name: "Good enough", Text: "under " + latency(n.GoodEnoughSeconds)},
		fact{Name: "Serial", Text: fmt.Sprint(n.Serial)},
		fact{Name: "Zones", Text: fmt.Sprint(n.Zones)},
		stateFact(n),
	)
}

func stateFact(n control.Network) fact {
	switch {
	case n.StateError != "":
		return fact{Name: "State", Text: fmt.Sprintf("not saved, %d errors", n.StateErrors), Tone: critical}
	case n.StateErrors > 0:
		return fact{Name: "State", Text: fmt.Sprintf("saved, after %d errors", n.StateErrors)}
	default:
		return fact{Name: "State", Text: "no errors"}
	}
}

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

// author is who made a change, and who they say they are where that is another.
func author(name, claimed string) string {
	if name == "" {
		name = "unknown"
	}
	if claimed != "" && claimed != name {
		return plain(name) + " (" + plain(claimed) + ")"
	}
	return plain(name)
}

// clock is a time in a sentence.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
