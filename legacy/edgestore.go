package legacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Edgestore is what the tool keeps of an edge or a canary, in the file <edge>.edgestore.
type Edgestore struct {
	Comment           string // "[user] text" where an operator gave one
	FetchTimes        []Sample
	Health            string   // the grade; "pass" before the first decision
	HistoricalAverage []Sample // the mean of FetchTimes at the first minute of each hour
	Mode              string
	RotationHistory   []Time // the rounds in which the edge was live
	State             string // in or out
	StateEntryTime    *Time  // when Mode was set; nil if it never was
}

// mostSamples is how many fetch times, and averages, the tool keeps.
const mostSamples = 2000

// Encode returns the file.
func (e *Edgestore) Encode() []byte {
	b := make([]byte, 0, 64*len(e.FetchTimes)+32*len(e.RotationHistory)+512)
	b = append(b, "{\n    \"comment\": "...)
	b = appendString(b, e.Comment)
	b = append(b, ",\n    \"fetch_times\": "...)
	b = appendSamples(b, e.FetchTimes, appendNumber)
	b = append(b, ",\n    \"health\": "...)
	b = appendString(b, e.Health)
	b = append(b, ",\n    \"historical_average\": "...)
	b = appendSamples(b, e.HistoricalAverage, appendFloat) // a mean is never an int
	b = append(b, ",\n    \"mode\": "...)
	b = appendString(b, e.Mode)
	b = append(b, ",\n    \"rotation_history\": ["...)
	for i, t := range e.RotationHistory {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n        "...)
		b = appendFloat(b, float64(t))
	}
	if len(e.RotationHistory) > 0 {
		b = append(b, "\n    "...)
	}
	b = append(b, "],\n    \"state\": "...)
	b = appendString(b, e.State)
	b = append(b, ",\n    \"state_entry_time\": "...)
	if e.StateEntryTime == nil {
		b = append(b, "null"...)
	} else {
		b = appendFloat(b, float64(*e.StateEntryTime))
	}
	return append(b, "\n}"...)
}

// appendSamples appends the newest samples as an object, its keys in Python's order.
func appendSamples(b []byte, samples []Sample, appendValue func([]byte, float64) []byte) []byte {
	samples = byText(samples)
	if len(samples) > mostSamples {
		samples = samples[len(samples)-mostSamples:]
	}
	b = append(b, '{')
	for i, s := range samples {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n        \""...)
		b = appendFloat(b, float64(s.At))
		b = append(b, `": `...)
		b = appendValue(b, s.Seconds)
	}
	if len(samples) > 0 {
		b = append(b, "\n    "...)
	}
	return append(b, '}')
}

// DecodeEdgestore reads the file of an edge, of which an empty one is that of a new edge. Samples and times after now cannot
// be: they are left out, and notes says so. What has no sense makes an error that says where, and what was expected.
func DecodeEdgestore(data []byte, now time.Time) (e Edgestore, notes []string, err error) {
	e = Edgestore{Health: "pass", Mode: "available", State: "out"}
	if len(data) == 0 {
		return e, nil, nil
	}
	fields, err := object(data)
	if err != nil {
		return e, nil, err
	}
	r := reader{fields: fields, now: TimeOf(now)}
	r.string("comment", &e.Comment)
	r.samples("fetch_times", &e.FetchTimes)
	r.string("health", &e.Health)
	r.samples("historical_average", &e.HistoricalAverage)
	r.string("mode", &e.Mode)
	r.times("rotation_history", &e.RotationHistory)
	r.string("state", &e.State)
	var since []Time
	if raw, ok := fields["state_entry_time"]; ok && string(raw) != "null" {
		r.fields["state_entry_time"] = slices.Concat([]byte("["), raw, []byte("]"))
		if r.times("state_entry_time", &since); len(since) > 0 {
			e.StateEntryTime = &since[0]
		}
	}
	if r.known == 0 {
		return e, nil, errors.New("reading an edgestore: none of its keys is there: expected comment, fetch_times, mode and so on")
	}
	if !slices.Contains([]string{"available", "force", "blindforce", "unavailable"}, e.Mode) {
		r.faultf("mode", "%q: expected available, force, blindforce or unavailable", e.Mode)
	}
	if !slices.Contains([]string{"in", "out"}, e.State) {
		r.faultf("state", "%q: expected in or out", e.State)
	}
	return e, r.notes, errors.Join(r.faults...)
}

// object reads a JSON object with its values as they stand.
func object(data []byte) (map[string]json.RawMessage, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("reading JSON: %d bytes: expected at most %d", len(data), maxFile)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("reading JSON: at byte %d: %w", syntax.Offset, err)
		}
		return nil, fmt.Errorf("reading JSON: expected an object: %w", err)
	}
	if fields == nil {
		return nil, errors.New("reading JSON: expected an object, not null")
	}
	return fields, nil
}

// reader takes values out of an object and gathers what is wrong with them.
type reader struct {
	fields map[string]json.RawMessage
	now    Time
	known  int // keys that were found
	notes  []string
	faults []error
}

func (r *reader) faultf(key, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("reading %s: "+format, append([]any{key}, args...)...))
}

// get reads the value of a key, unless it is missing.
func (r *reader) get(key string, to any, expected string) bool {
	raw, ok := r.fields[key]
	if !ok {
		return false
	}
	r.known++
	if err := json.Unmarshal(raw, to); err != nil || string(raw) == "null" {
		r.faultf(key, "expected %s", expected)
		return false
	}
	return true
}

func (r *reader) string(key string, to *string) {
	var s string
	if r.get(key, &s, "a string") {
		*to = s
	}
}

// left counts what is left out: what is no time, and what is to come.
type left struct{ odd, future int }

// out says whether a time is to be left out.
func (r *reader) out(t float64, l *left) bool {
	switch {
	case math.IsNaN(t) || t <= 0:
		l.odd++
	case Time(t) > r.now:
		l.future++
	default:
		return false
	}
	return true
}

func (r *reader) samples(key string, to *[]Sample) {
	var all map[string]json.Number
	if !r.get(key, &all, "an object of times and seconds") {
		return
	}
	var l left
	for at, value := range all {
		t, err := strconv.ParseFloat(at, 64)
		seconds, err2 := value.Float64()
		switch {
		case err != nil || err2 != nil || seconds < 0:
			l.odd++
		case !r.out(t, &l):
			*to = append(*to, Sample{Time(t), seconds})
		}
	}
	byTime(*to)
	r.note(key, l)
}

func (r *reader) times(key string, to *[]Time) {
	var all []float64
	if !r.get(key, &all, "times in seconds") {
		return
	}
	var l left
	for _, t := range all {
		if !r.out(t, &l) {
			*to = append(*to, Time(t))
		}
	}
	r.note(key, l)
}

// note tells of what was left out.
func (r *reader) note(key string, l left) {
	if l.future > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s: %d of the future, left out", key, l.future))
	}
	if l.odd > 0 {
		r.notes = append(r.notes, fmt.Sprintf("%s: %d that are no times with seconds, left out", key, l.odd))
	}
}
