package zonefile

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxFaults = 100  // of a file that are kept
	maxShown  = 3    // of a file that its error says
	maxMore   = 1000 // of a file that are counted; then it is not read on: it is something else than an include
)

// FaultsError is what is wrong with a file. Its text is one line, for the log; the faults one by one are for those who
// check files.
type FaultsError struct {
	Path   string
	Faults []Fault // at least one, by line, at most 100
	More   int     // faults beyond those, at most 1,000
}

// Fault is one thing that is wrong with a file.
type Fault struct {
	Path string
	Line int // from 1
	Err  error
}

// Error names the file and the first three faults, each with its line.
func (e *FaultsError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "reading include %q: ", e.Path)
	for i, f := range e.Faults[:min(maxShown, len(e.Faults))] {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "line %d: %v", f.Line, f.Err)
	}
	if n := len(e.Faults) - maxShown + e.More; n > 0 {
		fmt.Fprintf(&b, "; and %d more", n)
	}
	return b.String()
}

// Unwrap returns the faults.
func (e *FaultsError) Unwrap() []error {
	errs := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		errs[i] = f
	}
	return errs
}

// Error is "path:line: what", as editors understand it.
func (f Fault) Error() string { return fmt.Sprintf("%s:%d: %v", f.Path, f.Line, f.Err) }

// Unwrap returns the fault without its place.
func (f Fault) Unwrap() error { return f.Err }

// findings collects faults and notes.
type findings struct {
	path  string
	wrong []Fault
	odd   []Fault
	more  int // faults that are not kept
}

// hopeless says that there are more faults than anybody wants to know of.
func (f *findings) hopeless() bool { return f.more >= maxMore }

func (f *findings) faultf(line int, format string, args ...any) {
	if len(f.wrong) == maxFaults {
		f.more = min(f.more+1, maxMore)
		return
	}
	f.wrong = append(f.wrong, Fault{f.path, line, fmt.Errorf(format, args...)})
}

func (f *findings) notef(line int, format string, args ...any) {
	if len(f.odd) == maxFaults {
		return
	}
	f.odd = append(f.odd, Fault{f.path, line, fmt.Errorf(format, args...)})
}

// faults returns a *FaultsError, or nil.
func (f *findings) faults() error {
	if len(f.wrong) == 0 {
		return nil
	}
	sortByLine(f.wrong)
	return &FaultsError{f.path, f.wrong, f.more}
}

func (f *findings) notes() []error {
	sortByLine(f.odd)
	var notes []error
	for _, note := range f.odd {
		notes = append(notes, note)
	}
	return notes
}

func sortByLine(faults []Fault) {
	slices.SortStableFunc(faults, func(a, b Fault) int { return a.Line - b.Line })
}
