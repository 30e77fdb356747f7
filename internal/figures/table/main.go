// Command table prints the tables of a file of figures, and with -doc puts them into a document. It exits with 1 when a row
// tells of a check that failed, or of one that ended before it had measured.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/internal/figures"
)

func main() {
	doc := flag.String("doc", "", "the `document` to put the tables into")
	of := flag.String("run", "chaos", "the `name` of what ran: chaos or soak")
	flag.Parse()
	if err := run(flag.Arg(0), *doc, *of); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path, doc, of string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening figures: %w", err)
	}
	defer f.Close()
	rows, err := figures.Read(f)
	if err != nil {
		return err
	}
	rows = figures.Complete(rows, of)
	tables, machine := map[string]string{}, figures.Hardware()
	for name := range figures.Tables {
		tables[name] = figures.Table(rows, name, machine)
	}
	for _, name := range []string{"kill", "reload", "faults", "network", "hostile", "parts", "soak"} {
		if tables[name] != "" {
			fmt.Printf("\n%s\n\n%s", name, tables[name])
		}
	}
	if doc != "" {
		if err := write(doc, tables); err != nil {
			return err
		}
	}
	var failed []string
	for _, r := range rows {
		if r.Failed {
			failed = append(failed, r.Name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

func write(doc string, tables map[string]string) error {
	text, err := os.ReadFile(doc)
	if err != nil {
		return fmt.Errorf("reading the document: %w", err)
	}
	replaced, err := figures.Replace(string(text), tables)
	if err != nil {
		return err
	}
	if err := os.WriteFile(doc, []byte(replaced), 0o644); err != nil {
		return fmt.Errorf("writing the document: %w", err)
	}
	return nil
}
