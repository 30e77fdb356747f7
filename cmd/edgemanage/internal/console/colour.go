package console

import (
	"fmt"
	"io"
	"os"
)

// Colour is how a text stands out. The zero Colour is plain.
type Colour string

// The colours mean the same wherever they stand.
const (
	Plain  Colour = ""
	Bold   Colour = "1"
	Dim    Colour = "2"
	Good   Colour = "32"   // green
	Warn   Colour = "33"   // yellow
	Bad    Colour = "31"   // red
	Banner Colour = "1;41" // on red: must not be overlooked
)

// Paint colours text, or does nothing when it is false.
type Paint bool

// NewPaint says whether to colour what goes to out: choice is always, never or auto, which is on a terminal, unless
// NO_COLOR is set (no-color.org) or TERM is dumb.
func NewPaint(choice string, out io.Writer) (Paint, error) {
	switch choice {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return Paint(os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(out)), nil
	}
	return false, fmt.Errorf("reading --color %q: expected auto, always or never", choice)
}

// In returns text in a colour.
func (p Paint) In(c Colour, text string) string {
	if !p || c == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// IsTerminal says whether out is one.
func IsTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
