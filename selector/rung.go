package selector

import (
	"fmt"
	"slices"
	"strings"
)

// Rung says how far down the ladder of emergencies a live set was found. The
// larger the better, so rungs compare with < and >.
type Rung uint8

const (
	None     Rung = iota // no address at all
	Fallback             // the configured addresses of last resort
	All                  // too few pass, nothing to hold: whatever is not ruled out
	Hold                 // too few pass: live edges stay though they do not
	Short                // enough pass, fewer than wanted
	Full                 // as many as wanted
)

var rungNames = [...]string{"none", "fallback", "all", "hold", "short", "full"}

// String returns the rung's name, such as "hold".
func (r Rung) String() string {
	if int(r) < len(rungNames) {
		return rungNames[r]
	}
	return fmt.Sprintf("rung(%d)", uint8(r))
}

// ParseRung returns the rung of a name that String gives.
func ParseRung(s string) (Rung, error) {
	if i := slices.Index(rungNames[:], s); i >= 0 {
		return Rung(i), nil
	}
	return 0, fmt.Errorf("parsing rung %q: want one of %s", s, strings.Join(rungNames[:], ", "))
}

// MarshalText encodes the rung as its name.
func (r Rung) MarshalText() ([]byte, error) {
	if int(r) >= len(rungNames) {
		return nil, fmt.Errorf("encoding rung %d: no such rung", uint8(r))
	}
	return []byte(rungNames[r]), nil
}

// UnmarshalText decodes a name as ParseRung does.
func (r *Rung) UnmarshalText(text []byte) error {
	parsed, err := ParseRung(string(text))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}
