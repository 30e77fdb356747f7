package page

import "fmt"

// A noticeView is a banner. Its times are absolute: a text that changes at every look would be read aloud again each time.
type noticeView struct {
	Tone  tone
	Title string
	Text  string
	Loud  bool // an operator did it, and may have forgotten
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
