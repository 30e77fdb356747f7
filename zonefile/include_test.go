package zonefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func parseText(t testing.TB, text string, labels ...string) *Include {
	t.Helper()
	inc, err := ParseInclude("x.zone", "example.org.", labels, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

func texts[E error](errs []E) (texts []string) {
	for _, err := range errs {
		texts = append(texts, err.Error())
	}
	return texts
}

func TestReadIncludeFails(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	must(t, syscall.Mkfifo(path("pipe"), 0o600))
	must(t, os.WriteFile(path("large"), nil, 0o600))
	must(t, os.Truncate(path("large"), maxInclude+1))
	must(t, os.Symlink("nowhere", path("dangling")))
	for _, test := range []struct{ name, want string }{
		{"missing", `reading include "DIR/missing": no such file or directory`},
		{"dangling", `reading include "DIR/dangling": no such file or directory`},
		{"pipe", `reading include "DIR/pipe": not a regular file`},
		{".", `reading include "DIR": not a regular file`},
		{"large", `reading include "DIR/large": more than 16777216 bytes`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadInclude(path(test.name), "example.org.", nil)
			if err == nil {
				t.Fatal("got no error")
			}
			if diff := cmp.Diff(test.want, strings.ReplaceAll(err.Error(), dir, "DIR")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if missing := errors.Is(err, fs.ErrNotExist); missing != strings.Contains(test.want, "no such file") {
				t.Errorf("fs.ErrNotExist: got %t", missing)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"TTLs of one set", "www 60 A 192.0.2.1\nwww 90 A 192.0.2.2\nwww 90 AAAA 2001:db8::1\n",
			[]string{"x.zone:2: www.example.org. A: TTL 90: served with 60, the TTL of line 1"}},
		{"hidden by a delegation", "sub NS ns.example.net.\nsub TXT x\nsub DS 1 8 2 " + strings.Repeat("00", 32) + "\na.sub TXT x\na.sub A 192.0.2.1\nb.a.sub NS ns.example.net.\n",
			[]string{
				"x.zone:2: sub.example.org. TXT: the delegation in line 1 hides it",
				"x.zone:4: a.sub.example.org. TXT: the delegation in line 1 hides it",
				"x.zone:6: b.a.sub.example.org. NS: the delegation in line 1 hides it",
			}},
		{"no glue", "sub NS ns.sub\nsub NS ns2.other\nother NS ns.example.net.\n",
			[]string{"x.zone:1: sub.example.org. NS: ns.sub.example.org. has no address in the zone"}},
		{"no address", "@ MX 10 mail\n_sip._tcp SRV 1 1 1 SIP\n@ MX 20 other.example.net.\nnull MX 0 .\n",
			[]string{
				"x.zone:1: example.org. MX: mail.example.org. has no address in the zone",
				"x.zone:2: _sip._tcp.example.org. SRV: sip.example.org. has no address in the zone",
			}},
		{"an alias", "@ MX 10 mail\nmail CNAME other.example.net.\n",
			[]string{"x.zone:1: example.org. MX: mail.example.org. is a CNAME: expected a name with an address"}},
		{"addresses from a wildcard, below a cut and of the network",
			"* A 192.0.2.1\nsub NS ns.example.net.\n@ MX 10 any.name\n@ MX 20 mail.sub\n@ MX 30 @\n@ MX 40 www\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, texts(parseText(t, test.text, "rot").Notes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	const text = "www A 192.0.2.1\n@ TXT \"x\"\n"
	of := func(text string) string { d := parseText(t, text).Digest; return string(d[:]) }
	for _, test := range []struct {
		name, text string
		same       bool
	}{
		{"comments and blanks", "; new\nwww   300 IN A 192.0.2.1\n\n@\tTXT ( x )\n", true},
		{"a repetition", text + "www A 192.0.2.1\n", true},
		{"another address", strings.Replace(text, "192.0.2.1", "192.0.2.2", 1), false},
		{"another TTL", "$TTL 60\n" + text, false},
		{"another order", "@ TXT \"x\"\nwww A 192.0.2.1\n", false},
		{"another case", strings.Replace(text, "www", "WWW", 1), false},
		{"one more", text + "www A 192.0.2.2\n", false},
		{"nothing", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if same := of(text) == of(test.text); same != test.same {
				t.Errorf("the same: got %t, want %t", same, test.same)
			}
		})
	}
}

// TestLines: whatever stands around it and however it is laid out, a record is reported with its first line.
func TestLines(t *testing.T) {
	filler := rapid.SampledFrom([]string{
		"", "\n", "   \n", "; comment ( \"\n", "\t; \\\n", "\r\n", "$TTL 60 ; (\n", "$ORIGIN example.org.\n",
		"good A 192.0.2.1\n", "good TXT ( \"a;(\\\"\"\n  ; )\n b\\;c )\n", "(good\n A\n192.0.2.1\n)\n", "\\;x\\( TXT \\\"\n",
		" ; blank first\n", "good TXT \"\\\\\"\n",
	})
	fault := rapid.SampledFrom([]string{
		"@ CNAME x\n", "@ A 192.0.2.1 ; (\n", "@ A (\n 192.0.2.1\n\n)\n", "(@\nAAAA\n ; (\n2001:db8::1)\r\n",
		"@ NS ( ; \"\n\n\n x )\n", "other.example. TXT \"(\" (\n\";\" )\n", "bad ()CH TXT x\n", "$INCLUDE x ; y\n", "rr NSEC ( x\n A )\n",
		"q TXT \"open ( ;\n",
	})
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		var want []int
		for range rapid.IntRange(1, 20).Draw(t, "entries") {
			text.WriteString(filler.Draw(t, "filler"))
			if rapid.Bool().Draw(t, "faulty") {
				want = append(want, 1+strings.Count(text.String(), "\n"))
				text.WriteString(fault.Draw(t, "fault"))
			}
		}
		_, err := ParseInclude("x.zone", "example.org.", nil, []byte(text.String()))
		var got []int
		if faults, ok := errors.AsType[*FaultsError](err); ok {
			for _, fault := range faults.Faults {
				got = append(got, fault.Line)
			}
		}
		if !slices.Equal(want, got) {
			t.Fatalf("lines: got %v, want %v\n%s\n%v", got, want, text.String(), err)
		}
	})
}
