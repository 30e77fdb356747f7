package zonefile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/deflect-ca/coredns-edgemanage/internal/outfile"
)

// A kept file must not be taken for a zone by *auto*, whose patterns match anywhere in a name: it has no dot but the first.
const keptPrefix = ".replaced-"

// full is the path of a file, for messages.
func (d *Directory) full(name string) string { return filepath.Join(d.path, name) }

// open opens a regular file for reading.
func (d *Directory) open(name string) (*os.File, error) {
	f, err := outfile.Open(d.root, name)
	if errors.Is(err, outfile.ErrIrregular) {
		return nil, fmt.Errorf("%w, so %w", err, ErrForeign)
	}
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
