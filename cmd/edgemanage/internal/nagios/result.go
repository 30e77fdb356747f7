package nagios

import (
	"fmt"
	"strconv"
	"strings"
)

// Level is how bad it is; its number is the exit code.
type Level int

// The levels. There is none between Critical and Unknown: what is not known is not known to be well.
const (
	OK Level = iota
	Warning
	Critical
	Unknown
)

// String is the level as it stands in the line.
func (l Level) String() string { return [...]string{"OK", "WARN", "CRIT", "UNKNOWN"}[l] }

// Judge is the level of a value: critical goes before warning.
func Judge(v float64, warning, critical Threshold) Level {
	switch {
	case critical.Crossed(v):
		return Critical
	case warning.Crossed(v):
		return Warning
	}
	return OK
}

// Result is what a check found.
type Result struct {
	Label string // such as EDGE_ROTATE
	Level Level
	Text  string
	Data  []Datum
}

// Datum is one item of performance data.
type Datum struct {
	Label             string
	Value             float64
	Unit              string // s, B, %, c or none
	Warning, Critical Threshold
	Min, Max          string // numbers, or empty
}

// String is the line without its end. A bar in the text would start the performance data, so it becomes a slash; the text
// must not have line breaks.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s - %s", r.Label, r.Level, strings.ReplaceAll(r.Text, "|", "/"))
	for i, d := range r.Data {
		if i == 0 {
			b.WriteString(" |")
		}
		b.WriteString(" " + d.String())
	}
	return b.String()
}

// String is label=value[unit];warning;critical;min;max, without empty items at the end. A label is in quotes only where it
// has to be: graphs of before know theirs without.
func (d Datum) String() string {
	label := strings.NewReplacer("'", "''", "=", "_").Replace(d.Label)
	if strings.ContainsAny(label, " '") {
		label = "'" + label + "'"
	}
	s := fmt.Sprintf("%s=%s%s;%s;%s;%s;%s", label, strconv.FormatFloat(d.Value, 'f', -1, 64), d.Unit, d.Warning, d.Critical, d.Min, d.Max)
	return strings.TrimRight(s, ";")
}
