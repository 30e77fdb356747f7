package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rounds is a trace as the fake server of these tests has it.
const rounds = "{\"rounds\":[]}\n"

// `history --trace /dev/null` replaced the device by a file, for the whole machine: what is no file is written to.
func TestTraceIntoPipe(t *testing.T) {
	newFake(t, calm())
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link} {
		read := make(chan string, 1)
		go func() {
			data, err := os.ReadFile(pipe)
			if err != nil {
				t.Error(err)
			}
			read <- string(data)
		}()
		if code, stdout, stderr := ask(t, "history", "--trace", path); code != 0 || stdout+stderr != "" {
			t.Fatalf("%s: got %d, %q, %q", path, code, stdout, stderr)
		}
		if diff := cmp.Diff(rounds, <-read); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
			t.Errorf("the pipe is %v, error %v", info.Mode(), err)
		}
	}
}

func TestTraceIntoFile(t *testing.T) {
	tests := []struct {
		name  string
		make  func(dir string) error
		file  string // that is asked for
		holds string // the file that has the trace then, and its permissions
		perm  fs.FileMode
		fault string
	}{
		{"a new file", func(string) error { return nil }, "new", "new", 0o644, ""},
		{"a file", func(dir string) error { return os.WriteFile(filepath.Join(dir, "old"), []byte("before"), 0o600) }, "old", "old", 0o600, ""},
		{"a link to a file", func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "sub"), 0o700), os.WriteFile(filepath.Join(dir, "sub", "old"), []byte("before"), 0o600), os.Symlink("sub/old", filepath.Join(dir, "link")))
		}, "link", "sub/old", 0o600, ""},
		{"a link to nothing", func(dir string) error { return os.Symlink("nothing", filepath.Join(dir, "link")) }, "link", "", 0, "it is a symbolic link to nothing"},
		{"a directory", func(dir string) error { return os.Mkdir(filepath.Join(dir, "sub"), 0o700) }, "sub", "", 0, "it is a directory"},
		{"in no directory", func(string) error { return nil }, "sub/new", "", 0, "no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			newFake(t, calm())
			dir := t.TempDir()
			if err := tt.make(dir); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, tt.file)
			before, _ := os.Lstat(file)
			code, stdout, stderr := ask(t, "history", "--trace", file)
			if tt.fault != "" {
				if code != 1 || !strings.Contains(stderr, tt.fault) || !strings.Contains(stderr, file) {
					t.Errorf("got %d, %q, want 1 and %q", code, stderr, tt.fault)
				}
				return
			}
			if code != 0 || stdout+stderr != "" {
				t.Fatalf("got %d, %q, %q", code, stdout, stderr)
			}
			if after, err := os.Lstat(file); err != nil || before != nil && after.Mode() != before.Mode() {
				t.Errorf("what was %v is %v, error %v", before, after, err)
			}
			data, err := os.ReadFile(filepath.Join(dir, tt.holds))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(rounds, string(data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if info, err := os.Stat(filepath.Join(dir, tt.holds)); err != nil || info.Mode().Perm() != tt.perm {
				t.Errorf("permissions are %v, error %v, want %v", info.Mode(), err, tt.perm)
			}
		})
	}
}

// Of a trace that breaks off nothing is left, and what was there stays.
func TestWriteFileBreaksOff(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rounds.json")
	if err := os.WriteFile(file, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the server went away")
	err := writeFile(file, func(w io.Writer) error {
		_, err := io.WriteString(w, "half")
		return errors.Join(err, broken)
	})
	if !errors.Is(err, broken) {
		t.Errorf("got error %v", err)
	}
	data, err := os.ReadFile(file)
	if string(data) != "before" || err != nil {
		t.Errorf("it has %q, error %v", data, err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("there are %v, error %v", entries, err)
	}
}
