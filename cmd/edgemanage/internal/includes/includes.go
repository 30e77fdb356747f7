// Package includes checks directories of includes as the server would read them, and reports all that is wrong.
package includes

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/zonefile"
)

// Report is what was found in one directory or more. Its JSON is for programs.
type Report struct {
	Files    int       `json:"files"`
	Bad      int       `json:"bad"` // files with a fault
	Faults   []Finding `json:"faults"`
	Warnings []Finding `json:"warnings"`

	more int // faults that are counted in a finding only
}

// Finding is one thing that is wrong, or odd.
type Finding struct {
	Path string `json:"path"`
	Line int    `json:"line,omitempty"` // from 1; 0 is the file as a whole
	Text string `json:"text"`
}

// String is "path:line: text", as editors understand it.
func (f Finding) String() string {
	if f.Line == 0 {
		return f.Path + ": " + f.Text
	}
	return fmt.Sprintf("%s:%d: %s", f.Path, f.Line, f.Text)
}

// NewReport returns an empty report.
func NewReport() *Report { return &Report{Faults: []Finding{}, Warnings: []Finding{}} }

// Check adds the includes of a directory, in the order of their zones. Labels are those of the network. The error says
// that the directory cannot be read.
func (r *Report) Check(dir string, labels []string) (zones map[string]string, err error) {
	zones, notes, err := zonefile.ZonesIn(dir)
	if err != nil {
		return nil, err
	}
	for _, note := range notes {
		r.Warn(finding(dir, note))
	}
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		path := zones[zone]
		r.Files++
		inc, err := zonefile.ReadInclude(path, zone, labels)
		if err != nil {
			r.Bad++
			r.fault(path, err)
			continue
		}
		for _, note := range inc.Notes {
			r.Warn(finding(path, note))
		}
	}
	return zones, nil
}

// Warn adds a warning, once.
func (r *Report) Warn(f Finding) {
	if !slices.Contains(r.Warnings, f) {
		r.Warnings = append(r.Warnings, f)
	}
}

func (r *Report) fault(path string, err error) {
	faults, ok := errors.AsType[*zonefile.FaultsError](err)
	if !ok {
		r.Faults = append(r.Faults, finding(path, err))
		return
	}
	for _, f := range faults.Faults {
		r.Faults = append(r.Faults, finding(path, f))
	}
	if faults.More > 0 {
		r.Faults = append(r.Faults, Finding{Path: path, Text: fmt.Sprintf("and %d faults more", faults.More)})
		r.more += faults.More - 1
	}
}

func finding(path string, err error) Finding {
	if f, ok := errors.AsType[zonefile.Fault](err); ok {
		return Finding{f.Path, f.Line, f.Err.Error()}
	}
	return Finding{Path: path, Text: err.Error()}
}

// WriteText writes the report for people and editors, the faults first, and a summary.
func (r *Report) WriteText(out io.Writer) error {
	var b strings.Builder
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "%s\n", f)
	}
	for _, f := range r.Warnings {
		fmt.Fprintf(&b, "%s (warning)\n", f)
	}
	fmt.Fprintf(&b, "includes: %d checked, %d bad; faults: %d, warnings: %d\n", r.Files, r.Bad, len(r.Faults)+r.more, len(r.Warnings))
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("writing report: %w", err)
	}
	return nil
}
