package network

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxComment is the most that is kept of a comment, in bytes: it is a line for people, and stands in every listing.
const maxComment = 1000

// checkComment takes the space around a comment off, and finds what is wrong with it. Comments go into log lines and onto
// terminals: a line break in one would forge a line of the log, an escape sequence what is on the screen. The error wraps
// ErrInvalid.
func checkComment(comment *string) error {
	c := strings.TrimSpace(*comment)
	*comment = c
	if len(c) > maxComment {
		return fmt.Errorf("%w comment: it is %d bytes, at most %d are kept", ErrInvalid, len(c), maxComment)
	}
	if !utf8.ValidString(c) {
		return fmt.Errorf("%w comment %q: it is not UTF-8", ErrInvalid, c)
	}
	if i := strings.IndexFunc(c, unicode.IsControl); i >= 0 {
		return fmt.Errorf("%w comment %q: it has a control character at byte %d: expected one line of text", ErrInvalid, c, i)
	}
	return nil
}

// inLine is what an earlier version saved, or somebody wrote into the state, as it may stand in a line of the log.
func inLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}
