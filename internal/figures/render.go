package figures

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Read reads rows as Add wrote them. Of two rows of one name the later counts.
func Read(r io.Reader) (rows []Row, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		var row Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("reading figures: line %d: %w", n, err)
		}
		if _, known := Tables[row.Table]; !known {
			return nil, fmt.Errorf("reading figures: line %d: no table %q", n, row.Table)
		}
		same := func(other Row) bool { return other.Table == row.Table && other.Name == row.Name }
		rows = append(slices.DeleteFunc(rows, same), row)
	}
	return rows, lines.Err()
}

// Table renders the rows of one table as Markdown, sorted by name; it is empty without rows.
func Table(rows []Row, table string) string {
	own := slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Table != table })
	if len(own) == 0 {
		return ""
	}
	slices.SortStableFunc(own, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", `\|`)
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	columns := slices.Clone(Tables[table])
	line(columns)
	b.WriteString(strings.Repeat("|---", len(columns)) + "|\n")
	for _, r := range own {
		name := r.Name
		if r.Failed {
			name = "**FAILED** " + name
		}
		line(append([]string{name}, r.Cells...))
	}
	return b.String()
}

// Replace puts tables into a document, each between its lines "<!-- table NAME -->" and "<!-- end -->". Tables without
// rows are left as they are, those that the document has no place for are an error.
func Replace(doc string, tables map[string]string) (string, error) {
	for name, text := range tables {
		if text == "" {
			continue
		}
		begin, end := "<!-- table "+name+" -->\n", "<!-- end -->"
		before, rest, found := strings.Cut(doc, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return "", fmt.Errorf("replacing table %q: the document has no place for it", name)
		}
		doc = before + begin + text + end + after
	}
	return doc, nil
}
