package legacy

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// after is when all of the corpus is past.
var after = time.Unix(1795020000, 0)

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestSameBytes: what the tool wrote is written again as it was, to the byte.
func TestSameBytes(t *testing.T) {
	stores, err := filepath.Glob("testdata/var/health/*.edgestore")
	if err != nil || len(stores) < 10 {
		t.Fatalf("got %d stores, %v", len(stores), err)
	}
	for _, path := range stores {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data := read(t, path)
			e, notes, err := DecodeEdgestore(data, after)
			if err != nil || notes != nil {
				t.Fatal(err, notes)
			}
			if diff := cmp.Diff(string(data), string(e.Encode())); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("state", func(t *testing.T) {
		data := read(t, "testdata/var/mynet.state")
		s, notes, err := DecodeState(data, after)
		if err != nil || notes != nil {
			t.Fatal(err, notes)
		}
		if diff := cmp.Diff(string(data), string(s.Encode())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDecodeEdgestore(t *testing.T) {
	entry := Time(1795000000.5)
	tests := []struct {
		name, data string
		want       Edgestore
		notes      string
	}{
		{"empty", "", Edgestore{Health: "pass", Mode: "available", State: "out"}, ""},
		{"of the days of Python 2", `{"fetch_times": {"1795000060.17": 0.5, "1795000000.1": 10}, "mode": "force", "state": "in"}`,
			Edgestore{Health: "pass", Mode: "force", State: "in", FetchTimes: []Sample{{1795000000.1, 10}, {1795000060.17, 0.5}}}, ""},
		{"with keys unknown here", `{"mode": "available", "colour": [1, {}]}`, Edgestore{Health: "pass", Mode: "available", State: "out"}, ""},
		{"a mode with its time", `{"mode": "unavailable", "state_entry_time": 1795000000.5, "comment": "[ops] näh"}`,
			Edgestore{Health: "pass", Mode: "unavailable", State: "out", Comment: "[ops] näh", StateEntryTime: &entry}, ""},
		{"of the future", `{"fetch_times": {"1795000000.5": 1, "1895000000": 1, "1e300": 1}, "state_entry_time": 2795000000}`,
			Edgestore{Health: "pass", Mode: "available", State: "out", FetchTimes: []Sample{{entry, 1}}},
			"fetch_times: 2 of the future, left out; state_entry_time: 1 of the future, left out"},
		{"no times", `{"fetch_times": {"yesterday": 1, "-5": 1, "NaN": 1, "1795000000.5": -3}, "rotation_history": [0, 1795000000.5]}`,
			Edgestore{Health: "pass", Mode: "available", State: "out", RotationHistory: []Time{entry}},
			"fetch_times: 4 that are no times with seconds, left out; rotation_history: 1 that are no times with seconds, left out"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, notes, err := DecodeEdgestore([]byte(tt.data), after)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.notes, strings.Join(notes, "; ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDamaged: a file without sense is an error that says what was expected, never a new edge's.
func TestDamaged(t *testing.T) {
	whole := read(t, "testdata/var/health/edge2.example.net.edgestore")
	tests := []struct{ name, data, want string }{
		{"cut", string(whole[:len(whole)/2]), "unexpected end of JSON input"},
		{"of zeros", "\x00\x00\x00", "at byte 1: invalid character '\\x00'"},
		{"text", "edge1.example.net\n", "at byte 1: invalid character 'e'"},
		{"a list", "[]", "expected an object"},
		{"null", "null", "expected an object, not null"},
		{"two objects", `{"mode": "force"}{}`, "invalid character '{' after top-level value"},
		{"foreign", `{"name": "x"}`, "none of its keys is there"},
		{"without a value for the mode", `{"mode": null}`, "reading mode: expected a string"},
		{"another mode", `{"mode": "withdrawn"}`, `reading mode: "withdrawn": expected available, force, blindforce or unavailable`},
		{"another state", `{"state": "?"}`, `reading state: "?": expected in or out`},
		{"times in a list", `{"fetch_times": []}`, "reading fetch_times: expected an object of times and seconds"},
		{"not a number", `{"fetch_times": {"1": NaN}}`, "invalid character 'N'"},
		{"all at once", `{"comment": 1, "rotation_history": {}}`, "reading comment: expected a string\nreading rotation_history: expected times in seconds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := DecodeEdgestore([]byte(tt.data), after)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	for _, data := range []string{"[1]", `{"a": 1}`, `{"last_live": "x"}`, `{"zone_mtimes": {"x": "y"}}`, `{"last_run": "now"}`} {
		if _, _, err := DecodeState([]byte(data), after); err == nil {
			t.Errorf("state %s: got no error", data)
		}
	}
	if s, _, err := DecodeState(nil, after); err != nil || !cmp.Equal(s, State{}) {
		t.Errorf("an empty state: got %v, %v", s, err)
	}
}

// TestNumbers has the forms of Python 3, as its repr gives them.
func TestNumbers(t *testing.T) {
	for want, f := range map[string]float64{
		"0.7": 0.7, "10": 10, "0": 0, "1e-05": 1e-5, "0.0001": 1e-4, "1.5e-07": 1.5e-7, "1e+16": 1e16, "1.2e+22": 1.2e22,
		"1795000060.1656492": 1795000060.1656492, "0.20548488888888883": 0.20548488888888883, "5e-324": 5e-324,
	} {
		if got := string(appendNumber(nil, f)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Time(1795000060).text(); got != "1795000060.0" {
		t.Errorf("a whole time: got %s", got)
	}
}

// TestStrings has what json.dumps makes of strings.
func TestStrings(t *testing.T) {
	for s, want := range map[string]string{
		`a"b\c/`:         `"a\"b\\c/"`,
		"\n\r\t\b\f\x00": `"\n\r\t\b\f\u0000"`,
		"é\x7f~":         `"\u00e9\u007f~"`,
		"\U0001f600<&>":  `"\ud83d\ude00<&>"`,
	} {
		if got := string(appendString(nil, s)); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	}
}

func TestBounds(t *testing.T) {
	e := Edgestore{Mode: "force", State: "in"}
	var s State
	for i := range 3000 {
		e.FetchTimes = append(e.FetchTimes, Sample{Time(1795000000 + i), 1})
		s.RotationList = append(s.RotationList, Time(1795000000+i))
	}
	got, _, err := DecodeEdgestore(e.Encode(), after)
	if err != nil || len(got.FetchTimes) != 2000 || got.FetchTimes[0].At != 1795001000 {
		t.Errorf("got %d samples from %v on, %v; want the newest 2000", len(got.FetchTimes), got.FetchTimes[0].At, err)
	}
	state, _, err := DecodeState(s.Encode(), after)
	if err != nil || len(state.RotationList) != 100 || state.RotationList[0] != 1795002900 {
		t.Errorf("got %v, %v; want the newest 100", state.RotationList, err)
	}
}

// TestRoundTrip: what is written reads the same.
func TestRoundTrip(t *testing.T) {
	at := rapid.Custom(func(t *rapid.T) Time {
		return TimeOf(time.UnixMicro(rapid.Int64Range(1, after.UnixMicro()).Draw(t, "at")))
	})
	samples := rapid.Custom(func(t *rapid.T) []Sample {
		var all []Sample
		for _, at := range rapid.SliceOfNDistinct(at, 0, 20, rapid.ID[Time]).Draw(t, "times") {
			all = append(all, Sample{at, rapid.Float64Range(0, 1e9).Draw(t, "seconds")})
		}
		byTime(all)
		return all
	})
	name := rapid.String().Filter(func(s string) bool { return strings.ToValidUTF8(s, "") == s })
	rapid.Check(t, func(t *rapid.T) {
		e := Edgestore{
			Comment: name.Draw(t, "comment"), FetchTimes: samples.Draw(t, "fetch_times"), Health: "fail", HistoricalAverage: samples.Draw(t, "averages"),
			Mode: "force", State: "in", RotationHistory: rapid.SliceOfN(at, 1, 5).Draw(t, "history"),
		}
		got, notes, err := DecodeEdgestore(e.Encode(), after)
		if err != nil || notes != nil {
			t.Fatal(err, notes)
		}
		if diff := cmp.Diff(e, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzDecodeEdgestore(f *testing.F) {
	stores, err := filepath.Glob("testdata/var/health/*.edgestore")
	if err != nil || len(stores) == 0 {
		f.Fatalf("got %d stores, %v", len(stores), err)
	}
	for _, path := range stores {
		f.Add(read(f, path))
	}
	f.Add([]byte(`{"fetch_times": {"1795000060.17": 0.5, "1e5": 10}, "state_entry_time": 5}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, _, err := DecodeEdgestore(data, after)
		if err != nil {
			return
		}
		again, notes, err := DecodeEdgestore(e.Encode(), after)
		if err != nil || notes != nil || !bytes.Equal(e.Encode(), again.Encode()) {
			t.Errorf("written and read again: %v %v\n%s", err, notes, e.Encode())
		}
	})
}

func FuzzDecodeState(f *testing.F) {
	f.Add(read(f, "testdata/var/mynet.state"))
	f.Add([]byte(`{"last_live": ["edge1.example.net"], "rotation_list": [1795000000.5, 0], "zone_mtimes": {"example.org": 1795000000}, "last_run": 2795000000}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := DecodeState(data, after)
		if err != nil {
			return
		}
		again, notes, err := DecodeState(s.Encode(), after)
		if err != nil || notes != nil || !bytes.Equal(s.Encode(), again.Encode()) {
			t.Errorf("written and read again: %v %v\n%s", err, notes, s.Encode())
		}
	})
}

// TestMeans: a mean of ints is a float in Python, an int that was measured stays one.
func TestMeans(t *testing.T) {
	e := Edgestore{FetchTimes: []Sample{{1795000000.5, 10}}, HistoricalAverage: []Sample{{1795000000.5, 10}}}
	text := string(e.Encode())
	for _, want := range []string{"\"fetch_times\": {\n        \"1795000000.5\": 10\n", "\"historical_average\": {\n        \"1795000000.5\": 10.0\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("got %s, want %s in it", text, want)
		}
	}
}
