package config

import (
	"fmt"
	"strings"
)

// splitCommand splits a line into words as a shell does: at blanks, with quotes and backslashes, and nothing else, since
// nothing else would have a meaning without a shell.
func splitCommand(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quoted rune
	inside, escaped := false, false
	for _, r := range line {
		switch {
		case escaped:
			if quoted == '"' && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quoted != '\'':
			escaped, inside = true, true
		case quoted != 0 && r == quoted:
			quoted = 0
		case quoted != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quoted, inside = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inside {
				words = append(words, word.String())
				word.Reset()
				inside = false
			}
		default:
			word.WriteRune(r)
			inside = true
		}
	}
	switch {
	case quoted != 0:
		return nil, fmt.Errorf("%s: expected a closing %c", quote(line), quoted)
	case escaped:
		return nil, fmt.Errorf("%s: expected a character after the backslash", quote(line))
	case inside:
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, fmt.Errorf("%s is not a command: expected a program and its arguments", quote(line))
	}
	return words, nil
}
