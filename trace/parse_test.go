package trace

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

var compareAddrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestParse(t *testing.T) {
	got, err := Parse("example.json", []byte(`{
	  "name": "example",
	  "settings": {"edge_count": 2, "min_live": 2, "keep": "better", "max_changes": 3, "max_changes_per": 60.5,
	    "strict": true, "fallback": ["192.0.2.9", "2001:db8::9"], "goodenough": 0.5, "timeout": 9, "window": 120,
	    "history": 10, "fall": 2, "rise": 3},
	  "rounds": [
	    {"at": 1700000060.25, "edges": ["a", "b"], "modes": {"b": "unavailable", "gone": "force"},
	     "fetch": {"a": 0.153, "b": null}},
	    {"at": 60, "edges": [], "fetch": {}}],
	  "expect": [{"live": [], "rotated": false, "rung": "none", "health": {"a": "pass_threshold"}}, {}]
	}`))
	if err != nil {
		t.Fatal(err)
	}
	no, none := false, selector.None
	want := Trace{
		Name: "example",
		Settings: Settings{
			Grading: history.Rules{
				GoodEnough: 500 * time.Millisecond, Timeout: 9 * time.Second, Window: 2 * time.Minute,
				Size: 10, Fall: 2, Rise: 3,
			},
			Selection: selector.Settings{
				EdgeCount: 2, MinLive: 2, Keep: selector.Better, MaxChanges: 3, MaxChangesPer: 60500 * time.Millisecond,
				Strict: true, Fallback: []netip.Addr{netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("2001:db8::9")},
			},
		},
		Rounds: []Round{
			{
				At:    time.Unix(1700000060, 250e6).UTC(),
				Edges: []string{"a", "b"},
				Modes: map[string]selector.Mode{"b": selector.Unavailable, "gone": selector.Force},
				Fetch: map[string]Fetch{"a": {Took: 153 * time.Millisecond}, "b": {Failed: true}},
			},
			{At: time.Unix(60, 0).UTC(), Edges: []string{}, Fetch: map[string]Fetch{}},
		},
		Expect: []Expect{
			{Live: []string{}, Rotated: &no, Rung: &none, Health: map[string]history.Grade{"a": history.PassThreshold}},
			{},
		},
	}
	if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
		t.Error(diff)
	}
}

// A trace that leaves settings out is decided as the Python tool did.
func TestParseDefaults(t *testing.T) {
	got, err := Parse("x", []byte(`{"rounds": [{"at": 60, "edges": [], "fetch": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Defaults(), got.Settings, compareAddrs); diff != "" {
		t.Error(diff)
	}
	d := got.Settings
	if d.Selection.Keep.String() != "pass_threshold" || d.Selection.MinLive != 1 || d.Selection.MaxChanges != 0 ||
		d.Grading.Fall != 1 || d.Grading.Rise != 1 || d.Selection.MaxChangesPer != 10*time.Minute {
		t.Errorf("got %+v, want what the Python edgemanage does", d)
	}
}

func TestParseFaults(t *testing.T) {
	settings := func(s string) string {
		return `{"settings": {` + s + `}, "rounds": [{"at": 60, "edges": [], "fetch": {}}]}`
	}
	rounds := func(s string) string { return `{"rounds": [{"at": 60, "edges": ["a", "b"], "fetch": {}}, ` + s + `]}` }
	expect := func(s string) string {
		return `{"rounds": [{"at": 60, "edges": [], "fetch": {}}], "expect": [` + s + `]}`
	}
	tests := []struct {
		name, data, want string
	}{
		{"empty", "", "line 1: unexpected end of JSON input"},
		{"not JSON", "{\n\"name\": x}", "line 2: invalid character 'x' looking for beginning of value"},
		{"more than one value", "{}\n{}", "line 2: invalid character '{' after top-level value"},
		{"not an object", "[]", "line 1: want an object, got an array"},
		{"no rounds", "{}", "rounds: there are none"},
		{"unknown field", "{\n\n\"round\": []}", "line 3: round: unknown field, want one of name, settings, rounds, expect"},
		{"another case", `{"Name": "x"}`, `line 1: ["Name"]: unknown field, want one of name, settings, rounds, expect`},
		{"twice", `{"name": "x", "name": "y"}`, "line 1: name: given twice"},
		{"name", `{"name": 1}`, "line 1: name: want a string, got a number"},
		{"rounds", `{"rounds": {}}`, "line 1: rounds: want an array, got an object"},

		{"unknown setting", settings(`"edges": 1`), "line 1: settings.edges: unknown setting, want one of edge_count, min_live, keep, " +
			"max_changes, max_changes_per, strict, fallback, rotate_every, goodenough, timeout, window, history, fall, rise"},
		{"rotation backwards", settings(`"rotate_every": -60`), "line 1: settings.rotate_every: \"-60\" is not a number of seconds"},
		{"setting twice", settings(`"fall": 1, "fall": 1`), "line 1: settings.fall: given twice"},
		{"a count that is text", settings(`"fall": "1"`), "line 1: settings.fall: want a number, got a string"},
		{"a count that is not whole", settings(`"fall": 1.5`), `line 1: settings.fall: "1.5" is not a whole number of at least 1`},
		{"a count too small", settings(`"edge_count": 0`), `line 1: settings.edge_count: "0" is not a whole number of at least 1`},
		{"a limit below zero", settings(`"max_changes": -1`), `line 1: settings.max_changes: "-1" is not a whole number of at least 0`},
		{"a duration of zero", settings(`"window": 0`), `line 1: settings.window: "0" is not a duration above zero`},
		{"a duration below zero", settings(`"window": -1`), `line 1: settings.window: "-1" is not a number of seconds`},
		{"a duration too large", settings(`"window": 1e300`), `line 1: settings.window: "1e300" is not a number of seconds`},
		{"keep", settings(`"keep": "fail"`),
			`line 1: settings.keep: parsing keep "fail": want better, pass_threshold, pass_window, pass_average or pass`},
		{"strict", settings(`"strict": null`), "line 1: settings.strict: want true or false, got null"},
		{"fallback", settings(`"fallback": ["192.0.2"]`), `line 1: settings.fallback: "192.0.2" is not an address`},
		{"fallback of another type", settings(`"fallback": ["192.0.2.1", true]`), "line 1: settings.fallback[1]: want a string, got a boolean"},
		{"needed above wanted", settings(`"edge_count": 2, "min_live": 3`), "settings: min_live 3 is above edge_count 2"},
		{"goodenough above timeout", settings(`"goodenough": 10`), "settings: goodenough 10s is not under timeout 10s"},
		{"timeout too long", settings(`"timeout": 300`), "settings: timeout 5m0s is above 4m28.435454s"},

		{"unknown field of a round", rounds(`{"edge": []}`), "line 1: rounds[1].edge: unknown field, want one of at, edges, modes, fetch"},
		{"no time", rounds(`{"fetch": {}}`), "line 1: rounds[1]: at is missing"},
		{"no fetch", rounds(`{"at": 60}`), "line 1: rounds[1]: fetch is missing"},
		{"no edges at first", `{"rounds": [{"at": 60, "fetch": {}}]}`, "line 1: rounds[0]: edges is missing from the first round"},
		{"time of another type", rounds(`{"at": "60"}`), "line 1: rounds[1].at: want seconds since the epoch, got a string"},
		{"time below zero", rounds(`{"at": -60}`), "line 1: rounds[1].at: -60 is not a number of seconds since the epoch"},
		{"edge twice", rounds(`{"edges": ["a", "a"]}`), `line 1: rounds[1].edges[1]: "a" is given twice`},
		{"edge without a name", rounds(`{"edges": [""]}`), "line 1: rounds[1].edges[0]: the name is empty"},
		{"mode", rounds(`{"modes": {"edge1": "off"}}`),
			`line 1: rounds[1].modes["edge1"]: parsing mode "off": want available, force, blindforce or unavailable`},
		{"fetch of another type", rounds(`{"fetch": {"192.0.2.1": "fast"}}`),
			`line 1: rounds[1].fetch["192.0.2.1"]: want seconds or null, got a string`},
		{"fetch below zero", rounds(`{"fetch": {"a": -1}}`), `line 1: rounds[1].fetch.a: "-1" is not a number of seconds`},
		{"fetch twice", rounds(`{"fetch": {"a": 1, "a": 2}}`), "line 1: rounds[1].fetch.a: given twice"},
		{"fetch of an edge not listed", rounds(`{"at": 60, "fetch": {"c": 1}}`),
			`line 1: rounds[1]: fetch has "c", which is not in the edge list`},

		{"unknown field of an expectation", expect(`{"lives": []}`),
			"line 1: expect[0].lives: unknown field, want one of live, rotated, rung, health"},
		{"rotated", expect(`{"rotated": 1}`), "line 1: expect[0].rotated: want true or false, got a number"},
		{"rung", expect(`{"rung": "top"}`),
			`line 1: expect[0].rung: parsing rung "top": want one of none, fallback, all, hold, short, full`},
		{"grade", expect(`{"health": {"a": "ok"}}`), `line 1: expect[0].health.a: parsing grade "ok": ` +
			"want one of fail, unknown, pass, pass_average, pass_window, pass_threshold"},
		{"more than there are rounds", expect(`{}, {}`), "expect: 2 expectations for 1 rounds"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("x.json", []byte(tt.data))
			want := `reading trace "x.json": ` + tt.want
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

func TestSet(t *testing.T) {
	tests := []struct {
		name, value string
		want        func(*Settings)
		fault       string
	}{
		{"edge_count", "7", func(s *Settings) { s.Selection.EdgeCount = 7 }, ""},
		{"goodenough", "0.25", func(s *Settings) { s.Grading.GoodEnough = 250 * time.Millisecond }, ""},
		{"goodenough", "500ms", func(s *Settings) { s.Grading.GoodEnough = 500 * time.Millisecond }, ""},
		{"max_changes_per", "1h", func(s *Settings) { s.Selection.MaxChangesPer = time.Hour }, ""},
		{"keep", "better", func(s *Settings) { s.Selection.Keep = selector.Better }, ""},
		{"strict", "true", func(s *Settings) { s.Selection.Strict = true }, ""},
		{"fallback", "192.0.2.1, 192.0.2.2", func(s *Settings) {
			s.Selection.Fallback = []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}
		}, ""},
		{"fallback", "", func(s *Settings) {}, ""},
		{"strict", "yes", nil, `setting strict: "yes" is neither true nor false`},
		{"timeout", "soon", nil, `setting timeout: "soon" is not a number of seconds`},
		{"timeout", "NaN", nil, `setting timeout: "NaN" is not a number of seconds`},
		{"timeout", "-5s", nil, `setting timeout: "-5s" is not a duration above zero`},
		{"rotate_every", "1h", func(s *Settings) { s.Selection.RotateEvery = time.Hour }, ""},
		{"rotate_every", "0", func(s *Settings) {}, ""},
		{"edgecount", "1", nil, "setting edgecount: unknown setting, want one of edge_count, min_live, keep, max_changes, " +
			"max_changes_per, strict, fallback, rotate_every, goodenough, timeout, window, history, fall, rise"},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			got, want := Defaults(), Defaults()
			fault := ""
			if err := got.Set(tt.name, tt.value); err != nil {
				fault = err.Error()
			} else if tt.want != nil {
				tt.want(&want)
			}
			if fault != tt.fault {
				t.Errorf("got error %q, want %q", fault, tt.fault)
			}
			if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzParse: whatever is accepted can be decided, always the same way, and written so that it is read as it was.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/lists-006.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"settings": {"edge_count": 1, "max_changes": 1, "fall": 2, "keep": "better", "fallback": ["192.0.2.9"]},
		"rounds": [{"at": 60, "edges": ["a"], "modes": {"a": "force"}, "fetch": {}}, {"at": 0, "edges": [], "fetch": {}}]}`))
	f.Add([]byte(`{"rounds": [{"at": 1e9, "edges": ["a", "é"], "fetch": {"a": 0.1, "é": null}}], "expect": [{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tr, err := Parse("fuzz", data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), `reading trace "fuzz": `) {
				t.Errorf("got error %q, want it to name the file", err)
			}
			return
		}
		if diff := cmp.Diff(Run(tr), Run(tr)); diff != "" {
			t.Error(diff)
		}
		written, err := Encode(tr)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("fuzz", written)
		if diff := cmp.Diff(tr, again, compareAddrs); diff != "" || err != nil {
			t.Errorf("written and read again: %v\n%s", err, diff)
		}
	})
}
