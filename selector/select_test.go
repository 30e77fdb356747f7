package selector

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

var now = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// pool reads candidates written as "NAME GRADE MILLISECONDS [MODE]", separated by
// commas; pt, pw and pa stand for the passing grades with a qualifier.
func pool(t testing.TB, text string) []Candidate {
	t.Helper()
	short := map[string]string{"pt": "pass_threshold", "pw": "pass_window", "pa": "pass_average"}
	var out []Candidate
	for entry := range strings.SplitSeq(text, ",") {
		f := strings.Fields(entry)
		if len(f) == 0 {
			continue
		}
		if long, ok := short[f[1]]; ok {
			f[1] = long
		}
		grade, err := history.ParseGrade(f[1])
		if err != nil {
			t.Fatal(err)
		}
		ms, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatal(err)
		}
		c := Candidate{Name: f[0], Grade: grade, Average: time.Duration(ms) * time.Millisecond}
		if len(f) > 3 {
			if c.Mode, err = ParseMode(f[3]); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, c)
	}
	return out
}

// rules renders the rule of every edge, as "a:kept b:crowded".
func rules(d Decision) string {
	var out []string
	for _, v := range d.Verdicts {
		out = append(out, v.Name+":"+v.Rule.String())
	}
	return strings.Join(out, " ")
}

// want3 is the settings most cases share: three edges wanted, two needed.
var want3 = Settings{EdgeCount: 3, MinLive: 2}

func keeping(k Keep) Settings {
	s := want3
	s.Keep = k
	return s
}

func TestSelect(t *testing.T) {
	tests := []struct {
		name     string
		settings Settings
		pool     string
		last     string
		live     string
		rung     Rung
		rules    string // not compared when empty
	}{
		// Rungs.
		{"full", want3, "a pt 3, b pt 2, c pt 1, d pt 4", "", "a b c", Full, "a:filled b:filled c:filled d:crowded"},
		{"ties go by name", want3, "d pt 1, b pt 1, c pt 1, a pt 1", "", "a b c", Full, ""},
		{"names compare as bytes", Settings{EdgeCount: 1}, "edge9 pt 1, edge10 pt 1", "", "edge10", Full, ""},
		{"short", want3, "a pt 1, b pass 2, c fail 3", "", "a b", Short, "a:filled b:filled c:not_passing"},
		{"hold", want3, "a pt 1, b fail 9, c fail 8, d fail 7", "b c d", "a c d", Hold, "a:filled b:not_passing c:held d:held"},
		{"hold, all of them", want3, "a fail 1, b fail 9, c unknown 8", "a b c", "a b c", Hold, "a:held b:held c:held"},
		{"hold is fastest first whatever the grade", Settings{EdgeCount: 2, MinLive: 2}, "a fail 2, b unknown 3, c fail 1", "a b c",
			"a c", Hold, "a:held b:not_passing c:held"},
		{"hold without the unavailable and the removed", want3, "a fail 1, b fail 2 unavailable, c fail 3", "a b c gone", "a c", Hold,
			"a:held b:unavailable c:held gone:removed"},
		{"all, too few to hold", want3, "a fail 1, b fail 2, c unknown 3, d unknown 4", "a", "a c d", All,
			"a:last_resort b:not_passing c:last_resort d:last_resort"},
		{"all keeps what passes", want3, "a fail 1, b fail 2, c pass 30, d fail 3", "", "a b c", All,
			"a:last_resort b:last_resort c:filled d:not_passing"},
		{"all with one edge", want3, "a fail 1", "", "a", All, "a:last_resort"},
		{"none, unavailable", want3, "a pt 1 unavailable, b pt 1 unavailable", "a", "", None, "a:unavailable b:unavailable"},
		{"none, removed", want3, "", "a b", "", None, "a:removed b:removed"},
		{"none, nothing at all", want3, "", "", "", None, ""},
		{"more needed than there are", Settings{EdgeCount: 4, MinLive: 3}, "a pt 1, b pt 2", "a b", "a b", All, "a:kept b:kept"},

		// The default of min_live.
		{"half of what is wanted", Settings{EdgeCount: 4}, "a pt 1, b pt 2, c fail 3, d fail 4, e fail 5", "", "a b", Short, ""},
		{"half rounded up", Settings{EdgeCount: 5}, "a pt 1, b pt 2, c fail 3, d fail 4, e fail 5", "", "a b c d e", All, ""},
		{"half of the candidates when fewer", Settings{EdgeCount: 30}, "a pt 1, b pt 2, c fail 3, d fail 4", "", "a b", Short, ""},
		{"the unavailable do not count", Settings{EdgeCount: 4}, "a pt 1, b fail 2, c fail 3 unavailable, d fail 4 unavailable", "", "a", Short, ""},
		{"at least one", Settings{EdgeCount: 4}, "a fail 1", "", "a", All, ""},

		// keep better: what passes gives way to a better grade only.
		{"better: live stays though slower", Settings{EdgeCount: 1}, "a pt 9, b pt 1", "a", "a", Full, "a:kept b:crowded"},
		{"better: all slow, nothing moves", want3, "a pass 9, b pass 8, c pass 7, d pass 1", "a b c", "a b c", Full, "a:kept b:kept c:kept d:crowded"},
		{"better: gives way to a better grade", want3, "a pass 9, b pass 8, c pass 7, d pw 99", "a b c", "b c d", Full,
			"a:displaced b:kept c:kept d:filled"},
		{"better: the worst grade gives way", want3, "a pw 9, b pa 8, c pass 7, d pt 99", "a b c", "a b d", Full, ""},
		{"better: fails", want3, "a pt 1, b pt 1, c fail 1, d pass 9", "a b c", "a b d", Full, "a:kept b:kept c:not_passing d:filled"},

		// keep GRADE: what has the grade stays, the others compete.
		{"pass_threshold: below competes", keeping(Keep(history.PassThreshold)), "a pt 9, b pt 8, c pw 7, d pw 1", "a b c", "a b d", Full,
			"a:kept b:kept c:displaced d:filled"},
		{"pass_threshold: wins again", keeping(Keep(history.PassThreshold)), "a pt 9, b pt 8, c pw 1, d pw 7", "a b c", "a b c", Full,
			"a:kept b:kept c:filled d:crowded"},
		{"pass_window: keeps pass_window", keeping(Keep(history.PassWindow)), "a pw 9, b pw 8, c pa 7, d pt 1", "a b c", "a b d", Full, ""},
		{"pass_average: keeps pass_average", keeping(Keep(history.PassAverage)), "a pa 9, b pa 8, c pass 7, d pt 1", "a b c", "a b d", Full, ""},
		{"pass: keeps whatever passes", keeping(Keep(history.Pass)), "a pass 9, b pass 8, c pass 7, d pt 1", "a b c", "a b c", Full, ""},
		{"pass: not what is unknown", keeping(Keep(history.Pass)), "a pass 9, b pass 8, c unknown 0, d pt 1", "a b c", "a b d", Full, ""},
		{"fewer wanted: the fastest stay", Settings{EdgeCount: 2}, "a pt 9, b pt 8, c pt 7", "a b c", "b c", Full, "a:crowded b:kept c:kept"},

		// Modes.
		{"forced count towards what is wanted", want3, "a pt 1, b pt 2, c pt 3, d pass 9 force", "a b c", "a b d", Full,
			"a:kept b:kept c:displaced d:forced"},
		{"forced and live is pinned", want3, "a pass 99 force, b pt 2, c pt 3, d pt 1", "a b c", "a b c", Full,
			"a:forced b:kept c:kept d:crowded"},
		{"forced count as found", want3, "a fail 9 blindforce, b fail 9 blindforce, c fail 1", "", "a b", Short,
			"a:forced b:forced c:not_passing"},
		{"more forced than wanted", Settings{EdgeCount: 1}, "a fail 9 blindforce, b pass 9 force, c pt 1", "c", "a b", Full,
			"a:forced b:forced c:displaced"},
		{"force that fails is ordinary", want3, "a fail 9 force, b pt 1, c pt 1", "", "b c", Short, "a:not_passing b:filled c:filled"},
		{"force that fails is held as others", Settings{EdgeCount: 1}, "a fail 9 force, b fail 1", "a", "a", Hold, "a:held b:not_passing"},
		{"unavailable that is fast", want3, "a pt 1 unavailable, b pt 2, c pt 3", "a b c", "b c", Short, "a:unavailable b:kept c:kept"},

		// The live set.
		{"named twice", want3, "a pt 1, b pt 2, c pt 3, d pt 0", "a a b b c", "a b c", Full, "a:kept b:kept c:kept d:crowded"},
		{"removed edges are replaced", want3, "a pt 1, b pt 2, c pt 3", "a b z", "a b c", Full, "a:kept b:kept c:filled z:removed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Select(Input{Candidates: pool(t, tt.pool), LastLive: strings.Fields(tt.last), Now: now}, tt.settings)
			if got := strings.Join(d.Live, " "); got != tt.live {
				t.Errorf("got live %q, want %q", got, tt.live)
			}
			if d.Rung != tt.rung {
				t.Errorf("got rung %s, want %s", d.Rung, tt.rung)
			}
			if got := rules(d); tt.rules != "" && got != tt.rules {
				t.Errorf("got rules %q, want %q", got, tt.rules)
			}
		})
	}
}

// force and blindforce with every grade, against a faster edge and a single place.
func TestForcedByGrade(t *testing.T) {
	for mode, pinned := range map[Mode]map[history.Grade]bool{
		Available:   {},
		Unavailable: {},
		Force: {
			history.Pass: true, history.PassAverage: true, history.PassWindow: true, history.PassThreshold: true,
		},
		BlindForce: {
			history.Fail: true, history.Unknown: true,
			history.Pass: true, history.PassAverage: true, history.PassWindow: true, history.PassThreshold: true,
		},
	} {
		for grade := history.Fail; grade <= history.PassThreshold; grade++ {
			t.Run(mode.String()+" "+grade.String(), func(t *testing.T) {
				d := Select(Input{
					Candidates: []Candidate{
						{Name: "fast", Grade: history.PassThreshold, Average: time.Millisecond},
						{Name: "slow", Grade: grade, Mode: mode, Average: time.Second},
					},
					LastLive: []string{"fast"},
					Now:      now,
				}, Settings{EdgeCount: 1})
				want := []string{"fast"}
				if pinned[grade] {
					want = []string{"slow"}
				}
				if diff := cmp.Diff(want, d.Live); diff != "" {
					t.Error(diff)
				}
				if got := d.Forced == 1; got != pinned[grade] {
					t.Errorf("got %d forced, want it %t", d.Forced, pinned[grade])
				}
			})
		}
	}
}

func TestWarnsOfTooManyForced(t *testing.T) {
	d := Select(Input{Candidates: pool(t, "a pt 1 blindforce, b pt 1 blindforce"), Now: now}, Settings{EdgeCount: 1})
	want := []string{"2 edges are forced though edge_count is 1: all of them are live"}
	if diff := cmp.Diff(want, d.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestFallback(t *testing.T) {
	addr := netip.MustParseAddr
	both := []netip.Addr{addr("192.0.2.9"), addr("192.0.2.1")}
	tests := []struct {
		name       string
		candidates []Candidate
		fallback   []netip.Addr
		want       []netip.Addr
		rung       Rung
	}{
		{"no candidate", nil, both, both, Fallback},
		{"none configured", nil, nil, nil, None},
		{"an unavailable edge's is left out", []Candidate{{Name: "a", Addr: addr("192.0.2.1"), Mode: Unavailable}}, both,
			both[:1], Fallback},
		{"also when written as IPv6", []Candidate{{Name: "a", Addr: addr("::ffff:192.0.2.1"), Mode: Unavailable}}, both,
			both[:1], Fallback},
		{"all are unavailable edges'", []Candidate{
			{Name: "a", Addr: addr("192.0.2.1"), Mode: Unavailable}, {Name: "b", Addr: addr("192.0.2.9"), Mode: Unavailable},
		}, both, nil, None},
		{"not while there is a candidate", []Candidate{{Name: "a", Addr: addr("192.0.2.3"), Grade: history.Fail}}, both, nil, All},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Select(Input{Candidates: tt.candidates, Now: now}, Settings{EdgeCount: 2, Fallback: tt.fallback})
			if diff := cmp.Diff(tt.want, d.Fallback, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Error(diff)
			}
			if d.Rung != tt.rung {
				t.Errorf("got rung %s, want %s", d.Rung, tt.rung)
			}
		})
	}
}
