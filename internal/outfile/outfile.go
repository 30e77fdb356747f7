// Package outfile reads and replaces the files that others read beside us: zone files, the live list, what the Python
// edgemanage keeps. Whatever somebody has put under a name is neither waited for nor written through: only regular files are
// read, and what is written is made anew under a name of its own and renamed.
package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	// fileMode is for everybody to read: name servers and scripts run as somebody else.
	fileMode = 0o644

	// A temporary file must not be taken for a zone by *auto*, whose patterns match anywhere in a name: by default
	// `db\.(.*)`, often `(.*)\.zone`. So there is no dot but the first and that of ".tmp", and the number is decimal: in base
	// 16 one could end in "db". It is short, so that every name that a file can have can be written.
	temporaryPrefix = ".edgemanage-"
	temporarySuffix = ".tmp"
)

// ErrIrregular is wrapped by the error for what is there and no regular file.
var ErrIrregular = errors.New("not a regular file")

// OpenDir opens a directory. What is none is an error; a pipe is not waited for.
func OpenDir(path string) (*os.Root, error) {
	return os.OpenRoot(filepath.Clean(path) + string(filepath.Separator))
}

// Open opens a regular file for reading. A symbolic link is none.
func Open(root *os.Root, name string) (*os.File, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrIrregular
	}
	// It may have been replaced since, by a pipe that nobody writes.
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = ErrIrregular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns the content of a regular file, of a larger one the first most bytes.
func Read(root *os.Root, name string, most int64) ([]byte, error) {
	f, err := Open(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// Replace replaces a file as a whole, or leaves it as it was. A durable one is on the disk when Replace returns; of another
// one the content before may be there after a crash of the machine.
func Replace(root *os.Root, name string, content []byte, durable bool) error {
	err := tryReplace(root, name, content, durable)
	if errors.Is(err, fs.ErrNotExist) {
		// Somebody else who writes to the directory began, and took the file for a leftover.
		err = tryReplace(root, name, content, durable)
	}
	return err
}

func tryReplace(root *os.Root, name string, content []byte, durable bool) error {
	temporary := temporaryPrefix + strconv.FormatUint(rand.Uint64(), 10) + temporarySuffix
	f, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(fileMode) // whatever the umask
	}
	if err == nil && durable {
		// A file system may find out only now that it is full.
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = root.Rename(temporary, name)
		if le, ok := errors.AsType[*os.LinkError](err); ok {
			err = le.Err // who reads it knows nothing of the other name
		}
	}
	if err != nil {
		_ = root.Remove(temporary) // the next to begin removes it
	}
	return err
}

// RemoveLeftovers removes the temporary files of writers that a crash has cut off.
func RemoveLeftovers(root *os.Root) error {
	dir, err := root.Open(".")
	if err != nil {
		return fmt.Errorf("listing it: %w", err)
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return fmt.Errorf("listing it: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.Type().IsRegular() || !strings.HasPrefix(name, temporaryPrefix) || !strings.HasSuffix(name, temporarySuffix) {
			continue
		}
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing %q: %w", name, err)
		}
	}
	return nil
}
