package zonefile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

func openDirectory(t testing.TB, path string) *Directory {
	t.Helper()
	d, err := OpenDirectory(path)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

// put writes a zone and returns whether its file changed.
func put(t testing.TB, d *Directory, zone string, serial uint32) bool {
	t.Helper()
	changed, err := d.Put(zone, completeZone(zone, serial))
	must(t, err)
	return changed
}

func completeZone(zone string, serial uint32) []dns.RR {
	return testTemplate(nil).Complete(zone, serial, live4, live6, nil)
}

// names lists a directory.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestPut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "zones")
	d := openDirectory(t, dir)
	path := filepath.Join(dir, "example.org.zone")
	for _, step := range []struct {
		name   string
		before func(t *testing.T)
		serial uint32
		want   bool
	}{
		{"new", nil, 1, true},
		{"the same", nil, 1, false},
		{"changed", nil, 2, true},
		{"edited by somebody", func(t *testing.T) {
			data, err := os.ReadFile(path)
			must(t, err)
			writeFile(t, path, string(data)+"www A 192.0.2.66\n")
		}, 2, true},
		{"removed by somebody", func(t *testing.T) { must(t, os.Remove(path)) }, 2, true},
		{"the same again", nil, 2, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			if step.before != nil {
				step.before(t)
			}
			if got := put(t, d, "Example.org.", step.serial); got != step.want {
				t.Errorf("changed: got %t, want %t", got, step.want)
			}
			got, err := os.ReadFile(path)
			must(t, err)
			if diff := cmp.Diff(render(t, "Example.org.", completeZone("Example.org.", step.serial)), string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			info, err := os.Stat(path)
			must(t, err)
			if info.Mode() != 0o644 {
				t.Errorf("mode: got %v, want %v", info.Mode(), os.FileMode(0o644))
			}
			if diff := cmp.Diff([]string{"example.org.zone"}, names(t, dir)); diff != "" {
				t.Errorf("the directory (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPresent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "zones")
	d := openDirectory(t, dir)
	for _, step := range []struct {
		name string
		do   func(t *testing.T)
		want bool
	}{
		{"as it was opened", func(*testing.T) {}, true},
		{"moved away", func(t *testing.T) { must(t, os.Rename(dir, dir+".away")) }, false},
		{"replaced", func(t *testing.T) { must(t, os.Mkdir(dir, 0o700)) }, false},
		{"back", func(t *testing.T) { must(t, os.Remove(dir)); must(t, os.Rename(dir+".away", dir)) }, true},
		{"removed", func(t *testing.T) { must(t, os.RemoveAll(dir)) }, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.do(t)
			if got := d.Present(); got != step.want {
				t.Errorf("got %t, want %t", got, step.want)
			}
		})
	}
}

// TestForeign: what others wrote is never lost, and no zone leads out of the directory.
func TestForeign(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	d := openDirectory(t, dir)
	path := func(name string) string { return filepath.Join(dir, name) }

	t.Run("a file of the zone", func(t *testing.T) {
		const old = "@ 300 IN SOA ns1 hostmaster 2026010100 300 300 1209600 60\n"
		writeFile(t, path("example.org.zone"), old)
		if err := d.Remove("example.org."); !errors.Is(err, ErrForeign) {
			t.Errorf("removing it: got %v, want ErrForeign", err)
		}
		if serial, ok := d.Serial("example.org."); serial != 2026010100 || !ok {
			t.Errorf("serial: got %d, %t", serial, ok)
		}
		put(t, d, "example.org.", 1)
		kept, err := os.ReadFile(path(".replaced-example+org"))
		must(t, err)
		if string(kept) != old {
			t.Errorf("got %q kept, want %q", kept, old)
		}
		writeFile(t, path("example.org.zone"), "; another one")
		put(t, d, "example.org.", 1)
		if kept, err := os.ReadFile(path(".replaced-example+org")); err != nil || string(kept) != old {
			t.Errorf("in the end: got %q kept, %v", kept, err)
		}
		must(t, d.Remove("example.org."))
	})
	t.Run("a link", func(t *testing.T) {
		target := filepath.Join(outside, "target")
		writeFile(t, target, "precious")
		must(t, os.Symlink(target, path("link.example.zone")))
		if _, err := d.Put("link.example.", completeZone("link.example.", 1)); !errors.Is(err, ErrForeign) {
			t.Errorf("writing: got %v, want ErrForeign", err)
		}
		if err := d.Remove("link.example."); !errors.Is(err, ErrForeign) {
			t.Errorf("removing: got %v, want ErrForeign", err)
		}
		if got, err := os.ReadFile(target); err != nil || string(got) != "precious" {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("a directory", func(t *testing.T) {
		must(t, os.Mkdir(path("dir.example.zone"), 0o700))
		if _, err := d.Put("dir.example.", completeZone("dir.example.", 1)); !errors.Is(err, ErrForeign) {
			t.Errorf("writing: got %v, want ErrForeign", err)
		}
	})
	for _, zone := range []string{".", "", "../evil.", `a\047b.example.`, `..\047x.`, "a/b.example.", "*.example.", "é.example.", strings.Repeat("abcdefg.", 31) + "abc."} {
		t.Run("zone "+zone, func(t *testing.T) {
			if changed, err := d.Put(zone, completeZone("example.org.", 1)); err == nil || changed {
				t.Errorf("writing: got %t, %v", changed, err)
			}
			if err := d.Remove(zone); err == nil {
				t.Error("removing: got no error")
			}
			if _, ok := d.Serial(zone); ok {
				t.Error("got a serial")
			}
		})
	}
	if diff := cmp.Diff([]string{".replaced-example+org", "dir.example.zone", "link.example.zone"}, names(t, dir)); diff != "" {
		t.Errorf("the directory (-want +got):\n%s", diff)
	}
}

// TestRestart: another Directory knows the files of the one before, and removes what that left half written.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	first := openDirectory(t, dir)
	for _, zone := range []string{"b.example.", "a.example.", "gone.example."} {
		put(t, first, zone, 7)
	}
	writeFile(t, filepath.Join(dir, ".edgemanage-123.tmp"), "half")
	foreign := []string{"foreign.example.zone", "README", ".edgemanage-notes", "Upper.example.zone"}
	for _, name := range foreign {
		writeFile(t, filepath.Join(dir, name), "; edgemanage")
	}

	d := openDirectory(t, dir)
	if diff := cmp.Diff([]string{"a.example.", "b.example.", "gone.example."}, d.Zones()); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	if serial, ok := d.Serial("a.example."); serial != 7 || !ok {
		t.Errorf("serial: got %d, %t", serial, ok)
	}
	must(t, d.Remove("gone.example."))
	must(t, d.Remove("gone.example."))
	if put(t, d, "a.example.", 7) {
		t.Error("a file with the same content was written")
	}
	want := append([]string{"a.example.zone", "b.example.zone"}, foreign...)
	slices.Sort(want)
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("the directory (-want +got):\n%s", diff)
	}
}

func TestSerial(t *testing.T) {
	dir := t.TempDir()
	d := openDirectory(t, dir)
	for _, test := range []struct {
		name, content string
		want          uint32
		ok            bool
	}{
		{"multi-line", "$TTL 300\n@ IN SOA ns1.example.net. root.example.net. (\n\t2026010100 ; serial\n\t1 1 1 1 )\n@ NS ns1.example.net.\nbad bad\n", 2026010100, true},
		{"without a TTL", "@ IN SOA ns1 root 4294967295 1 1 1 1", 4294967295, true},
		{"of another zone", "example.net. 300 IN SOA ns1 root 5 1 1 1 1\n", 0, false},
		{"none", "www A 192.0.2.1\n", 0, false},
		{"empty", "", 0, false},
		{"garbage", "\x00\x00\x00", 0, false},
		{"an include", "$INCLUDE other\n", 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			writeFile(t, filepath.Join(dir, "example.org.zone"), test.content)
			if got, ok := d.Serial("example.org."); got != test.want || ok != test.ok {
				t.Errorf("got %d, %t; want %d, %t", got, ok, test.want, test.ok)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		if _, ok := d.Serial("example.net."); ok {
			t.Error("got one")
		}
	})
}

// TestReaders: whoever reads a file while it is replaced sees the whole of one version.
func TestReaders(t *testing.T) {
	dir := t.TempDir()
	d := openDirectory(t, dir)
	const zone, last = "example.org.", 100
	put(t, d, zone, 0)
	versions := make(map[string]bool)
	for serial := range uint32(last + 1) {
		versions[render(t, zone, completeZone(zone, serial))] = true
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				data, err := os.ReadFile(filepath.Join(dir, "example.org.zone"))
				if err != nil || !versions[string(data)] {
					t.Errorf("got %q, %v", data, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var writers sync.WaitGroup
	for _, zone := range []string{zone, "other.example."} {
		writers.Go(func() {
			for serial := range uint32(last) {
				if _, err := d.Put(zone, completeZone(zone, serial+1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

// TestHiddenNames: neither temporary nor kept files look like a zone to *auto*, which matches its patterns anywhere in a
// name, by default `db\.(.*)`.
func TestHiddenNames(t *testing.T) {
	dir := t.TempDir()
	d := openDirectory(t, dir)
	writeFile(t, filepath.Join(dir, "mydb.example.zone"), "old")
	put(t, d, "mydb.example.", 1)
	for _, name := range append(names(t, dir), ".edgemanage-18446744073709551615.tmp") {
		if name == "mydb.example.zone" {
			continue
		}
		if strings.Contains(name, "db.") || strings.Contains(name, ".zone") {
			t.Errorf("%q may be taken for a zone", name)
		}
	}
}

func TestOpenDirectoryFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "")
	if _, err := OpenDirectory(file); err == nil {
		t.Error("got no error")
	}
}

// TestMark: files that earlier versions wrote are ours too, so what they begin with never changes.
func TestMark(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "example.org.zone"), "; edgemanage writes this file, in other words than now\n")
	d := openDirectory(t, dir)
	if diff := cmp.Diff([]string{"example.org."}, d.Zones()); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	must(t, d.Remove("example.org."))
}
