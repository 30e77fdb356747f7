package state

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func reasons(t testing.TB, changes []Change, err error) []string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, c := range changes {
		reasons = append(reasons, c.Reason)
	}
	return reasons
}

func TestReadChanges(t *testing.T) {
	line := func(reason string) string {
		return fmt.Sprintf(`{"at":"2026-01-02T15:04:05Z","kind":"set","reason":%q}`+"\n", reason)
	}
	older := map[string]string{changesName + ".1": line("1") + line("2"), changesName: line("3") + line("4")}
	tests := map[string]struct {
		files map[string]string
		n     int
		want  []string
	}{
		"no file":        {nil, 10, nil},
		"all":            {older, 10, []string{"4", "3", "2", "1"}},
		"across files":   {older, 3, []string{"4", "3", "2"}},
		"newest":         {older, 1, []string{"4"}},
		"none wanted":    {older, 0, nil},
		"less wanted":    {older, -3, nil},
		"last line cut":  {map[string]string{changesName: line("1") + line("2")[:20]}, 10, []string{"1"}},
		"line damaged":   {map[string]string{changesName: line("1") + "{}\n\x00\n[]\n" + line("2")}, 10, []string{"2", "1"}},
		"only the older": {map[string]string{changesName + ".1": line("1")}, 10, []string{"1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range test.files {
				writeFile(t, filepath.Join(dir, name), []byte(content))
			}
			changes, err := ReadChanges(dir, test.n)
			if diff := cmp.Diff(test.want, reasons(t, changes, err)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("no directory", func(t *testing.T) {
		changes, err := ReadChanges(filepath.Join(t.TempDir(), "none"), 10)
		if len(reasons(t, changes, err)) > 0 {
			t.Errorf("got %v", changes)
		}
	})
}

func TestChangesRotate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	s, _ := mustOpen(t, dir, Options{})
	total := 2*changesLimit + 500
	for i := range total {
		s.AddChange(Change{At: start, Kind: "mode", Reason: fmt.Sprint(i), Comment: "two\nlines"})
		if i%500 == 499 { // let the queue drain: it is bounded
			await(t, "save", s.Save(Document{}).Done())
			await(t, "the changes before it", written(s))
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	changes, err := s.Changes(10 * total)
	got := reasons(t, changes, err)
	if len(got) != changesLimit+500 || got[0] != fmt.Sprint(total-1) || got[len(got)-1] != fmt.Sprint(changesLimit) {
		t.Errorf("got %d changes from %s to %s", len(got), got[0], got[len(got)-1])
	}
	for name, want := range map[string]int{changesName: 500, changesName + ".1": changesLimit} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if n := strings.Count(string(data), "\n"); err != nil || n != want {
			t.Errorf("%s has %d lines, %v; want %d", name, n, err, want)
		}
	}
}

// written is closed when no change waits for the disk.
func written(s *Store) <-chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		for {
			s.changesMu.Lock()
			s.mu.Lock()
			n := len(s.changes)
			s.mu.Unlock()
			s.changesMu.Unlock()
			if n == 0 {
				return
			}
			<-s.Save(Document{}).Done() // which comes after changes that wait
		}
	}()
	return c
}

// TestChangesUnfinishedLine: what a killed process left half written does not swallow the next change.
func TestChangesUnfinishedLine(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, changesName), []byte(`{"kind":"set","reason":"1"}`+"\n"+`{"kind":"se`))
	s, _ := mustOpen(t, dir, Options{})
	s.AddChange(Change{Kind: "set", Reason: "2"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	changes, err := ReadChanges(dir, 10)
	if diff := cmp.Diff([]string{"2", "1"}, reasons(t, changes, err)); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}

// TestChangesWaiting: changes that the disk has not taken yet are seen as well. Those that too many newer ones drive out were
// counted as errors once: on a healthy disk, for changes that its two files would not have kept either.
func TestChangesWaiting(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "file", "main")
	writeFile(t, filepath.Dir(dir), nil)
	s, _ := mustOpen(t, dir, Options{})
	for i := range maxQueuedChanges + 500 {
		s.AddChange(Change{Kind: "set", Reason: fmt.Sprint(i)})
	}
	changes, _ := s.Changes(2)
	want := []string{fmt.Sprint(maxQueuedChanges + 499), fmt.Sprint(maxQueuedChanges + 498)}
	if diff := cmp.Diff(want, reasons(t, changes, nil)); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if all, _ := s.Changes(2 * maxQueuedChanges); len(all) != maxQueuedChanges {
		t.Errorf("got %d changes, want the newest %d", len(all), maxQueuedChanges)
	}
	if n := s.Errors(); n == 0 || n >= 500 {
		t.Errorf("got %d errors, want those of the disk, without the 500 changes that were dropped", n)
	}
}

func FuzzChanges(f *testing.F) {
	line, err := encodeChange(Change{At: start, Kind: "set", Before: []string{"a"}, After: []string{"b\n"}, Reason: "\xff"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(append(line, line[:9]...))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		first := decodeChanges(data)
		for _, c := range first {
			line, err := encodeChange(c)
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, line...)
		}
		if diff := cmp.Diff(first, decodeChanges(again), alike); diff != "" {
			t.Fatalf("read, written and read again (-first +again):\n%s", diff)
		}
	})
}
