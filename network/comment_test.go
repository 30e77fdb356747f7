package network

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/deflect-ca/coredns-edgemanage/selector"
	"github.com/deflect-ca/coredns-edgemanage/state"
)

// A comment with a line break made lines of the log that nothing had happened for, one with an escape sequence wrote over
// the terminal of who read them.
func TestComments(t *testing.T) {
	tests := []struct {
		name, comment, kept string // kept empty: it is refused
	}{
		{"plain", "disk is swapped", "disk is swapped"},
		{"of any script", "диск – 磁盘 ✓", "диск – 磁盘 ✓"},
		{"space around it", " \t disk\n", "disk"},
		{"a line break", "x\n[INFO] plugin/edgemanage: all is well", ""},
		{"a carriage return", "x\ry", ""},
		{"an escape sequence", "x\x1b[2Jy", ""},
		{"a tabulator", "x\ty", ""},
		{"NUL", "x\x00y", ""},
		{"DEL", "x\x7fy", ""},
		{"C1", "x\u009b31my", ""},
		{"not UTF-8", "x\xffy", ""},
		{"as long as it may be", strings.Repeat("x", 1000), strings.Repeat("x", 1000)},
		{"longer", strings.Repeat("x", 1001), ""},
	}
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.start()
		s.round()
		for _, tt := range tests {
			_, err := s.SetMode(context.Background(), ModeChange{Edge: "a", Mode: selector.Force, Comment: tt.comment, Author: "tester"})
			_, also := s.SetFreeze(context.Background(), FreezeChange{Frozen: true, Comment: tt.comment, Author: "tester"})
			_, back := s.SetMode(context.Background(), ModeChange{Edge: "b", Mode: selector.Available, Comment: tt.comment, Author: "tester"})
			for _, err := range []error{err, also, back} {
				switch {
				case tt.kept == "" && !errors.Is(err, ErrInvalid):
					t.Errorf("%s: got error %v, want ErrInvalid", tt.name, err)
				case tt.kept != "" && err != nil:
					t.Errorf("%s: %v", tt.name, err)
				}
				if err != nil && strings.ContainsFunc(err.Error(), unicode.IsControl) {
					t.Errorf("%s: the error has the character in it: %q", tt.name, err)
				}
			}
			if tt.kept != "" {
				s.equal(tt.name, []string{s.Status().Modes["a"].Comment, s.Status().Freeze.Comment}, []string{tt.kept, tt.kept})
			}
		}
	})
}

// What stands in a state already is shown in one line all the same.
func TestSavedComments(t *testing.T) {
	for _, comment := range []string{"disk\n[ERROR] forged", "\x1b[2J", "\xff", "one line"} {
		m, err := loadMode(state.Mode{Mode: "unavailable", Comment: comment, Author: comment, Claimed: comment})
		if err != nil {
			t.Fatal(err)
		}
		f := loadFreeze(&state.Freeze{Comment: comment, Author: comment, Claimed: comment})
		for _, text := range []string{m.Comment, ModeChanged{After: m}.Reason(), m.Author, m.Claimed, f.String()} {
			if strings.ContainsFunc(text, unicode.IsControl) || !utf8.ValidString(text) {
				t.Errorf("%q: got %q", comment, text)
			}
		}
	}
}
