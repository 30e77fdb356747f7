// Package show lays out the answers of the control API for people. Its functions are pure: of an answer, and the time now,
// they make lines of text.
//
// Every text of an answer is made safe for a terminal as it is written. Lines stay under 80 columns as far as names and
// comments let them; what matters most stands first on each.
package show

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
)

// Page gathers what is shown.
type Page struct {
	Now   time.Time // ages are told from
	Paint console.Paint
	text  strings.Builder
}

// String is all that was written.
func (p *Page) String() string { return p.text.String() }

// line writes a line in a colour. Strings among args are made safe; format is ours.
func (p *Page) line(c console.Colour, format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = console.Safe(s)
		}
	}
	text := fmt.Sprintf(format, args...)
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	p.text.WriteString(indent + p.Paint.In(c, text[len(indent):]) + "\n")
}

func (p *Page) blank() { p.text.WriteByte('\n') }

// gap parts what follows from what was written before.
func (p *Page) gap() {
	if p.text.Len() > 0 {
		p.blank()
	}
}

func (p *Page) table(t console.Table) { t.Write(&p.text, p.Paint) }

// wrapped writes text of any length on as many lines as it needs, all but the first indented further. Names longer than a
// line stay whole.
func (p *Page) wrapped(c console.Colour, first, indent, text string) {
	line := first
	empty := true
	for word := range strings.FieldsSeq(console.Safe(text)) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			p.line(c, "%s", line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	p.line(c, "%s", line)
}

// width is that of a line which holds a text of any length.
const width = 79

// clipped writes a line that ends in a text of any length, of which only what fits is shown.
func (p *Page) clipped(c console.Colour, format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = console.Safe(s)
		}
	}
	p.line(c, "%s", console.Clip(fmt.Sprintf(format, args...), width))
}

// by is who made an operator's change, and why.
func by(author, claimed, comment string) string {
	text := "by " + who(author, claimed)
	if comment != "" {
		text += ": " + comment
	}
	return text
}

// who is the author of an operator's change.
func who(author, claimed string) string {
	switch {
	case author == "":
		return "unknown"
	case claimed == "" || claimed == author:
		return author
	}
	return author + " (claims " + claimed + ")"
}

// gradeColour is how a grade stands out.
func gradeColour(grade string) console.Colour {
	switch {
	case grade == "pass_threshold":
		return console.Good
	case strings.HasPrefix(grade, "pass"):
		return console.Plain
	case grade == "fail":
		return console.Bad
	}
	return console.Warn
}

// rungColour is how a rung stands out.
func rungColour(rung string) console.Colour {
	switch rung {
	case "full":
		return console.Good
	case "short":
		return console.Warn
	}
	return console.Bad
}

// modeColour is how a mode stands out.
func modeColour(mode string) console.Colour {
	switch mode {
	case "", available:
		return console.Plain
	case "unavailable":
		return console.Bad
	}
	return console.Warn
}

const available = "available"
