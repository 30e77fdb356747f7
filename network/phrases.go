package network

import (
	"fmt"
	"strings"
	"time"
)

// The phrases that explanations are made of.

// word is what an operator said, in short.
func word(what, author, comment string, expires, now time.Time) string {
	if author != "" {
		what += " by " + author
	}
	if !expires.IsZero() {
		what += " until " + clock(expires, now)
	}
	if comment != "" {
		what += " (" + comment + ")"
	}
	return what
}

// seconds is a duration as verdicts show it, cut so that "under" stays true.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%.3fs", d.Truncate(time.Millisecond).Seconds())
}

// short is a setting as one would write it.
func short(d time.Duration) string {
	text := d.String()
	if cut, ok := strings.CutSuffix(text, "m0s"); ok {
		text = cut + "m"
	}
	if cut, ok := strings.CutSuffix(text, "h0m"); ok {
		text = cut + "h"
	}
	return text
}

// clock is a time to come, with its date unless it is within a day.
func clock(t, now time.Time) string {
	if t.Sub(now) < 24*time.Hour {
		return t.UTC().Format("15:04:05 UTC")
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func successes(n int) string {
	if n > 1 {
		return fmt.Sprintf("%d successes in a row", n)
	}
	return "a success"
}

// join makes one phrase of several conditions.
func join(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

// spelt is how many of what there may be thousands are told in words.
const spelt = 5

// few names some of them: "a, b, c, d, e and 95 more".
func few(names []string) string {
	if more := len(names) - spelt; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:spelt], ", "), more)
	}
	return strings.Join(names, ", ")
}
