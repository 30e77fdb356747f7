package console

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	table := Table{Indent: "  ", Header: []string{"EDGE", "EMPTY", "LAST", "WHY"}, Rows: [][]Cell{
		{Text("é1"), Text(""), Number("9ms"), Text("kept")},
		{{Text: "longer", Colour: Bad}, Text(""), Number("1.25s"), {Text: "a\nb"}},
		{Text(""), Text(""), Number(""), Text("")},
	}}
	tests := []struct {
		name  string
		paint Paint
		want  string
	}{
		{"plain", false, "  EDGE     LAST  WHY\n  é1        9ms  kept\n  longer  1.25s  a\\nb\n  -           -  -\n"},
		{"coloured", true, "  \x1b[2mEDGE\x1b[0m     \x1b[2mLAST\x1b[0m  \x1b[2mWHY\x1b[0m\n  é1        9ms  kept\n  \x1b[31mlonger\x1b[0m  1.25s  a\\nb\n  -           -  -\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			table.Write(&b, tt.paint)
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("no rows", func(t *testing.T) {
		var b strings.Builder
		Table{Header: []string{"EDGE"}}.Write(&b, false)
		if b.Len() > 0 {
			t.Errorf("got %q, want nothing", b.String())
		}
	})
}

// Colours are for people at a terminal: a file or a pipe gets them only when that is asked for.
func TestNewPaint(t *testing.T) {
	terminal, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // a character device too
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	tests := []struct {
		name, choice, noColor, term string
		piped                       bool
		want                        Paint
	}{
		{"a terminal", "auto", "", "xterm", false, true},
		{"NO_COLOR", "auto", "1", "xterm", false, false},
		{"a dumb terminal", "auto", "", "dumb", false, false},
		{"a pipe", "auto", "", "xterm", true, false},
		{"always", "always", "1", "dumb", true, true},
		{"never", "never", "", "xterm", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tt.noColor)
			t.Setenv("TERM", tt.term)
			paint, err := NewPaint(tt.choice, terminal)
			if tt.piped {
				paint, err = NewPaint(tt.choice, new(bytes.Buffer))
			}
			if err != nil || paint != tt.want {
				t.Errorf("got %v, %v, want %v", paint, err, tt.want)
			}
		})
	}
	if _, err := NewPaint("blue", terminal); err == nil {
		t.Error("got no error for blue")
	}
}
