package console

import (
	"fmt"
	"io"
	"strings"
)

// Screen shows one text after the other: on a terminal in place, elsewhere one below the other.
//
// In place means line over line, in one write and without clearing the whole, so nothing flickers. Lines are cut at the edge of the
// terminal, and those that do not fit below each other fall together on its last one.
type Screen struct {
	out      io.Writer
	terminal bool
	begun    bool
}

// NewScreen returns a screen on out. Close gives the terminal back.
func NewScreen(out io.Writer) *Screen { return &Screen{out: out, terminal: IsTerminal(out)} }

// Redraws says whether a text takes the place of the one before.
func (s *Screen) Redraws() bool { return s.terminal }

const (
	hideCursor, showCursor = "\x1b[?25l", "\x1b[?25h"
	cutLines, wrapLines    = "\x1b[?7l", "\x1b[?7h"
	clearAll, clearBelow   = "\x1b[2J", "\x1b[J"
	clearRight             = "\x1b[K"
	lastRow                = "\x1b[9999;1H"
)

// Show shows text, which ends in a newline.
func (s *Screen) Show(text string) error {
	var b strings.Builder
	switch {
	case !s.terminal:
		if s.begun {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	default:
		if !s.begun {
			b.WriteString(hideCursor + cutLines + clearAll)
		}
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		for row, line := range lines {
			clear := clearRight
			if row == len(lines)-1 {
				clear = clearBelow
			}
			fmt.Fprintf(&b, "\x1b[%d;1H%s%s", row+1, clear, line)
		}
	}
	s.begun = true
	_, err := io.WriteString(s.out, b.String())
	return err
}

// Close shows the cursor again, on a line of its own below what was shown.
func (s *Screen) Close() {
	if s.terminal && s.begun {
		io.WriteString(s.out, wrapLines+lastRow+showCursor+"\n") // a terminal that has gone needs nothing
	}
}
