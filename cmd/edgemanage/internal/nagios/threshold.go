package nagios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Threshold is a range of values that is of concern.
//
//	10      below 0 or above 10
//	10:     below 10
//	~:10    above 10
//	10:20   outside 10 to 20
//	@10:20  inside 10 to 20, ends included
type Threshold struct {
	text   string
	lo, hi float64
	inside bool
}

// Above is the threshold that a value over limit crosses.
func Above(limit float64) Threshold {
	return Threshold{text: strconv.FormatFloat(limit, 'f', -1, 64), hi: limit}
}

// ParseThreshold reads a range. A start above its end is an error, and so is an empty text.
func ParseThreshold(text string) (Threshold, error) {
	fault := func(why string) (Threshold, error) {
		return Threshold{}, fmt.Errorf("reading threshold %q: %s: expected a range such as 10, 10:, ~:10, 10:20 or @10:20", text, why)
	}
	t := Threshold{text: text}
	ends, inside := strings.CutPrefix(text, "@")
	t.inside = inside
	start, end, both := strings.Cut(ends, ":")
	if !both {
		start, end = "0", start
		if end == "" {
			return fault("there is no number")
		}
	}
	var err error
	switch start {
	case "~":
		t.lo = math.Inf(-1)
	case "":
	default:
		if t.lo, err = number(start); err != nil {
			return fault(err.Error())
		}
	}
	t.hi = math.Inf(1)
	if end != "" {
		if t.hi, err = number(end); err != nil {
			return fault(err.Error())
		}
	}
	if t.lo > t.hi {
		return fault("it starts above its end")
	}
	return t, nil
}

func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) || strings.ContainsAny(s, "xX_") {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return v, nil
}

// Crossed says whether v is of concern.
func (t Threshold) Crossed(v float64) bool {
	return (v >= t.lo && v <= t.hi) == t.inside
}

// String is the range as it was written, or as Above makes it.
func (t Threshold) String() string { return t.text }
