package page

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// longest is the number of bytes of a name, comment or error that are shown: as many as a comment may have.
const longest = 1000

// plain makes text safe to read: what would be invisible, turn the line around or colour a terminal that it is copied to is
// written as its number. Escaping HTML is the template's.
func plain(s string) string {
	cut := ""
	if len(s) > longest {
		end := longest
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s, cut = s[:end], "…"
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case r == '\u200c' || r == '\u200d':
			b.WriteRune(r) // joiners: Persian and Hindi are not written without
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r) // also U+FFFD, for what was no UTF-8
		}
	}
	return b.String() + cut
}

// span is a duration in the two largest units that say something, such as "2 h 5 min".
func span(d time.Duration) string {
	d = d.Abs()
	type unit struct {
		length time.Duration
		name   string
	}
	units := []unit{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	for i, u := range units {
		n := d / u.length
		if n == 0 {
			continue
		}
		text := fmt.Sprintf("%d %s", n, u.name)
		// Seconds beside minutes change with every look and tell nothing.
		if i+1 < len(units)-1 {
			if rest := d % u.length / units[i+1].length; rest > 0 {
				text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return text
	}
	return "0 s"
}

// latency is a time that a probe took, such as "153 ms" or "1.24 s".
func latency(seconds float64) string {
	switch {
	case seconds <= 0:
		return "–"
	case seconds < 0.9995:
		return fmt.Sprintf("%.0f ms", max(seconds*1000, 1))
	case seconds < 9.995:
		return fmt.Sprintf("%.2f s", seconds)
	default:
		return fmt.Sprintf("%.1f s", seconds)
	}
}

// seconds makes a duration of what the wire has.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// A moment is a time as it is shown: in UTC, as logs and colleagues elsewhere have it, and how long ago it is.
type moment struct {
	Machine string // RFC 3339
	Clock   string // the time, and the day unless it is today
	Age     string // "3 min ago", "in 2 h"
}

// at shows t as seen at now; the zero time is nil, so that templates can ask for it.
func at(t, now time.Time) *moment {
	if t.IsZero() {
		return nil
	}
	t, now = t.UTC(), now.UTC()
	m := &moment{Machine: t.Format(time.RFC3339), Clock: t.Format("15:04:05")}
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		m.Clock = t.Format("2006-01-02 15:04")
	}
	if t.After(now) {
		m.Age = "in " + span(t.Sub(now))
	} else {
		m.Age = span(now.Sub(t)) + " ago"
	}
	return m
}
