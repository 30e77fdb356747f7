package figures

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Read reads rows as Add wrote them. Of two rows of one name the later counts.
func Read(r io.Reader) (rows []Row, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var row Row
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("reading figures: line %d: %w", n, err)
		}
		if _, known := Tables[row.Table]; !known {
			return nil, fmt.Errorf("reading figures: line %d: no table %q", n, row.Table)
		}
		row.Begun = row.At
		same := func(other Row) bool { return other.Table == row.Table && other.Name == row.Name }
		if i := slices.IndexFunc(rows, same); i >= 0 {
			row.Begun = rows[i].Begun
			rows = slices.Delete(rows, i, i+1)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}

// Complete adds a row for each part of a run that has none, and how long the run lasted.
func Complete(rows []Row, run string) []Row {
	if len(rows) == 0 {
		return rows
	}
	from, to := span(rows)
	for _, part := range Parts[run] {
		if !slices.ContainsFunc(rows, func(r Row) bool { return r.Table == "parts" && r.Name == part }) {
			row := missing("parts", part)
			row.At, row.Begun, row.Cells = rows[0].At, rows[0].Begun, []string{"did not begin"}
			rows = append(rows, row)
		}
	}
	all := Row{Table: "parts", Name: "make " + run, At: rows[0].At, Begun: rows[0].Begun, Cells: []string{to.Sub(from).Round(time.Second).String()}}
	return append(rows, all)
}

// Table renders the rows of one table as Markdown, sorted by name, with a line on the machine under it; it is empty without rows.
func Table(rows []Row, table, machine string) string {
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
	fmt.Fprintf(&b, "\n*%s; %s*\n", measured(own), machine)
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
