package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	stateName    = "state.json"
	previousName = "state.json.1"
	roundsName   = "rounds.log"
	changesName  = "changes.jsonl"
	lockName     = "lock"
	rotated      = ".1"
	temporary    = ".tmp"

	// Comments and authors are in these files: what other users of the machine may know is for its operator to say.
	fileMode = 0o640
	dirMode  = 0o750
)

// disk is a directory that we hold the lock of.
type disk struct {
	dir     string
	root    *os.Root
	lock    *os.File
	rounds  *appender
	changes *appender
}

// openDisk makes the directory where it is missing, locks it, and removes what a crash left half written.
func openDisk(dir string) (_ *disk, err error) {
	d := &disk{dir: dir}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	if d.root, err = os.OpenRoot(dir); err != nil {
		return nil, fmt.Errorf("opening state: %w", err)
	}
	if d.lock, err = takeLock(d.root); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("listing %q: %w", dir, err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), temporary) || !entry.Type().IsRegular() {
			continue
		}
		if err := d.root.Remove(entry.Name()); err != nil {
			return nil, fmt.Errorf("removing %q: %w", d.path(entry.Name()), err)
		}
	}
	return d, nil
}

func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return fmt.Errorf("making state directory: %w", err)
	}
	// Best effort: a parent that may not be read cannot be synced, and the directory is made again when it is missing.
	if parent, err := os.Open(filepath.Dir(dir)); err == nil {
		_ = parent.Sync()
		parent.Close()
	}
	return nil
}

func (d *disk) path(name string) string { return filepath.Join(d.dir, name) }

// present says whether the directory is still where it was, and its lock still ours. Writing into a removed directory
// would succeed, and be lost.
func (d *disk) present() bool {
	at, err := os.Stat(d.dir)
	if err != nil {
		return false
	}
	here, err := d.root.Stat(".")
	return err == nil && os.SameFile(at, here) && sameFile(d.root, lockName, d.lock)
}

func (d *disk) has(name string) bool {
	_, err := d.root.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// saveDocument replaces state.json by data. The generation before stays as state.json.1.
func (d *disk) saveDocument(data []byte) error {
	temp := stateName + temporary
	if err := d.writeFile(temp, data); err != nil {
		_ = d.root.Remove(temp) // on a full disk it is in the way of everything else
		return fmt.Errorf("writing %q: %w", d.path(temp), err)
	}
	// Between the two renames state.json.1 is the only generation, and the one that was acknowledged last.
	if err := d.root.Rename(stateName, previousName); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keeping the generation before: %w", err)
	}
	if err := d.root.Rename(temp, stateName); err != nil {
		return fmt.Errorf("replacing %q: %w", d.path(stateName), err)
	}
	return d.sync()
}

// writeFile makes a file anew. What is under the name already, half a file or a link that somebody put there, gives way
// and is not written through.
func (d *disk) writeFile(name string, data []byte) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// addChanges appends changes and makes them durable. It returns how many of them are done with.
func (d *disk) addChanges(changes []Change) (written int, err error) {
	if len(changes) == 0 {
		return 0, nil
	}
	if !d.changes.current() {
		d.changes.f.Close()
		if err := d.openChanges(); err != nil {
			return 0, err
		}
	}
	for i, c := range changes {
		if d.changes.count >= changesLimit {
			if err := d.changes.rotate(); err != nil {
				return i, err
			}
		}
		line, err := encodeChange(c)
		if err != nil {
			return i + 1, err // it never will be written
		}
		if err := d.changes.append(line, 1); err != nil {
			return i, err
		}
	}
	return len(changes), d.changes.f.Sync()
}

// sync makes names durable.
func (d *disk) sync() error {
	f, err := d.root.Open(".")
	if err != nil {
		return fmt.Errorf("syncing %q: %w", d.dir, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("syncing %q: %w", d.dir, err)
	}
	return nil
}

// close syncs and closes all that is open, and so gives up the lock.
func (d *disk) close() error {
	var errs []error
	for _, a := range []*appender{d.rounds, d.changes} {
		if a != nil {
			errs = append(errs, a.close())
		}
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	if d.root != nil {
		errs = append(errs, d.root.Close())
	}
	return errors.Join(errs...)
}
