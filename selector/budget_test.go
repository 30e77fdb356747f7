package selector

import (
	"strings"
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	limit := func(n int) Settings {
		return Settings{EdgeCount: 3, MinLive: 1, MaxChanges: n, MaxChangesPer: 10 * time.Minute}
	}
	strict := func(n int) Settings {
		s := limit(n)
		s.Strict = true
		return s
	}
	// Three edges give way to three of a better grade; each pair is optional.
	const better = "a pass 30, b pass 20, c pass 10, x pt 1, y pt 2, z pt 3"
	// Two live edges fail while there are others.
	const failing = "a fail 30, b fail 20, c pt 10, x pt 1, y pt 2"

	tests := []struct {
		name       string
		settings   Settings
		pool       string
		last       string
		ago        []time.Duration // since each earlier substitution
		live       string
		made, held int
		rules      string // not compared when empty
	}{
		{"no limit", limit(0), better, "a b c", []time.Duration{1, 1, 1, 1}, "x y z", 3, 0, ""},
		{"room for all", limit(3), better, "a b c", nil, "x y z", 3, 0, ""},
		{"the slowest goes first, the fastest comes first", limit(1), better, "a b c", nil, "b c x", 1, 2,
			"a:displaced b:budget_stays c:budget_stays x:filled y:budget_waits z:budget_waits"},
		{"the worst grade goes first", limit(1), "a pass 1, b pa 9, c pw 99, x pt 1, y pt 2, z pt 3", "a b c", nil, "b c x", 1, 2, ""},
		{"unknown goes before what passes", limit(1), "a unknown 0, b pass 9, c pass 99, x pt 1, y pt 2, z pt 3", "a b c", nil, "b c x", 1, 2, ""},
		{"the best grade comes first", limit(1), "a pass 3, b pass 2, c pass 1, x pa 1, y pw 2, z pt 9", "a b c", nil, "b c z", 1, 2, ""},
		{"slowest first is the reverse of fastest first", limit(1), "a pass 5, b pass 5, c pass 5, x pt 1, y pt 2, z pt 3", "a b c", nil, "a b x", 1, 2, ""},
		{"earlier ones count", limit(3), better, "a b c", []time.Duration{time.Minute, 9 * time.Minute}, "b c x", 1, 2, ""},
		{"just old enough no longer", limit(3), better, "a b c", []time.Duration{10 * time.Minute, time.Hour}, "x y z", 3, 0, ""},
		{"just too young still", limit(3), better, "a b c", []time.Duration{10*time.Minute - 1}, "c x y", 2, 1, ""},
		{"of the future too", limit(3), better, "a b c", []time.Duration{-time.Hour}, "c x y", 2, 1, ""},
		{"used up", limit(1), better, "a b c", []time.Duration{0, 0}, "a b c", 0, 3, ""},

		{"failing edges are exempt", limit(1), failing, "a b c", []time.Duration{0}, "c x y", 2, 0, ""},
		{"not when strict", strict(1), failing, "a b c", nil, "b c x", 1, 1,
			"a:not_passing b:budget_stays c:kept x:filled y:budget_waits"},
		{"failing go before others when strict", strict(1), "a fail 1, b pass 9, c unknown 9, x pt 1, y pt 2, z pt 3", "a b c", nil, "b c x", 1, 2, ""},
		{"exempt ones use the limit up", limit(2), "a fail 30, b pass 20, c pass 10, x pt 1, y pt 2, z pt 3", "a b c", nil, "c x y", 2, 1, ""},
		{"exempt ones may exceed it", limit(1), "a fail 30, b fail 20, c pass 10, x pt 1, y pt 2, z pt 3", "a b c", nil, "c x y", 2, 1, ""},
		{"unavailable is exempt even when strict", strict(1), "a pt 1 unavailable, b pt 2, x pt 3, y pass 1", "a b", []time.Duration{0}, "b x y", 1, 0, ""},
		{"removed is exempt even when strict", strict(1), "b pt 2, c pt 2, x pt 3", "a b c", []time.Duration{0}, "b c x", 1, 0, ""},
		{"a forced entry is exempt even when strict", strict(1), "a pt 1, b pt 2, c pt 3, x fail 9 blindforce", "a b c", []time.Duration{0}, "a b x", 1, 0, ""},
		{"forced entries take the urgent departures", limit(1),
			"a fail 1, b pass 9, c pass 8, x pass 99 force, y pt 1, z pt 2", "a b c", nil, "b c x", 1, 2, ""},

		{"additions are free", limit(1), "a pt 1, x pt 2, y pt 3", "a", []time.Duration{0}, "a x y", 0, 0, ""},
		{"removals are free", limit(1), "a pt 1, b fail 2, c fail 3", "a b c", []time.Duration{0}, "a", 0, 0, ""},
		// a is paired with x; y has no counterpart and is an addition.
		{"only as many pairs as both sides have", limit(1), "a pass 9, b pt 1, x pt 2, y pt 3", "a b", []time.Duration{0}, "a b y", 0, 1, ""},
		{"a first set is free", limit(1), better, "", []time.Duration{0}, "x y z", 0, 0, ""},
		{"holding costs too", Settings{EdgeCount: 2, MinLive: 2, MaxChanges: 1, MaxChangesPer: time.Minute, Strict: true},
			"a fail 9, b fail 1, x pt 1", "a b", []time.Duration{0}, "a b", 0, 1, "a:budget_stays b:held x:budget_waits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Candidates: pool(t, tt.pool), LastLive: strings.Fields(tt.last), Now: now}
			for _, ago := range tt.ago {
				in.Substitutions = append(in.Substitutions, now.Add(-ago))
			}
			d := Select(in, tt.settings)
			if got := strings.Join(d.Live, " "); got != tt.live {
				t.Errorf("got live %q, want %q", got, tt.live)
			}
			if d.Substituted != tt.made || d.Held != tt.held {
				t.Errorf("got %d made and %d held, want %d and %d", d.Substituted, d.Held, tt.made, tt.held)
			}
			if got := rules(d); tt.rules != "" && got != tt.rules {
				t.Errorf("got rules %q, want %q", got, tt.rules)
			}
		})
	}
}

// The rung tells what was found; what the budget undoes does not change it.
func TestRungIsFoundBeforeBudget(t *testing.T) {
	in := Input{
		Candidates:    pool(t, "a fail 1, b fail 2, x pt 1, y pt 2"),
		LastLive:      []string{"a", "b"},
		Substitutions: []time.Time{now},
		Now:           now,
	}
	d := Select(in, Settings{EdgeCount: 2, MinLive: 2, MaxChanges: 1, MaxChangesPer: time.Minute, Strict: true})
	if d.Rung != Full || strings.Join(d.Live, " ") != "a b" {
		t.Errorf("got rung %s with %v, want full with a and b", d.Rung, d.Live)
	}
}
