package legacy

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"
)

// State is what the tool keeps of a network, in its statefile.
type State struct {
	RotationList   []Time // when the live set changed
	LastRun        Time   // 0 if it never ran
	LastLive       []string
	ZoneMTimes     []ZoneMTime
	ActiveCanaries map[string]string // address by zone
	// VerificationFailures are the edges whose body was not the object. The tool has them in two keys, one misspelt.
	VerificationFailures []string
}

// ZoneMTime is when the template of a zone was changed. The tool has them in the order in which it found the files.
type ZoneMTime struct {
	Zone string
	At   Time
}

// mostRotations is how many times of changes the tool keeps.
const mostRotations = 100

// Encode returns the file, its keys in the order in which the tool has them.
func (s *State) Encode() []byte {
	rotations := s.RotationList
	if len(rotations) > mostRotations {
		rotations = rotations[len(rotations)-mostRotations:]
	}
	b := []byte(`{"rotation_list": [`)
	for i, t := range rotations {
		b = appendFloat(comma(b, i), float64(t))
	}
	b = append(b, `], "last_run": `...)
	if s.LastRun == 0 {
		b = append(b, "null"...)
	} else {
		b = appendFloat(b, float64(s.LastRun))
	}
	b = append(b, `, "last_live": `...)
	b = appendStrings(b, slices.Sorted(slices.Values(s.LastLive)))
	b = append(b, `, "verification_failues": `...)
	b = appendStrings(b, s.VerificationFailures)
	b = append(b, `, "zone_mtimes": {`...)
	for i, z := range s.ZoneMTimes {
		b = appendString(comma(b, i), z.Zone)
		b = appendNumber(append(b, ": "...), float64(z.At))
	}
	b = append(b, `}, "active_canaries": {`...)
	for i, zone := range slices.Sorted(maps.Keys(s.ActiveCanaries)) {
		b = appendString(comma(b, i), zone)
		b = appendString(append(b, ": "...), s.ActiveCanaries[zone])
	}
	b = append(b, `}, "verification_failures": `...)
	b = appendStrings(b, s.VerificationFailures)
	return append(b, '}')
}

// zoneMTimes keeps the order of an object's keys.
type zoneMTimes []ZoneMTime

func (z *zoneMTimes) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("expected an object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var at float64
		if err := d.Decode(&at); err != nil {
			return err
		}
		*z = append(*z, ZoneMTime{key.(string), Time(at)})
	}
	return nil
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ", "...)
	}
	return b
}

func appendStrings(b []byte, all []string) []byte {
	b = append(b, '[')
	for i, s := range all {
		b = appendString(comma(b, i), s)
	}
	return append(b, ']')
}

// DecodeState reads a statefile; see DecodeEdgestore. An empty file is that of a network that never ran.
func DecodeState(data []byte, now time.Time) (s State, notes []string, err error) {
	if len(data) == 0 {
		return s, nil, nil
	}
	fields, err := object(data)
	if err != nil {
		return s, nil, err
	}
	r := reader{fields: fields, now: TimeOf(now)}
	r.times("rotation_list", &s.RotationList)
	slices.Sort(s.RotationList)
	var run []Time
	if raw, ok := fields["last_run"]; ok && string(raw) != "null" {
		r.fields["last_run"] = slices.Concat([]byte("["), raw, []byte("]"))
		if r.times("last_run", &run); len(run) > 0 {
			s.LastRun = run[0]
		}
	}
	r.get("last_live", &s.LastLive, "names of edges")
	r.get("active_canaries", &s.ActiveCanaries, "addresses by zone")
	var mtimes zoneMTimes
	if r.get("zone_mtimes", &mtimes, "times by zone") {
		s.ZoneMTimes = mtimes
	}
	if _, ok := fields["verification_failures"]; ok {
		r.get("verification_failures", &s.VerificationFailures, "names of edges")
	} else {
		r.get("verification_failues", &s.VerificationFailures, "names of edges")
	}
	if r.known == 0 {
		return s, nil, errors.New("reading a statefile: none of its keys is there: expected rotation_list, last_live and so on")
	}
	return s, r.notes, errors.Join(r.faults...)
}
