package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Encode writes a trace as Parse reads it, with a line for each setting, round and expectation, so that a person can read
// it and tools can compare two of them. Names must be as Parse wants them, not empty and in a list
// but once. The error is for what no trace may hold: no rounds, a round without a time, a time below zero, or settings
// that are refused.
func Encode(t Trace) ([]byte, error) {
	e := &encoder{}
	e.line("{\"name\": ", e.text(t.Name), ",")
	e.line(" \"settings\": {")
	for i, s := range settings {
		e.line("  ", e.text(s.name), ": ", s.show(e, &t.Settings), comma(i, len(settings)))
	}
	e.line(" },")
	e.line(" \"rounds\": [")
	for i, r := range t.Rounds {
		e.round(r, comma(i, len(t.Rounds)))
	}
	if t.Expect == nil {
		e.line(" ]}")
	} else {
		e.line(" ],")
		e.line(" \"expect\": [")
		for i, x := range t.Expect {
			e.expect(x, comma(i, len(t.Expect)))
		}
		e.line(" ]}")
	}
	if len(t.Rounds) == 0 {
		e.fault(errors.New("there are no rounds"))
	}
	if e.err == nil {
		e.err = t.Settings.Validate()
	}
	if e.err != nil {
		return nil, fmt.Errorf("encoding trace: %w", e.err)
	}
	return e.out.Bytes(), nil
}

// comma separates the i-th of n from the next.
func comma(i, n int) string {
	if i < n-1 {
		return ","
	}
	return ""
}

// encoder keeps the first fault, so that what writes need not look for it.
type encoder struct {
	out bytes.Buffer
	err error
}

func (e *encoder) fault(err error) {
	if e.err == nil {
		e.err = err
	}
}

func (e *encoder) line(parts ...string) {
	for _, p := range parts {
		e.out.WriteString(p)
	}
	e.out.WriteByte('\n')
}

func (e *encoder) round(r Round, end string) {
	switch {
	case r.At.IsZero():
		e.fault(errors.New("a round has no time"))
	case r.At.Unix() < 0:
		e.fault(fmt.Errorf("the time of a round, %s, is before 1970", r.At.UTC().Format(time.RFC3339)))
	}
	fields := []string{`"at": ` + decimal(r.At.Unix(), r.At.Nanosecond())}
	if r.Edges != nil {
		fields = append(fields, `"edges": `+e.names(r.Edges))
	}
	if r.Modes != nil {
		fields = append(fields, `"modes": `+texts(e, r.Modes))
	}
	fetched := make([]string, 0, len(r.Fetch))
	for _, edge := range slices.Sorted(maps.Keys(r.Fetch)) {
		took := "null"
		if f := r.Fetch[edge]; !f.Failed {
			took = e.duration(f.Took)
		}
		fetched = append(fetched, e.text(edge)+": "+took)
	}
	fields = append(fields, `"fetch": {`+strings.Join(fetched, ", ")+"}")
	e.line("  {", strings.Join(fields, ", "), "}", end)
}

func (e *encoder) expect(x Expect, end string) {
	var fields []string
	if x.Live != nil {
		fields = append(fields, `"live": `+e.names(x.Live))
	}
	if x.Rotated != nil {
		fields = append(fields, `"rotated": `+strconv.FormatBool(*x.Rotated))
	}
	if x.Rung != nil {
		fields = append(fields, `"rung": `+e.text(x.Rung.String()))
	}
	if x.Health != nil {
		fields = append(fields, `"health": `+texts(e, x.Health))
	}
	e.line("  {", strings.Join(fields, ", "), "}", end)
}

// text is a string as JSON. What is no UTF-8 would not be read as it was.
func (e *encoder) text(s string) string {
	var b bytes.Buffer
	j := json.NewEncoder(&b)
	j.SetEscapeHTML(false)
	if err := j.Encode(strings.ToValidUTF8(s, "\ufffd")); err != nil {
		e.fault(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (e *encoder) names(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = e.text(name)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// duration is one in seconds, exactly.
func (e *encoder) duration(d time.Duration) string {
	if d < 0 {
		e.fault(fmt.Errorf("%s is below zero", d))
	}
	return decimal(int64(d/time.Second), int(d%time.Second))
}

// decimal is a number without needless zeros.
func decimal(whole int64, nanos int) string {
	text := strconv.FormatInt(whole, 10)
	if nanos > 0 {
		text += "." + strings.TrimRight(fmt.Sprintf("%09d", nanos), "0")
	}
	return text
}

// texts is an object of the texts of values.
func texts[V fmt.Stringer](e *encoder, values map[string]V) string {
	fields := make([]string, 0, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		fields = append(fields, e.text(key)+": "+e.text(values[key].String()))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// The ways in which a setting is written: as its setting reads it.

func showCount(field func(*Settings) *int, least int) func(*encoder, *Settings) string {
	return func(e *encoder, s *Settings) string {
		n := *field(s)
		if n < least {
			e.fault(fmt.Errorf("%d is not a whole number of at least %d", n, least))
		}
		return strconv.Itoa(n)
	}
}

func showSpan(field func(*Settings) *time.Duration) func(*encoder, *Settings) string {
	return func(e *encoder, s *Settings) string {
		d := *field(s)
		if d <= 0 {
			e.fault(fmt.Errorf("%s is not a duration above zero", d))
		}
		return e.duration(d)
	}
}

func showRotateEvery(e *encoder, s *Settings) string { return e.duration(s.Selection.RotateEvery) }

func showKeep(e *encoder, s *Settings) string { return e.text(s.Selection.Keep.String()) }

func showStrict(_ *encoder, s *Settings) string { return strconv.FormatBool(s.Selection.Strict) }

func showFallback(e *encoder, s *Settings) string {
	addrs := make([]string, len(s.Selection.Fallback))
	for i, a := range s.Selection.Fallback {
		addrs[i] = a.String()
	}
	return e.names(addrs)
}
