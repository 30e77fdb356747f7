package legacy

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// What follows writes values as Python's json.dumps does.

// appendNumber appends a float as Python's repr has it: the shortest digits that read back the same, with an exponent from
// 1e16 on and below 1e-4. A whole number is an int there, as a timeout given without a fraction is.
func appendNumber(b []byte, f float64) []byte {
	abs := math.Abs(f)
	if abs < 1e15 && f == math.Trunc(f) {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return appendFloat(b, f)
}

// appendFloat is appendNumber for what is always a float, as a time is: a whole one ends in .0.
func appendFloat(b []byte, f float64) []byte {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if !slices.Contains(b[start:], '.') {
		b = append(b, ".0"...)
	}
	return b
}

// text is a time as the key of a sample: str(t) in Python.
func (t Time) text() string { return string(appendFloat(nil, float64(t))) }

// appendString appends a string in quotes, as ASCII.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r >= ' ' && r <= '~':
			b = append(b, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = appendEscape(appendEscape(b, high), low)
		default:
			b = appendEscape(b, r)
		}
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// byText sorts samples as Python sorts their keys: as strings. Times of one length of whole seconds, which are all there are
// from 2001 to 2286, sort as numbers do.
func byText(samples []Sample) []Sample {
	alike := func(s Sample) bool { return s.At >= 1e9 && s.At < 1e10 }
	sorted := slices.Clone(samples)
	if !slices.ContainsFunc(sorted, func(s Sample) bool { return !alike(s) }) {
		if !slices.IsSortedFunc(sorted, func(a, b Sample) int { return cmp.Compare(a.At, b.At) }) {
			byTime(sorted)
		}
	} else {
		slices.SortStableFunc(sorted, func(a, b Sample) int { return strings.Compare(a.At.text(), b.At.text()) })
	}
	return slices.CompactFunc(sorted, func(a, b Sample) bool { return a.At == b.At })
}

// byTime sorts samples by their times.
func byTime(samples []Sample) {
	slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.At, b.At) })
}
