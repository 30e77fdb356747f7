package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Seconds is a number of seconds as the API gives it, for people: in ms under a second, in s above.
func Seconds(s float64) string {
	switch {
	case s < 0.0095:
		return strconv.FormatFloat(s*1000, 'f', 1, 64) + "ms"
	case s < 0.9995:
		return strconv.FormatFloat(s*1000, 'f', 0, 64) + "ms"
	case s < 9.995:
		return strconv.FormatFloat(s, 'f', 2, 64) + "s"
	case s < 99.95:
		return strconv.FormatFloat(s, 'f', 1, 64) + "s"
	}
	return strconv.FormatFloat(s, 'f', 0, 64) + "s"
}

// Span is a length of time in its two largest units, such as 2h5m, 3d1h or 40s.
func Span(d time.Duration) string {
	d = d.Abs()
	const day = 24 * time.Hour
	for _, unit := range []struct {
		large, small         time.Duration
		largeName, smallName string
	}{{day, time.Hour, "d", "h"}, {time.Hour, time.Minute, "h", "m"}, {time.Minute, time.Second, "m", "s"}} {
		rounded := d.Round(unit.small)
		if rounded < unit.large {
			continue
		}
		text := fmt.Sprintf("%d%s", rounded/unit.large, unit.largeName)
		if rest := rounded % unit.large / unit.small; rest > 0 {
			text += fmt.Sprintf("%d%s", rest, unit.smallName)
		}
		return text
	}
	return fmt.Sprintf("%ds", d.Round(time.Second)/time.Second)
}

// Ago is how long t is past, or yet to come.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	switch d := now.Sub(t); {
	case d.Abs() < time.Second:
		return "just now"
	case d < 0:
		return "in " + Span(d)
	default:
		return Span(d) + " ago"
	}
}

// At is t in UTC, without the date when it is that of now.
func At(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format(time.TimeOnly)
	}
	return t.Format(time.DateTime)
}

// Until is the end of something: when, and how long that is from now. Without an end it is empty.
func Until(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	if !t.After(now) {
		return fmt.Sprintf("until %s UTC (over)", At(t, now))
	}
	return fmt.Sprintf("until %s UTC (in %s)", At(t, now), Span(t.Sub(now)))
}

// Plural is a number with its noun, such as 1 edge or 3 edges.
func Plural(n int, noun string) string {
	if n != 1 {
		if strings.HasSuffix(noun, "y") {
			noun = strings.TrimSuffix(noun, "y") + "ie"
		}
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
