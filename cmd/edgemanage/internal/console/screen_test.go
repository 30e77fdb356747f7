package console

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// emulator is as much of a terminal as a Screen uses.
type emulator struct {
	rows, columns int
	cells         []string
	row, column   int
	cleared       int // times that the whole screen went blank
	hidden, cut   bool
}

var control = regexp.MustCompile("^\x1b\\[([?0-9;]*)([A-Za-z])")

func (e *emulator) write(t *testing.T, data string) {
	for data != "" {
		if m := control.FindStringSubmatch(data); m != nil {
			data = data[len(m[0]):]
			e.control(t, m[1], m[2])
			continue
		}
		if data[0] == '\n' {
			e.row, e.column = min(e.row+1, e.rows-1), 0
		} else {
			line := []byte(e.cells[e.row] + strings.Repeat(" ", max(0, e.column+1-len(e.cells[e.row]))))
			line[e.column] = data[0]
			e.cells[e.row] = string(line)
			e.column = min(e.column+1, e.columns-1)
		}
		data = data[1:]
	}
}

func (e *emulator) control(t *testing.T, args, what string) {
	switch what {
	case "H":
		row, _, _ := strings.Cut(args, ";")
		n, err := strconv.Atoi(row)
		if err != nil {
			t.Fatalf("got row %q", row)
		}
		e.row, e.column = min(n, e.rows)-1, 0
	case "K":
		e.cells[e.row] = e.cells[e.row][:min(e.column, len(e.cells[e.row]))]
	case "J":
		if args == "2" {
			e.cleared++
			clear(e.cells)
			return
		}
		e.cells[e.row] = e.cells[e.row][:min(e.column, len(e.cells[e.row]))]
		clear(e.cells[e.row+1:])
	case "l", "h":
		switch args {
		case "?25":
			e.hidden = what == "l"
		case "?7":
			e.cut = what == "l"
		}
	default:
		t.Fatalf("got the control sequence %s%s", args, what)
	}
}

// A text takes the place of the one before, whatever its lines, and the terminal is as it was in the end.
func TestScreenOnTerminal(t *testing.T) {
	var out bytes.Buffer
	s := &Screen{out: &out, terminal: true}
	e := &emulator{rows: 5, columns: 10, cells: make([]string, 5)}
	steps := []struct {
		name, text string
		want       []string
	}{
		{"at first", "one\ntwo\nthree\n", []string{"one", "two", "three", "", ""}},
		{"shorter lines, and fewer", "1\ntwo\n", []string{"1", "two", "", "", ""}},
		{"as wide as the terminal", "0123456789\nx\n", []string{"0123456789", "x", "", "", ""}},
		{"more lines than there are", "a\nb\nc\nd\ne\nf\ng\n", []string{"a", "b", "c", "d", "g"}},
		{"fewer again", "a\n", []string{"a", "", "", "", ""}},
	}
	for _, step := range steps {
		if err := s.Show(step.text); err != nil {
			t.Fatal(err)
		}
		e.write(t, out.String())
		out.Reset()
		if diff := cmp.Diff(step.want, e.cells); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
	if e.cleared != 1 || !e.hidden || !e.cut {
		t.Errorf("cleared %d times, want once; hidden %t, cut %t, want both", e.cleared, e.hidden, e.cut)
	}
	s.Close()
	e.write(t, out.String())
	if e.hidden || e.cut || e.cells[0] != "a" {
		t.Errorf("in the end: hidden %t, cut %t, %q", e.hidden, e.cut, e.cells)
	}
}

func TestScreenElsewhere(t *testing.T) {
	var out bytes.Buffer
	s := NewScreen(&out)
	for range 2 {
		if err := s.Show("a\nb\n"); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if want := "a\nb\n\na\nb\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
