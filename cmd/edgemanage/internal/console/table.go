package console

import (
	"strings"
	"unicode/utf8"
)

// Cell is one cell of a Table. Its text is made safe when it is written.
type Cell struct {
	Text   string
	Colour Colour
	Right  bool // aligned right, as numbers are
}

// Text is a plain cell; what there is not is a dash.
func Text(s string) Cell { return Cell{Text: s} }

// Number is a cell aligned right.
func Number(s string) Cell { return Cell{Text: s, Right: true} }

// Table is rows of cells in aligned columns. A column in which no row has anything but a dash is left out.
type Table struct {
	Indent string
	Header []string
	Rows   [][]Cell
}

// Write writes the table; without rows it writes nothing. The last column is not padded.
func (t Table) Write(b *strings.Builder, paint Paint) {
	if len(t.Rows) == 0 {
		return
	}
	var columns, widths []int
	for c, title := range t.Header {
		width, empty := utf8.RuneCountInString(title), true
		for _, row := range t.Rows {
			text := cellText(row[c])
			width, empty = max(width, utf8.RuneCountInString(text)), empty && text == "-"
		}
		if !empty {
			columns, widths = append(columns, c), append(widths, width)
		}
	}
	line := func(cell func(c int) Cell) {
		b.WriteString(t.Indent)
		for i, c := range columns {
			v := cell(c)
			text := cellText(v)
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			last := i == len(columns)-1
			switch text = paint.In(v.Colour, text); {
			case v.Right:
				b.WriteString(pad + text)
			case last:
				b.WriteString(text)
			default:
				b.WriteString(text + pad)
			}
			if !last {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	line(func(c int) Cell { return Cell{Text: t.Header[c], Colour: Dim, Right: t.Rows[0][c].Right} })
	for _, row := range t.Rows {
		line(func(c int) Cell { return row[c] })
	}
}

func cellText(c Cell) string {
	if c.Text == "" {
		return "-"
	}
	return Safe(c.Text)
}
