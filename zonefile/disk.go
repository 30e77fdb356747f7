package zonefile

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
)

const (
	// Name servers that run as somebody else read the files.
	fileMode = 0o644

	// Temporary and kept files must not be taken for zones by *auto*, whose patterns match anywhere in a name: by default
	// `db\.(.*)`, often `(.*)\.zone`. So neither has a dot but the first and that of ".tmp", and a number is decimal: in
	// base 16 one could end in "db".
	temporaryPrefix = ".edgemanage-"
	temporarySuffix = ".tmp"
	keptPrefix      = ".replaced-"
)

// full is the path of a file, for messages.
func (d *Directory) full(name string) string { return filepath.Join(d.path, name) }

// open opens a regular file for reading.
func (d *Directory) open(name string) (*os.File, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file, so %w", ErrForeign)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	return f, nil
}

// read returns the content of a file; of one that is larger than any zone file, the beginning.
func (d *Directory) read(name string) ([]byte, error) {
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 8*maxInclude))
	if err != nil {
		return nil, cause(err)
	}
	return data, nil
}

// head returns what the mark would be.
func (d *Directory) head(name string) ([]byte, error) {
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(len(mark))))
	if err != nil {
		return nil, cause(err)
	}
	return data, nil
}

// replace writes a file under another name, makes it durable, and renames it.
func (d *Directory) replace(name string, content []byte) error {
	err := d.tryReplace(name, content)
	if errors.Is(err, fs.ErrNotExist) {
		// Another Directory was opened on the same path and took the file for a leftover.
		err = d.tryReplace(name, content)
	}
	return err
}

func (d *Directory) tryReplace(name string, content []byte) error {
	temporary := temporaryPrefix + strconv.FormatUint(rand.Uint64(), 10) + temporarySuffix
	f, err := d.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return cause(err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(fileMode) // whatever the umask
	}
	if err == nil {
		// A file system may find out only now that it is full.
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = d.root.Rename(temporary, name)
	}
	if err != nil {
		_ = d.root.Remove(temporary)
		return cause(err)
	}
	return nil
}

// keep gives a file a second name, under which it stays when it is replaced. The first one kept of a zone is the one
// worth keeping.
func (d *Directory) keep(name string) error {
	kept := keptPrefix + strings.ReplaceAll(strings.TrimSuffix(name, suffix), ".", "+")
	if err := d.root.Link(name, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		if le, ok := errors.AsType[*os.LinkError](err); ok {
			err = le.Err
		}
		return err
	}
	return nil
}

// removeTemporary removes temporary files.
func (d *Directory) removeTemporary() error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("listing zone files %q: %w", d.path, cause(err))
	}
	for _, entry := range entries {
		name := entry.Name()
		if !entry.Type().IsRegular() || !strings.HasPrefix(name, temporaryPrefix) || !strings.HasSuffix(name, temporarySuffix) {
			continue
		}
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing %q: %w", d.full(name), cause(err))
		}
	}
	return nil
}
