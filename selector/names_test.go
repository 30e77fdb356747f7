package selector

import (
	"encoding"
	"fmt"
	"testing"
)

// named is what modes, rungs and keeps have in common.
type named interface {
	fmt.Stringer
	encoding.TextMarshaler
}

func TestNames(t *testing.T) {
	tests := []struct {
		value named
		into  encoding.TextUnmarshaler
		want  string
	}{
		{Available, new(Mode), "available"},
		{Force, new(Mode), "force"},
		{BlindForce, new(Mode), "blindforce"},
		{Unavailable, new(Mode), "unavailable"},
		{None, new(Rung), "none"},
		{Fallback, new(Rung), "fallback"},
		{All, new(Rung), "all"},
		{Hold, new(Rung), "hold"},
		{Short, new(Rung), "short"},
		{Full, new(Rung), "full"},
		{Better, new(Keep), "better"},
		{Keep(2), new(Keep), "pass"},
		{Keep(5), new(Keep), "pass_threshold"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T %s", tt.value, tt.want), func(t *testing.T) {
			text, err := tt.value.MarshalText()
			if err != nil || string(text) != tt.want || tt.value.String() != tt.want {
				t.Fatalf("got %q, %q, %v", tt.value, text, err)
			}
			if err := tt.into.UnmarshalText(text); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(tt.into); got != tt.want {
				t.Errorf("got %s back, want %s", got, tt.want)
			}
		})
	}
}

func TestNamesRefused(t *testing.T) {
	tests := []struct {
		into encoding.TextUnmarshaler
		text string
		want string
	}{
		{new(Mode), "Force", `parsing mode "Force": want available, force, blindforce or unavailable`},
		{new(Rung), "", `parsing rung "": want one of none, fallback, all, hold, short, full`},
		{new(Keep), "fail", `parsing keep "fail": want better, pass_threshold, pass_window, pass_average or pass`},
		{new(Keep), "unknown", `parsing keep "unknown": want better, pass_threshold, pass_window, pass_average or pass`},
		{new(Keep), "worse", `parsing keep "worse": want better, pass_threshold, pass_window, pass_average or pass`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T %s", tt.into, tt.text), func(t *testing.T) {
			err := tt.into.UnmarshalText([]byte(tt.text))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Every rule has a name of its own, so that a new one is not left without.
func TestRuleNames(t *testing.T) {
	seen := make(map[string]bool)
	for r := RuleNone; r <= RuleNotPassing; r++ {
		if seen[r.String()] || r.String() == fmt.Sprintf("rule(%d)", uint8(r)) {
			t.Errorf("got %q for rule %d, want a name of its own", r, uint8(r))
		}
		seen[r.String()] = true
	}
}
