package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// appender writes to the end of a file. What it has written stays readable: of a write that failed nothing is left.
type appender struct {
	root *os.Root
	name string
	f    *os.File
	size int64
	// count is of what the owner counts in this file: samples, or lines.
	count int
	// partial says that beyond size there may be part of a write that failed.
	partial bool
}

// openAppender opens a file whose first size bytes, with count things in them, are sound, and whose others are not wanted.
func openAppender(root *os.Root, name string, size int64, count int) (*appender, error) {
	f, err := openFile(root, name, os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	a := &appender{root: root, name: name, f: f, size: size, count: count}
	info, err := f.Stat()
	if err == nil && info.Size() != size {
		err = f.Truncate(size)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return a, nil
}

// append writes p, which holds n things.
func (a *appender) append(p []byte, n int) error {
	if a.partial {
		if err := a.f.Truncate(a.size); err != nil {
			return fmt.Errorf("removing a partial write: %w", err)
		}
		a.partial = false
	}
	if _, err := a.f.Write(p); err != nil {
		// At once, so that a crash before the next try leaves a sound file too.
		a.partial = a.f.Truncate(a.size) != nil
		return err
	}
	a.size += int64(len(p))
	a.count += n
	return nil
}

// rotate makes the file the rotated one, in place of that before, and begins a new one.
func (a *appender) rotate() error {
	if err := a.f.Sync(); err != nil {
		return err
	}
	if err := a.root.Rename(a.name, a.name+rotated); err != nil {
		return err
	}
	next, err := openAppender(a.root, a.name, 0, 0)
	if err != nil {
		return err
	}
	a.f.Close()
	*a = *next
	return nil
}

// current says whether the name still leads to the file: somebody may have removed or replaced it.
func (a *appender) current() bool {
	return sameFile(a.root, a.name, a.f)
}

func (a *appender) close() error {
	return errors.Join(a.f.Sync(), a.f.Close())
}

func sameFile(root *os.Root, name string, f *os.File) bool {
	var named, open fs.FileInfo
	named, err := root.Lstat(name)
	if err != nil {
		return false
	}
	open, err = f.Stat()
	return err == nil && os.SameFile(named, open)
}
