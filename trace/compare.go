package trace

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Difference is a field of a round that is not as expected.
type Difference struct {
	Round     int // index in Trace.Rounds
	At        Seconds
	Field     string // such as live, or health["192.0.2.1"]
	Got, Want string // "absent" for an edge that is on one side only
}

// String describes the difference in one line.
func (d Difference) String() string {
	return fmt.Sprintf("round %d (at %s): %s: got %s, want %s", d.Round, d.At, d.Field, d.Got, d.Want)
}

// Compare returns the differences of a result from what its trace expects, in
// the order of the rounds.
func Compare(t Trace, r Result) []Difference {
	var out []Difference
	for i := range min(len(t.Expect), len(r.Rounds)) {
		out = append(out, t.Differences(i, r.Rounds[i])...)
	}
	return out
}

// Differences returns those of round i from what is expected of it.
func (t Trace) Differences(i int, got RoundResult) (out []Difference) {
	if i >= len(t.Expect) {
		return nil
	}
	want := t.Expect[i]
	at := got.At
	differ := func(field, got, want string) {
		if got != want {
			out = append(out, Difference{Round: i, At: at, Field: field, Got: got, Want: want})
		}
	}
	if want.Live != nil {
		differ("live", listed(got.Live), listed(want.Live))
	}
	if want.Rotated != nil {
		differ("rotated", strconv.FormatBool(got.Rotated), strconv.FormatBool(*want.Rotated))
	}
	if want.Rung != nil {
		differ("rung", got.Rung.String(), want.Rung.String())
	}
	if want.Health == nil {
		return out
	}
	both := maps.Clone(want.Health)
	maps.Copy(both, got.Health)
	for _, edge := range slices.Sorted(maps.Keys(both)) {
		differ(fmt.Sprintf("health[%q]", edge), entry(got.Health, edge), entry(want.Health, edge))
	}
	return out
}

// listed renders names in one order, so that only their set is compared.
func listed(names []string) string {
	return "[" + strings.Join(slices.Sorted(slices.Values(names)), " ") + "]"
}

func entry[V fmt.Stringer](m map[string]V, key string) string {
	if v, ok := m[key]; ok {
		return v.String()
	}
	return "absent"
}
