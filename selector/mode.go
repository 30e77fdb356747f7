package selector

import (
	"fmt"
	"slices"
)

// Mode is what the operator said of an edge.
type Mode uint8

const (
	Available   Mode = iota // an ordinary candidate
	Force                   // pinned while it passes
	BlindForce              // pinned whatever its grade
	Unavailable             // out, on every rung
)

var modeNames = [...]string{"available", "force", "blindforce", "unavailable"}

// String returns the mode's name, such as "blindforce".
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// ParseMode returns the mode of a name that String gives.
func ParseMode(s string) (Mode, error) {
	if i := slices.Index(modeNames[:], s); i >= 0 {
		return Mode(i), nil
	}
	return 0, fmt.Errorf("parsing mode %q: want available, force, blindforce or unavailable", s)
}

// MarshalText encodes the mode as its name.
func (m Mode) MarshalText() ([]byte, error) {
	if int(m) >= len(modeNames) {
		return nil, fmt.Errorf("encoding mode %d: no such mode", uint8(m))
	}
	return []byte(modeNames[m]), nil
}

// UnmarshalText decodes a name as ParseMode does.
func (m *Mode) UnmarshalText(text []byte) error {
	parsed, err := ParseMode(string(text))
	if err != nil {
		return err
	}
	*m = parsed
	return nil
}
