package page

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deflect-ca/coredns-edgemanage/control"
)

// most is the number of rows of a table of edges. A page stays readable and a phone can hold it; live edges stand in it
// however many they are.
const most = 300

type tableView struct {
	Total   int
	Counts  []countView
	Rows    []rowView
	More    int    // edges that are left out
	Filter  string // the query that left edges out
	All     string // where all of them are
	Network string
}

// A countView is a number of edges, and the page that shows them alone.
type countView struct {
	Count int
	Word  string
	Tone  tone
	Link  string
}

type rowView struct {
	Key       string // tells rows apart from one look to the next
	Edge      string
	Family    string
	Address   string
	Live      bool
	Grade     string
	GradeTone tone
	Last      string
	LastBad   bool
	Window    string
	Average   string
	Spark     *spark
	Mode      *modeView
	Reason    string
	Details   []fact
}

type modeView struct {
	Mode    string
	Tone    tone
	Comment string
	Author  string
	At      *moment
	Expires *moment
}

// showEdges makes the table of those edges that the query finds: all, without one.
func showEdges(r reading, now time.Time, query string) tableView {
	v := tableView{
		Total: len(r.edges), Filter: query, Network: plain(r.network.Network),
		All: "/v1/edges?network=" + url.QueryEscape(r.network.Network), Counts: counts(r.edges),
	}
	found := slices.DeleteFunc(slices.Clone(r.edges), func(e control.Edge) bool { return !matches(e, query) })
	slices.SortStableFunc(found, func(a, b control.Edge) int { return cmp.Compare(urgency(a), urgency(b)) })
	keep := min(len(found), most)
	for keep < len(found) && found[keep].Live {
		keep++
	}
	v.More = len(found) - keep
	found = found[:keep]
	slices.SortStableFunc(found, order)
	for _, e := range found {
		row := showEdge(e, r, now)
		row.Details = append(row.Details, explanation(r.network.Network, e.Edge))
		v.Rows = append(v.Rows, row)
	}
	return v
}

// urgency is the order in which edges get a row when there is not one for each.
func urgency(e control.Edge) int {
	switch {
	case e.Live:
		return 0
	case e.Mode.Mode != "available" && e.Mode.Mode != "":
		return 1
	case e.Grade == "fail":
		return 2
	default:
		return 3
	}
}

// grades are in the order of the table.
var grades = []string{"pass_threshold", "pass_window", "pass_average", "pass", "unknown", "fail"}

// order sorts the table: by family, the live edges first, then by grade. What an operator took out comes last, for it is no
// candidate, and after all what has only a mode.
func order(a, b control.Edge) int {
	out := func(e control.Edge) int {
		switch {
		case e.Live:
			return 0
		case e.Mode.Mode == "unavailable":
			return 2
		default:
			return 1
		}
	}
	absent := func(e control.Edge) int {
		if e.Family == "" {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(absent(a), absent(b)),
		cmp.Compare(a.Family, b.Family),
		cmp.Compare(out(a), out(b)),
		cmp.Compare(slices.Index(grades, a.Grade), slices.Index(grades, b.Grade)),
		cmp.Compare(a.AverageSeconds, b.AverageSeconds),
		cmp.Compare(a.Edge, b.Edge),
	)
}

// matches says whether an edge has every word of the query: as its state, grade, mode or family, or in its name, address
// or comment.
func matches(e control.Edge, query string) bool {
	state := "out"
	if e.Live {
		state = "live"
	}
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		switch word {
		case state, e.Grade, e.Mode.Mode, e.Family:
			continue
		case "live", "out", "passing", "ipv4", "ipv6", "unavailable", "unknown", "fail":
			if word == "passing" && strings.HasPrefix(e.Grade, "pass") {
				continue
			}
			return false
		}
		text := e.Edge + " " + e.Address + " " + e.Mode.Comment + " " + e.Mode.Author + " " + e.Rule
		if !strings.Contains(strings.ToLower(text), word) {
			return false
		}
	}
	return true
}

func counts(edges []control.Edge) []countView {
	list := []countView{{Word: "live", Tone: good}, {Word: "passing"}, {Word: "fail", Tone: critical}, {Word: "unknown"}, {Word: "unavailable", Tone: warning}}
	for i := range list {
		c := &list[i]
		c.Link = "/?q=" + c.Word
		for _, e := range edges {
			if matches(e, c.Word) {
				c.Count++
			}
		}
		if c.Count == 0 {
			c.Tone = quiet
		}
	}
	return list
}

func showEdge(e control.Edge, r reading, now time.Time) rowView {
	row := rowView{
		Key: e.Family + " " + plain(e.Edge), Edge: plain(e.Edge), Family: familyName(e.Family), Address: plain(e.Address),
		Live: e.Live, Grade: plain(e.Grade), GradeTone: gradeTone(e),
		Last: "–", Window: latency(e.WindowSeconds), Average: latency(e.AverageSeconds),
		Spark: draw(r.samples[track{e.Edge, e.Family}], r.network, now),
		Mode:  showMode(e.Mode, now), Reason: plain(e.Reason),
	}
	if !e.LastAt.IsZero() {
		row.Last, row.LastBad = latency(e.LastSeconds), e.LastFailed
		if e.LastFailed {
			row.Last = "failed"
		}
	}
	row.Details = edgeDetails(e, now)
	return row
}

// edgeDetails are what is asked second: they are folded away.
func edgeDetails(e control.Edge, now time.Time) []fact {
	var facts []fact
	add := func(name, text string) {
		if text != "" {
			facts = append(facts, fact{Name: name, Text: plain(text)})
		}
	}
	if len(e.Mode.Comment) > 100 {
		add("Comment", e.Mode.Comment) // the style sheet cuts a long one in its row
	}
	add("Rule", e.Rule)
	add("Paired with", e.Other)
	if t := at(e.LastAt, now); t != nil {
		facts = append(facts, fact{Name: "Probed", Time: t})
	}
	if e.LastFailed {
		add("Failed after", latency(e.LastSeconds))
	}
	add("Outcome", e.Outcome)
	add("Error", e.Error)
	if e.Probed != "" && e.Probed != e.Address {
		add("New address", e.Probed+" has not passed yet")
	}
	add("Samples", fmt.Sprint(e.Samples))
	if t := at(e.Certificate, now); t != nil {
		facts = append(facts, fact{Name: "Certificate ends", Time: t})
	}
	return facts
}

// explanation leads to what would have to happen for the edge to enter. It is asked only when somebody wants it: the
// network works it out.
func explanation(network, edge string) fact {
	return fact{Name: "More", Text: "explain", Link: "/v1/explain?" + url.Values{"network": {network}, "edge": {edge}}.Encode()}
}

// showMode is nil for what nobody said anything about.
func showMode(m control.Mode, now time.Time) *modeView {
	if modeTone(m.Mode) == quiet && m.Comment == "" {
		return nil
	}
	v := &modeView{Mode: plain(m.Mode), Tone: modeTone(m.Mode), Comment: plain(m.Comment), At: at(m.At, now), Expires: at(m.Expires, now)}
	if m.Author != "" || m.Claimed != "" {
		v.Author = author(m.Author, m.Claimed)
	}
	return v
}
