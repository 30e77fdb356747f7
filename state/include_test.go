package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestInclude(t *testing.T) {
	tests := map[string]struct {
		zone string
		file string // empty when it is refused
	}{
		"a zone":       {"example.org.", "example.org."},
		"the longest":  {strings.Repeat("a", 254), strings.Repeat("a", 254)},
		"out":          {"../../etc/passwd", "..%2F..%2Fetc%2Fpasswd"},
		"absolute":     {"/etc/passwd", "%2Fetc%2Fpasswd"},
		"control":      {"a\x00\n", "a%00%0A"},
		"classless":    {"0/25.2.0.192.in-addr.arpa.", "0%2F25.2.0.192.in-addr.arpa."},
		"as temporary": {"a.tmp", "a.tmp"},
		"nothing":      {"", ""},
		"here":         {".", ""},
		"above":        {"..", ""},
		"too long":     {strings.Repeat("a", 256), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "main")
			s, l := mustOpen(t, dir, Options{})
			if _, err := l.Include(test.zone); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("before: got error %v", err)
			}
			s.SaveInclude(test.zone, []byte("www A 192.0.2.1\n"))
			s.SaveInclude(test.zone, []byte("www A 192.0.2.2\n"))
			s.SaveInclude("empty.example.", nil)
			s.SaveInclude("gone.example.", []byte("x"))
			must(t, s.Close())
			s, l = mustOpen(t, dir, Options{})
			got, err := l.Include(test.zone)
			want, files := "www A 192.0.2.2\n", []string{"empty.example.", "gone.example."}
			if test.file == "" {
				want = ""
			} else {
				files = append(files, test.file)
			}
			if string(got) != want || (err == nil) != (test.file != "") {
				t.Errorf("got %q, %v; want %q", got, err, want)
			}
			if got, err := l.Include("empty.example."); len(got) > 0 || err != nil {
				t.Errorf("an empty include: got %q, %v", got, err)
			}
			less := func(a, b string) bool { return a < b }
			if diff := cmp.Diff(files, names(t, filepath.Join(dir, includesName)), cmpopts.SortSlices(less)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			s.DropInclude("gone.example.")
			s.DropInclude("never.example.")
			must(t, s.Close())
			if _, err := mustRead(t, dir).Include("gone.example."); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("dropped: got error %v", err)
			}
		})
	}
}

// TestIncludesYield: ten thousand includes of a first start kept the disk for half a minute, during which no change of the
// set was saved before it was published.
func TestIncludesYield(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	must(t, os.Mkdir(dir, 0o755))
	d, err := openDisk(dir)
	must(t, err)
	defer d.close()
	batch := map[string][]byte{"a.example.": []byte("a"), "b.example.": []byte("b"), "c.example.": []byte("c")}
	for left := len(batch) - 1; left >= 0; left-- {
		must(t, d.saveIncludes(batch, func() bool { return true }))
		if len(batch) != left {
			t.Fatalf("in a hurry %d includes are left, want %d", len(batch), left)
		}
		if got, want := len(names(t, filepath.Join(dir, includesName))), 3-left; got != want {
			t.Fatalf("in a hurry %d includes are written, want %d", got, want)
		}
	}
}

// TestIncludesYieldInStore: whatever comes between them, no include is lost.
func TestIncludesYieldInStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	s, _ := mustOpen(t, dir, Options{})
	for i := range 300 {
		s.SaveInclude(fmt.Sprintf("zone%d.example.", i), []byte("x"))
		if i%10 == 0 {
			<-s.Save(Document{}).Done()
			s.AddChange(Change{Kind: "set"})
		}
	}
	must(t, s.Close())
	if got := len(names(t, filepath.Join(dir, includesName))); got != 300 {
		t.Errorf("%d includes are saved, want 300", got)
	}
}
