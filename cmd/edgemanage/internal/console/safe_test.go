package console

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSafe(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"plain", `disk "died", say 100%: é 磁盘 \n`, `disk "died", say 100%: é 磁盘 \n`},
		{"clearing the screen", "a\x1b[2Jb", `a\x1b[2Jb`},
		{"an eight-bit CSI", "a\u009b2Jb", `a\u009b2Jb`},
		{"lines and tabs", "a\r\nb\tc\vd", `a\r\nb\tc\vd`},
		{"bell, backspace, delete", "\a\b\x7f", `\a\b\x7f`},
		{"turning the direction", "a\u202eb\u2066c\u200fd", `a\u202eb\u2066c\u200fd`},
		{"separators", "a\u2028b\u2029c", `a\u2028b\u2029c`},
		{"invisible", "a\u200bb\ufeffc\u00add", `a\u200bb\ufeffc\u00add`},
		{"tags beyond 16 bits", "a\U000e0041", `a\U000e0041`},
		{"not UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"a replacement character", "a\ufffdb", "a\ufffdb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Safe(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestClip(t *testing.T) {
	for in, want := range map[string]string{"": "", "12345": "12345", "123456": "12...", "äöüßæ": "äöüßæ", "äöüßæø": "äö..."} {
		if got := Clip(in, 5); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// FuzzSafe: whatever comes, a terminal shows it and does nothing; what was printable is as it was; and as JSON it is the
// same value.
func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "\u202e", "\xff\ufffd", "\U000e0041", "\u2028\n", `"\u`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		safe := Safe(s)
		for _, r := range safe {
			if !strconv.IsPrint(r) {
				t.Errorf("%q: got %q with %q in it", s, safe, r)
			}
		}
		if again := Safe(safe); again != safe {
			t.Errorf("%q: got %q, and of that %q", s, safe, again)
		}
		var b strings.Builder
		if err := WriteJSON(&b, s); err != nil {
			t.Fatal(err)
		}
		for _, r := range strings.TrimSuffix(b.String(), "\n") {
			if !strconv.IsPrint(r) {
				t.Errorf("%q: got JSON %q with %q in it", s, b.String(), r)
			}
		}
		var back string
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil {
			t.Fatalf("%q: got JSON %q: %v", s, b.String(), err)
		}
		if utf8.ValidString(s) && back != s {
			t.Errorf("%q: got %q back", s, back)
		}
	})
}
