package control

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A socket is made in a directory workPrefix and digits beside its place, under the name workSocket.
const (
	workPrefix = ".edgemanage-"
	workSocket = "s"
)

// abandoned is the age from which such a directory is that of a killed process: it is in use for milliseconds.
const abandoned = time.Minute

// lockTime bounds the wait for another server that makes its socket in the same directory.
const lockTime = 3 * time.Second

// lockDir keeps other servers from making a socket in a directory until unlock. It is a courtesy between starting servers:
// where the lock cannot be had in time (anyone who may read the directory may hold it) things go on without.
func lockDir(path string) (unlock func()) {
	dir, err := os.Open(path)
	if err != nil {
		return func() {}
	}
	timeout := time.After(lockTime)
	retry := time.NewTicker(lockTime / 300)
	defer retry.Stop()
	for {
		if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil || err != syscall.EWOULDBLOCK {
			return func() { dir.Close() } // which releases it
		}
		select {
		case <-retry.C:
		case <-timeout:
			return func() { dir.Close() }
		}
	}
}

// sweep removes what killed processes left of making a socket. It touches directories alone that are named, owned and
// closed to others as ours are, and of their content nothing but the socket.
func sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // they do no harm
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), workPrefix) {
			continue
		}
		info, err := e.Info()
		if err != nil || !ours(info) || time.Since(info.ModTime()) < abandoned {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		if left, err := os.Lstat(filepath.Join(dir, workSocket)); err == nil && left.Mode().Type() == fs.ModeSocket {
			os.Remove(filepath.Join(dir, workSocket))
		}
		os.Remove(dir) // fails when there is more in it
	}
}

func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid() && info.Mode().Perm() == 0o700
}
