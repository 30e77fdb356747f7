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
