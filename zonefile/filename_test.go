package zonefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFileName(t *testing.T) {
	long := strings.Repeat("abcdefg.", 31)
	for _, test := range []struct{ zone, want, err string }{
		{"example.org.", "example.org.zone", ""},
		{"Example.ORG", "example.org.zone", ""},
		{"_x-1.example.", "_x-1.example.zone", ""},
		{long + "ab.", long + "ab.zone", ""},
		{long + "abc.", "", `it has 251 characters, expected at most 250`},
		{".", "", `naming the file of zone ".": the root zone has none`},
		{"..", "", `naming the file of zone "..": not a domain name`},
		{"a/b.", "", `expected letters, digits, hyphens, underscores and dots`},
		{`a\047b.`, "", `expected letters, digits, hyphens, underscores and dots`},
		{"a\x00.", "", `expected letters, digits, hyphens, underscores and dots`},
	} {
		t.Run(test.zone, func(t *testing.T) {
			got, err := FileName(test.zone)
			if got != test.want || (err == nil) != (test.err == "") {
				t.Fatalf("got %q, %v; want %q", got, err, test.want)
			}
			if err != nil && !strings.HasSuffix(err.Error(), test.err) {
				t.Errorf("got %v, want %s", err, test.err)
			}
		})
	}
}

func TestZonesIn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"example.org.zone", "EXAMPLE.NET.zone", "a.example.zone", "A.example.zone", ".hidden.zone", "notes.txt", "example.org.zone~",
		"trailing..zone", "bad name.zone", ".zone", "B.Example.zone", "b.eXample.zone",
	} {
		writeFile(t, filepath.Join(dir, name), "")
	}
	must(t, os.Mkdir(filepath.Join(dir, "dir.zone"), 0o700))
	must(t, os.Symlink("example.org.zone", filepath.Join(dir, "link.example.zone")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling.zone")))
	zones, notes, err := ZonesIn(dir)
	must(t, err)
	for zone, path := range zones {
		zones[zone] = filepath.Base(path)
	}
	want := map[string]string{
		"example.org.": "example.org.zone", "example.net.": "EXAMPLE.NET.zone", "a.example.": "a.example.zone",
		"b.example.": "B.Example.zone", "link.example.": "link.example.zone",
		"dangling.": "dangling.zone", // which cannot be read, and is there all the same
	}
	if diff := cmp.Diff(want, zones); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		`leaving out "DIR/.hidden.zone": a hidden file`,
		`leaving out "DIR/.zone": a hidden file`,
		`leaving out "DIR/bad name.zone": "bad name" is not the name of a zone: expected letters, digits, hyphens, underscores and dots`,
		`leaving out "DIR/dir.zone": a directory`,
		`leaving out "DIR/example.org.zone~": expected a name that ends in .zone`,
		`leaving out "DIR/notes.txt": expected a name that ends in .zone`,
		`leaving out "DIR/trailing..zone": expected the name of the zone without a dot at its end`,
		`leaving out "DIR/A.example.zone": zone a.example. has "a.example.zone" already`,
		`leaving out "DIR/b.eXample.zone": zone b.example. has "B.Example.zone" already`,
	}
	got := texts(notes)
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], dir, "DIR")
	}
	if diff := cmp.Diff(wantNotes, got); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if _, _, err := ZonesIn(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is gone: got %v", err)
	}
}
