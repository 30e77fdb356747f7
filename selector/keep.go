package selector

import (
	"fmt"

	"github.com/deflect-ca/coredns-edgemanage/history"
)

// Keep says what keeps a live edge in the set: Better, or the passing grade that
// is enough, as Keep(history.Pass).
type Keep history.Grade

// Better keeps a live edge that passes until one of a better grade wants its
// place. It is the zero value, where a Keep of a grade would be Fail.
const Better Keep = 0

// ParseKeep returns the Keep of "better" or of the name of a passing grade.
func ParseKeep(s string) (Keep, error) {
	if s == "better" {
		return Better, nil
	}
	g, err := history.ParseGrade(s)
	if err != nil || !g.Passing() {
		return 0, fmt.Errorf("parsing keep %q: want better, pass_threshold, pass_window, pass_average or pass", s)
	}
	return Keep(g), nil
}

// String returns "better" or the grade's name.
func (k Keep) String() string {
	if k == Better {
		return "better"
	}
	return history.Grade(k).String()
}

// MarshalText encodes as String does.
func (k Keep) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText decodes as ParseKeep does.
func (k *Keep) UnmarshalText(text []byte) error {
	parsed, err := ParseKeep(string(text))
	if err != nil {
		return err
	}
	*k = parsed
	return nil
}

// floor is the grade from which a live edge is kept before any other is looked at.
func (k Keep) floor() history.Grade {
	if k == Better {
		return history.PassThreshold
	}
	return history.Grade(k)
}
