package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func open(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// things are what may be under a name. Each leads, if anywhere, to the victim.
var things = map[string]func(victim, path string) error{
	"nothing":                    func(_, path string) error { return nil },
	"a file":                     func(_, path string) error { return os.WriteFile(path, []byte("old"), 0o600) },
	"a symbolic link":            os.Symlink,
	"a hard link":                os.Link,
	"a link to a file beside it": func(_, path string) error { return os.Symlink("beside", path) },
	"a link to a device":         func(_, path string) error { return os.Symlink("/dev/zero", path) },
	"a link to itself":           func(_, path string) error { return os.Symlink(filepath.Base(path), path) },
	"a pipe":                     func(_, path string) error { return syscall.Mkfifo(path, 0o600) },
}

// What is under the name gives way. Nothing that it leads to is written, nor given another mode.
func TestReplace(t *testing.T) {
	for name, plant := range things {
		for _, durable := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
				must(t, os.WriteFile(victim, []byte("of somebody else"), 0o600))
				must(t, os.WriteFile(filepath.Join(dir, "beside"), []byte("of somebody else"), 0o600))
				must(t, plant(victim, filepath.Join(dir, "name")))
				root := open(t, dir)
				must(t, Replace(root, "name", []byte("new"), durable))
				if got, err := Read(root, "name", 10); err != nil || string(got) != "new" {
					t.Errorf("got %q, error %v", got, err)
				}
				if info, err := root.Lstat("name"); err != nil || info.Mode() != fileMode {
					t.Errorf("got %v, error %v, want mode 0644", info.Mode(), err)
				}
				for _, path := range []string{victim, filepath.Join(dir, "beside")} {
					info, err := os.Lstat(path)
					must(t, err)
					if got, err := os.ReadFile(path); err != nil || string(got) != "of somebody else" || info.Mode() != 0o600 {
						t.Errorf("%s is %q with mode %v, error %v", path, got, info.Mode(), err)
					}
				}
				entries, err := os.ReadDir(dir)
				if err != nil || len(entries) != 2 {
					t.Errorf("got %v, error %v: something is left", entries, err)
				}
			})
		}
	}
}

// A file that cannot be replaced stays, and nothing is left beside it.
func TestReplaceFails(t *testing.T) {
	for name, file := range map[string]string{"a name too long": strings.Repeat("x", 256), "a directory": "dir"} {
		t.Run(name, func(t *testing.T) {
			root := open(t, t.TempDir())
			must(t, root.MkdirAll("dir/sub", 0o700))
			if err := Replace(root, file, []byte("new"), true); err == nil {
				t.Error("got no error")
			}
			entries, err := os.ReadDir(root.Name())
			if err != nil || len(entries) != 1 {
				t.Errorf("got %v, error %v", entries, err)
			}
		})
	}
}

// The longest name there is can be written.
func TestReplaceLongName(t *testing.T) {
	root := open(t, t.TempDir())
	must(t, Replace(root, strings.Repeat("x", 255), []byte("new"), false))
}

// Only files are read, and no more of them than is asked for.
func TestRead(t *testing.T) {
	for name, plant := range things {
		t.Run(name, func(t *testing.T) {
			dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
			must(t, os.WriteFile(victim, []byte("1234567890"), 0o600))
			must(t, plant(victim, filepath.Join(dir, "name")))
			got, err := Read(open(t, dir), "name", 5)
			switch name {
			case "a file":
				if err != nil || string(got) != "old" {
					t.Errorf("got %q, error %v", got, err)
				}
			case "a hard link":
				if err != nil || string(got) != "12345" {
					t.Errorf("got %q, error %v", got, err)
				}
			case "nothing":
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("got %q, error %v", got, err)
				}
			default:
				if !errors.Is(err, ErrIrregular) {
					t.Errorf("got %q, error %v", got, err)
				}
			}
		})
	}
}

// A pipe in the place of a directory is not waited for.
func TestOpenDir(t *testing.T) {
	for name, plant := range things {
		t.Run(name, func(t *testing.T) {
			path, victim := filepath.Join(t.TempDir(), "name"), filepath.Join(t.TempDir(), "victim")
			must(t, os.WriteFile(victim, nil, 0o600))
			must(t, plant(victim, path))
			if root, err := OpenDir(path); err == nil {
				root.Close()
				t.Error("it was opened")
			}
		})
	}
}

// What a crash left is removed, what looks like it is not.
func TestRemoveLeftovers(t *testing.T) {
	root := open(t, t.TempDir())
	for _, name := range []string{".edgemanage-1.tmp", "edgemanage-1.tmp", ".edgemanage-notes", "a.edgestore"} {
		must(t, root.WriteFile(name, nil, 0o600))
	}
	must(t, root.Mkdir(".edgemanage-2.tmp", 0o700))
	must(t, RemoveLeftovers(root))
	entries, err := os.ReadDir(root.Name())
	if err != nil || len(entries) != 4 {
		t.Errorf("got %v, error %v", entries, err)
	}
}
