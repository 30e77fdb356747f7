package history

import (
	"fmt"
	"slices"
	"strings"
)

// Grade says how well an edge does. The larger the better, so grades compare
// with < and >.
type Grade uint8

const (
	Fail          Grade = iota // its last probes failed
	Unknown                    // never probed, or not yet failed nor succeeded
	Pass                       // it answers, slowly
	PassAverage                // slow of late, but good enough over its history
	PassWindow                 // slow at last, but good enough over the window
	PassThreshold              // its last probe was good enough
)

var gradeNames = [...]string{"fail", "unknown", "pass", "pass_average", "pass_window", "pass_threshold"}

// Passing reports whether an edge of this grade works, however slowly.
func (g Grade) Passing() bool { return g >= Pass }

// String returns the grade's name, such as "pass_threshold".
func (g Grade) String() string {
	if int(g) < len(gradeNames) {
		return gradeNames[g]
	}
	return fmt.Sprintf("grade(%d)", uint8(g))
}

// ParseGrade returns the grade of a name that String gives.
func ParseGrade(s string) (Grade, error) {
	if i := slices.Index(gradeNames[:], s); i >= 0 {
		return Grade(i), nil
	}
	return 0, fmt.Errorf("parsing grade %q: want one of %s", s, strings.Join(gradeNames[:], ", "))
}

// MarshalText encodes the grade as its name.
func (g Grade) MarshalText() ([]byte, error) {
	if int(g) >= len(gradeNames) {
		return nil, fmt.Errorf("encoding grade %d: no such grade", uint8(g))
	}
	return []byte(gradeNames[g]), nil
}

// UnmarshalText decodes a name as ParseGrade does.
func (g *Grade) UnmarshalText(text []byte) error {
	parsed, err := ParseGrade(string(text))
	if err != nil {
		return err
	}
	*g = parsed
	return nil
}
