// Package figures carries what long-running checks find to the tables of docs/reliability.md. A check says first which rows
// there will be, and adds each when it has it; they go to the test's log, and to the file that the environment variable
// EDGEMANAGE_FIGURES names, one JSON object a line. The command in the directory table makes the tables of that file.
package figures

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// Variable names the file that rows are appended to. Without it they are only logged.
const Variable = "EDGEMANAGE_FIGURES"

// Row is a line of a table.
type Row struct {
	Table  string   `json:"table"` // one of Tables
	Name   string   `json:"name"`  // what the row is of, the first column
	Cells  []string `json:"cells"` // the columns after it
	Failed bool     `json:"failed,omitempty"`
	// Missing says that the row is expected and has not come: when none of its name follows, the check ended before it.
	Missing bool      `json:"missing,omitempty"`
	At      time.Time `json:"at"`
	Begun   time.Time `json:"-"`              // when the first row of the name came
	Load    string    `json:"load,omitempty"` // the machine's load average at that time
}

// Tables are the tables there are, each with its columns.
var Tables = map[string][]string{
	"kill":    {"What", "Measured", "Bound"},
	"reload":  {"What", "Measured", "Bound"},
	"faults":  {"Fault", "Answers", "Set", "State"},
	"network": {"Network", "While it lasts", "Healed", "Bound"},
	"hostile": {"What", "Measured", "Bound"},
	"parts":   {"Part", "Lasted"},
	"soak":    {"What", "Measured", "Bound"},
}

// Parts are the tests that a run consists of, by the run's name, the table of each run's parts being "parts". One without a row
// did not begin.
var Parts = map[string][]string{
	"chaos": {
		"TestChaosClock", "TestChaosDescriptors", "TestChaosDisk", "TestChaosEdges", "TestChaosFiles", "TestChaosFlapping", "TestChaosKill",
		"TestChaosMemory", "TestChaosNetwork", "TestChaosOutputs", "TestChaosQueries", "TestChaosReload", "TestChaosResolver", "TestChaosState",
	},
	"soak": {"TestSoak"},
}

// Part adds a row with how long the test lasted, and whether it failed, at its end.
func Part(t testing.TB) {
	t.Helper()
	Expect(t, "parts", t.Name())
	began := time.Now()
	t.Cleanup(func() { Add(t, "parts", t.Name(), time.Since(began).Round(time.Second).String()) })
}

// Expect says which rows a table will get, so that those that do not come are told of.
func Expect(t testing.TB, table string, names ...string) {
	t.Helper()
	for _, name := range names {
		write(t, missing(table, name))
	}
}

// missing is the row in the place of one that did not come.
func missing(table, name string) Row {
	row := Row{Table: table, Name: name, Failed: true, Missing: true}
	for range Tables[table][1:] {
		row.Cells = append(row.Cells, "not measured")
	}
	return row
}

// Add adds a row; one added after the test has failed is marked so. It is to be called from the test's own goroutine.
func Add(t testing.TB, table, name string, cells ...string) {
	t.Helper()
	if want := len(Tables[table]); want != len(cells)+1 {
		t.Fatalf("table %q has %d columns, and the row %q has %d", table, want, name, len(cells)+1)
	}
	t.Logf("%s: %s: %s", table, name, strings.Join(cells, "; "))
	write(t, Row{Table: table, Name: name, Cells: cells, Failed: t.Failed()})
}

func write(t testing.TB, row Row) {
	t.Helper()
	path := os.Getenv(Variable)
	if path == "" {
		return
	}
	row.At, row.Load = time.Now().UTC(), load()
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
