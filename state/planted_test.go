package state

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever somebody puts under the name of a file that is being written, while the Store is open, is not written through: it
// gives way, and the state is saved.
func TestPlantedWhileOpen(t *testing.T) {
	for _, file := range []string{stateName + temporary, includesName + temporary} {
		for name, plant := range map[string]func(victim, path string) error{
			"symbolic link":            os.Symlink,
			"hard link":                os.Link,
			"link to a file beside it": func(_, path string) error { return os.Symlink(lockName, path) },
			"file":                     func(_, path string) error { return os.WriteFile(path, []byte("half"), 0o600) },
			"empty directory":          func(_, path string) error { return os.Mkdir(path, 0o700) },
		} {
			t.Run(file+"/"+name, func(t *testing.T) {
				dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
				writeFile(t, victim, []byte("of somebody else"))
				s, _ := mustOpen(t, dir, Options{})
				must(t, plant(victim, filepath.Join(dir, file)))
				await(t, "the state to be saved", s.Save(sampleDocument()).Done())
				s.SaveInclude("example.org.", []byte("@ MX 10 mail\n"))
				must(t, s.Close())
				for path, want := range map[string]string{victim: "of somebody else", filepath.Join(dir, lockName): "", filepath.Join(dir, includesName, "example.org."): "@ MX 10 mail\n"} {
					if got, err := os.ReadFile(path); err != nil || string(got) != want {
						t.Errorf("%s is %q, error %v, want %q", path, got, err, want)
					}
				}
				if diff := cmp.Diff(sampleDocument(), mustRead(t, dir).Document, alike); diff != "" {
					t.Errorf("what was saved differs (-want +got):\n%s", diff)
				}
			})
		}
	}
}
