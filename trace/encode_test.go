package trace

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/history"
	"github.com/deflect-ca/coredns-edgemanage/selector"
)

func TestEncode(t *testing.T) {
	yes, full := true, selector.Full
	tr := Trace{
		Name: "net ipv4 <1>", Settings: Defaults(),
		Rounds: []Round{
			{At: time.Unix(1700000060, 10e6), Edges: []string{"a", "b"}, Modes: map[string]selector.Mode{"b": selector.Force, "a": selector.Available},
				Fetch: map[string]Fetch{"b": {Took: 153 * time.Millisecond}, "a": {Failed: true}}},
			{At: time.Unix(1700000120, 0)},
		},
		Expect: []Expect{{Live: []string{"b"}, Rotated: &yes, Rung: &full, Health: map[string]history.Grade{"a": history.Fail}}, {}},
	}
	got, err := Encode(tr)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name": "net ipv4 <1>",
 "settings": {
  "edge_count": 4,
  "min_live": 1,
  "keep": "pass_threshold",
  "max_changes": 0,
  "max_changes_per": 600,
  "strict": false,
  "fallback": [],
  "rotate_every": 0,
  "goodenough": 0.7,
  "timeout": 10,
  "window": 300,
  "history": 2000,
  "fall": 1,
  "rise": 1
 },
 "rounds": [
  {"at": 1700000060.01, "edges": ["a", "b"], "modes": {"a": "available", "b": "force"}, "fetch": {"a": null, "b": 0.153}},
  {"at": 1700000120, "fetch": {}}
 ],
 "expect": [
  {"live": ["b"], "rotated": true, "rung": "full", "health": {"a": "fail"}},
  {}
 ]}
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeFaults(t *testing.T) {
	good := func() Trace {
		return Trace{Settings: Defaults(), Rounds: []Round{{At: time.Unix(60, 0), Edges: []string{"a"}}}}
	}
	tests := []struct {
		name   string
		change func(*Trace)
		want   string
	}{
		{"no rounds", func(t *Trace) { t.Rounds = nil }, "encoding trace: there are no rounds"},
		{"no time", func(t *Trace) { t.Rounds[0].At = time.Time{} }, "encoding trace: a round has no time"},
		{"before 1970", func(t *Trace) { t.Rounds[0].At = time.Unix(-60, 0) }, "encoding trace: the time of a round, 1969-12-31T23:59:00Z, is before 1970"},
		{"a fetch below zero", func(t *Trace) { t.Rounds[0].Fetch = map[string]Fetch{"a": {Took: -1}} }, "encoding trace: -1ns is below zero"},
		{"settings that are none", func(t *Trace) { t.Settings = Settings{} }, "encoding trace: 0 is not a whole number of at least 1"},
		{"settings that do not go together", func(t *Trace) { t.Settings.Selection.MinLive = 5 },
			"encoding trace: settings: min_live 5 is above edge_count 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := good()
			tt.change(&tr)
			if _, err := Encode(tr); err == nil || err.Error() != tt.want {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
		})
	}
}

// What is written is read as it was.
func TestEncodeParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTrace(t)
		data, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse("x", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
			t.Fatalf("%s\n%s", diff, data)
		}
	})
}

// Every trace of the corpus says the same when it is written anew.
func TestEncodeCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(file, again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func drawTrace(t *rapid.T) Trace {
	name := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "192.0.2.1", "é\u2028\"\\<"}), rapid.StringN(1, 8, 30))
	span := func(label string, most time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(1, int64(most)).Draw(t, label))
	}
	timeout := span("timeout", history.MaxTook-1) + 1
	count := rapid.IntRange(1, 32).Draw(t, "edge_count")
	tr := Trace{
		Name: rapid.String().Draw(t, "name"),
		Settings: Settings{
			Grading: history.Rules{
				GoodEnough: span("goodenough", timeout-1), Timeout: timeout, Window: span("window", math.MaxInt64/2),
				Size: rapid.IntRange(1, 1<<40).Draw(t, "history"), Fall: rapid.IntRange(1, 9).Draw(t, "fall"), Rise: rapid.IntRange(1, 9).Draw(t, "rise"),
			},
			Selection: selector.Settings{
				EdgeCount: count, MinLive: rapid.IntRange(0, count).Draw(t, "min_live"),
				Keep:       rapid.SampledFrom([]selector.Keep{selector.Better, selector.Keep(history.Pass)}).Draw(t, "keep"),
				MaxChanges: rapid.IntRange(0, 99).Draw(t, "max_changes"), MaxChangesPer: span("max_changes_per", 1000*time.Hour),
				Strict: rapid.Bool().Draw(t, "strict"),
			},
		},
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "fallbacks") {
		tr.Settings.Selection.Fallback = append(tr.Settings.Selection.Fallback, netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i)))
	}
	var list []string
	for i := range rapid.IntRange(1, 5).Draw(t, "rounds") {
		r := Round{At: time.Unix(rapid.Int64Range(0, 253402300799).Draw(t, "at"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC(), Fetch: map[string]Fetch{}}
		if i == 0 || rapid.Bool().Draw(t, "relist") {
			list = rapid.SliceOfNDistinct(name, 0, 5, rapid.ID).Draw(t, "edges")
			r.Edges = append([]string{}, list...)
		}
		for _, edge := range list {
			switch rapid.IntRange(0, 2).Draw(t, "outcome") {
			case 0:
				r.Fetch[edge] = Fetch{Failed: true}
			case 1:
				r.Fetch[edge] = Fetch{Took: time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "took"))}
			}
		}
		if rapid.Bool().Draw(t, "has modes") {
			r.Modes = rapid.MapOf(name, rapid.Map(rapid.IntRange(0, 3), func(i int) selector.Mode { return selector.Mode(i) })).Draw(t, "modes")
		}
		tr.Rounds = append(tr.Rounds, r)
	}
	for range rapid.IntRange(0, len(tr.Rounds)).Draw(t, "expectations") {
		var e Expect
		if rapid.Bool().Draw(t, "has live") {
			e.Live = append([]string{}, rapid.SliceOfNDistinct(name, 0, 3, rapid.ID).Draw(t, "live")...)
		}
		if rapid.Bool().Draw(t, "has rotated") {
			rotated, rung := rapid.Bool().Draw(t, "rotated"), selector.Rung(rapid.IntRange(0, 5).Draw(t, "rung"))
			e.Rotated, e.Rung = &rotated, &rung
		}
		if rapid.Bool().Draw(t, "has health") {
			e.Health = rapid.MapOf(name, rapid.Map(rapid.IntRange(0, 5), func(i int) history.Grade { return history.Grade(i) })).Draw(t, "health")
		}
		tr.Expect = append(tr.Expect, e)
	}
	return tr
}

// Numbers of seconds are exact to the nanosecond, unless they are written with an exponent.
func TestParseSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0.7": 700 * time.Millisecond, "1700000060.13": 1700000060*time.Second + 130*time.Millisecond, "7e-1": 700 * time.Millisecond,
		"0.123456789": 123456789, "0.9999999999": time.Second, "9223372035.999999999": 9223372035*time.Second + 999999999, "1e3": 1000 * time.Second,
	} {
		if got, err := parseSeconds(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "1e300", "Inf", "NaN", "9223372036.9", strings.Repeat("9", 30), "1e-99999999999x"} {
		if got, err := parseSeconds(text); err == nil && text != ".5" && text != "1." {
			t.Errorf("%q: got %s, want an error", text, got)
		}
	}
}
