package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrLocked is wrapped by the error for a directory that another process, or another Store, writes.
var ErrLocked = errors.New("held by another process")

// Held says whether another process, or another Store, holds the lock of a directory: its error wraps ErrLocked and names the
// file. It takes the lock for a moment where nobody does, and makes nothing.
func Held(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil // nobody has been there
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == syscall.EWOULDBLOCK {
		return fmt.Errorf("locking %q: %w", f.Name(), ErrLocked)
	}
	return nil
}

// takeLock takes the flock of a directory. It lasts until the file is closed or the process dies, however it dies.
func takeLock(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		// Of a lock on a read-only disk it can still be said whether somebody holds it.
		var readable error
		if f, readable = root.Open(lockName); readable != nil {
			return nil, fmt.Errorf("making lock: %w", err)
		}
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	f.Close()
	path := filepath.Join(root.Name(), lockName)
	if err == syscall.EWOULDBLOCK {
		return nil, fmt.Errorf("locking %q: %w", path, ErrLocked)
	}
	return nil, fmt.Errorf("locking %q: %w", path, err)
}
