package show

import (
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
	"github.com/deflect-ca/coredns-edgemanage/control"
)

// Changes shows each change with before, after, reason and author.
func (p *Page) Changes(changes []control.Change) {
	for _, c := range changes {
		p.line(console.Bold, "%s UTC (%s)  %s", console.At(c.At, p.Now), console.Ago(c.At, p.Now), strings.Join(heading(c), " "))
		p.wrapped(console.Plain, "  ", "    ", Summary(c))
		if c.Kind == "set" {
			p.wrapped(console.Dim, "  ", "    ", "live: "+orNone(c.After))
		}
		if c.Reason != "" {
			p.wrapped(console.Plain, "  ", "    ", c.Reason)
		}
		if c.Comment != "" || c.Claimed != "" || c.Author != "" && c.Reason == "" {
			p.wrapped(console.Plain, "  ", "    ", by(c.Author, c.Claimed, c.Comment))
		}
	}
	if len(changes) == 0 {
		p.line(console.Plain, "no changes")
	}
}

// heading names what a change is of.
func heading(c control.Change) []string {
	words := []string{c.Network, c.Family, c.Kind}
	if c.Rung != "" {
		words = append(words, "(rung "+c.Rung+")")
	}
	return slices.DeleteFunc(words, func(s string) bool { return s == "" })
}

// Summary is a change in a few words: who left and entered a set, or what became of what.
func Summary(c control.Change) string {
	if c.Kind != "set" {
		text := orNone(c.Before) + " -> " + orNone(c.After)
		if of := strings.TrimSpace(c.Zone + " " + c.Edge); of != "" {
			text = of + ": " + text
		}
		return text
	}
	var words []string
	for _, name := range c.Before {
		if !slices.Contains(c.After, name) {
			words = append(words, "-"+name)
		}
	}
	for _, name := range c.After {
		if !slices.Contains(c.Before, name) {
			words = append(words, "+"+name)
		}
	}
	if len(words) == 0 {
		return "same edges, other addresses"
	}
	return strings.Join(words, " ")
}

// changeLine is a change on two lines, cut to the width, for the status.
func (p *Page) changeLine(c control.Change, several bool) {
	words := []string{c.Kind}
	if c.Family != "" {
		words = append([]string{c.Family}, words...)
	}
	if several {
		words = append([]string{c.Network}, words...)
	}
	p.clipped(console.Plain, "  %s (%s) %s: %s", console.At(c.At, p.Now), console.Ago(c.At, p.Now), strings.Join(words, " "), Summary(c))
	why := c.Reason
	if c.Author != "" {
		why = by(c.Author, c.Claimed, c.Comment)
	}
	if why != "" {
		p.clipped(console.Dim, "    %s", why)
	}
}
