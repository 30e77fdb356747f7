package state

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A named pipe or a file without end in the place of one of ours is damage, and must not be waited for.
func TestIrregularFiles(t *testing.T) {
	put := map[string]func(path string) error{
		"pipe": func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"huge": func(path string) error {
			f, err := os.Create(path)
			if err != nil {
				return err
			}
			defer f.Close()
			return f.Truncate(maxFile + 1)
		},
	}
	for kind, do := range put {
		for _, name := range []string{stateName, previousName, roundsName, roundsName + rotated, changesName} {
			t.Run(kind+" "+name, func(t *testing.T) {
				dir := t.TempDir()
				must(t, do(filepath.Join(dir, name)))
				if loaded, err := Read(dir); err != nil {
					t.Errorf("reading: %v", err)
				} else {
					must(t, loaded.Close())
				}
				s, loaded, err := Open(dir, Options{})
				if err != nil {
					t.Fatalf("opening: %v", err)
				}
				must(t, loaded.Close())
				if loaded.Found {
					t.Error("a document was found")
				}
				s.Save(Document{SetSerial: 1})
				s.AddChange(Change{Kind: "set"})
				_ = s.Close() // where the journal cannot be written it says so
			})
		}
	}
}
