// Package figures carries what long-running checks find to the tables of docs/reliability.md. A check adds rows while it
// runs; they go to the test's log, and to the file that the environment variable EDGEMANAGE_FIGURES names, one JSON object
// a line. The command in the directory table makes the tables of that file.
package figures

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Variable names the file that rows are appended to. Without it they are only logged.
const Variable = "EDGEMANAGE_FIGURES"

// Row is a line of a table.
type Row struct {
	Table  string   `json:"table"` // one of Tables
	Name   string   `json:"name"`  // what the row is of, the first column
	Cells  []string `json:"cells"` // the columns after it
	Failed bool     `json:"failed,omitempty"`
}

// Tables are the tables there are, each with its columns.
var Tables = map[string][]string{
	"kill":    {"What", "Measured", "Bound"},
	"reload":  {"What", "Measured", "Bound"},
	"faults":  {"Fault", "Answers", "Set", "State"},
	"network": {"Network", "While it lasts", "Healed", "Bound"},
	"hostile": {"What", "Measured", "Bound"},
	"soak":    {"What", "Measured", "Bound"},
}

// Add adds a row; one added after the test has failed is marked so. It is to be called from the test's own goroutine.
func Add(t testing.TB, table, name string, cells ...string) {
	t.Helper()
	if want := len(Tables[table]); want != len(cells)+1 {
		t.Fatalf("table %q has %d columns, and the row %q has %d", table, want, name, len(cells)+1)
	}
	row := Row{Table: table, Name: name, Cells: cells, Failed: t.Failed()}
	t.Logf("%s: %s: %s", table, name, strings.Join(cells, "; "))
	path := os.Getenv(Variable)
	if path == "" {
		return
	}
	line, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}
