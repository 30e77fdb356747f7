package show

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/deflect-ca/coredns-edgemanage/cmd/edgemanage/internal/console"
)

// Whatever a text is, no word of it is lost, and no line is wider than a terminal but for a single word that is.
func TestWrapped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.StringMatching(`[a-zé\x1b\x{202e}]{1,100}`)).Draw(t, "words")
		var p Page
		p.wrapped(console.Plain, "  first ", "        ", strings.Join(words, " "))
		got := strings.Fields(p.String())
		if want := append([]string{"first"}, strings.Fields(console.Safe(strings.Join(words, " ")))...); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("got %q, want %q", got, want)
		}
		for line := range strings.Lines(p.String()) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && len(strings.Fields(strings.TrimPrefix(line, "  first "))) > 1 {
				t.Fatalf("got a line of %d characters: %q", utf8.RuneCountInString(line), line)
			}
		}
	})
}

// A coloured line keeps its indentation plain, so that a background does not begin at the edge.
func TestLine(t *testing.T) {
	p := Page{Paint: true}
	p.line(console.Bad, "  %s has %d", "e\x1b1", 3)
	if want := "  \x1b[31me\\x1b1 has 3\x1b[0m\n"; p.String() != want {
		t.Errorf("got %q, want %q", p.String(), want)
	}
}
