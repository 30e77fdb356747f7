package page

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"plain":        {"disk dying, ticket 4711", "disk dying, ticket 4711"},
		"of the world": {"żółć 日本 ✔ می\u200cخواهم", "żółć 日本 ✔ می\u200cخواهم"},
		"lines":        {"a\nb\tc\r\nd", "a b c  d"},
		"escape":       {"\x1b[31mred", "[U+001B][31mred"},
		"turned":       {"\u202egnp.exe", "[U+202E]gnp.exe"},
		"isolated":     {"\u2066x\u2069", "[U+2066]x[U+2069]"},
		"invisible":    {"a\u200bb\ufeff", "a[U+200B]b[U+FEFF]"},
		"separators":   {"a\u2028b", "a[U+2028]b"},
		"no UTF-8":     {"a\xff\xfeb", "a\ufffd\ufffdb"},
		"null":         {"a\x00b", "a[U+0000]b"},
		"markup":       {"<b>&amp;", "<b>&amp;"},
		"long":         {strings.Repeat("é", 600), strings.Repeat("é", 500) + "…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := plain(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "a", hostile, "\xff\xc3", strings.Repeat("\u202e", 400)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := plain(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q is no UTF-8", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q holds %U", got, r)
			}
		}
		if len(got) > 8*longest+len("…") {
			t.Errorf("%d bytes became %d", len(s), len(got))
		}
	})
}

func TestSpan(t *testing.T) {
	tests := map[time.Duration]string{
		0: "0 s", 300 * time.Millisecond: "0 s", time.Second: "1 s", 59 * time.Second: "59 s", time.Minute: "1 min", 119 * time.Second: "1 min",
		time.Hour: "1 h", 65 * time.Minute: "1 h 5 min", 24 * time.Hour: "1 d", 49*time.Hour + 59*time.Minute: "2 d 1 h", -3 * time.Hour: "3 h",
		4000 * time.Hour: "166 d 16 h",
	}
	for d, want := range tests {
		if got := span(d); got != want {
			t.Errorf("span(%s) is %q, want %q", d, got, want)
		}
	}
}

func TestLatency(t *testing.T) {
	tests := map[float64]string{0: "–", 0.0001: "1 ms", 0.153: "153 ms", 0.9994: "999 ms", 0.9996: "1.00 s", 1.239: "1.24 s", 9.994: "9.99 s", 10: "10.0 s"}
	for s, want := range tests {
		if got := latency(s); got != want {
			t.Errorf("latency(%v) is %q, want %q", s, got, want)
		}
	}
}

func TestMoment(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	tests := map[string]struct {
		time time.Time
		want moment
	}{
		"today":     {noon.Add(-65 * time.Minute), moment{"2026-03-14T02:02:42Z", "02:02:42", "1 h 5 min ago"}},
		"yesterday": {noon.Add(-4 * time.Hour), moment{"2026-03-13T23:07:42Z", "2026-03-13 23:07", "4 h ago"}},
		"to come":   {noon.Add(2 * time.Hour), moment{"2026-03-14T05:07:42Z", "05:07:42", "in 2 h"}},
		"elsewhere": {noon.In(berlin), moment{"2026-03-14T03:07:42Z", "03:07:42", "0 s ago"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := at(tt.time, noon); *got != tt.want {
				t.Errorf("got %+v, want %+v", *got, tt.want)
			}
		})
	}
	if got := at(time.Time{}, noon); got != nil {
		t.Errorf("no time is %+v", got)
	}
}
