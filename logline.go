package edgemanage

import (
	"strconv"
	"strings"
)

// oneLine is text of somebody else as it may stand in the log: comments of operators, errors with words of a peer, names of
// files. What is not to be seen is written as a Go escape, such as \n, \x1b or \u202e, so that nobody ends a line and writes
// the next one himself, or colours the terminal of who reads it. Bytes that are not UTF-8 become U+FFFD.
func oneLine(text string) string {
	if !strings.ContainsFunc(text, unseen) && strings.ToValidUTF8(text, "") == text {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unseen(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unseen(r rune) bool { return !strconv.IsPrint(r) }
