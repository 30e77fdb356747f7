package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// writeFile lets write fill the file that the user named. A file is replaced as a whole or not at all, where a symbolic
// link leads to and with the permissions it had. What is no file, such as a pipe or a device, is opened and written to:
// replacing it would destroy what it was. It is not opened before there is something to write.
func writeFile(path string, write func(io.Writer) error) error {
	info, err := os.Stat(path) // before the link is followed by us, the kernel says whether it may be trusted
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return errors.New("it is a symbolic link to nothing")
		}
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory")
	case !info.Mode().IsRegular():
		s := &special{path: path}
		return errors.Join(write(s), s.Close())
	default:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer f.Cleanup() // does nothing once it is in place
	if err := write(f); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// special is what is there and no file. Opening a pipe waits for who reads it.
type special struct {
	path string
	file *os.File // nil until the first write
}

func (s *special) Write(p []byte) (int, error) {
	if s.file == nil {
		f, err := os.OpenFile(s.path, os.O_WRONLY, 0)
		if err != nil {
			return 0, fmt.Errorf("opening it: %w", err)
		}
		s.file = f
	}
	return s.file.Write(p)
}

// Close ends what was opened.
func (s *special) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
