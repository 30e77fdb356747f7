//go:build e2e && bench

package test

import (
	"os"
	"syscall"
	"testing"
)

// Kinds of file systems that keep everything in memory, by statfs(2).
const (
	tmpfs = 0x01021994
	ramfs = 0x858458f6
)

// inMemory says whether a directory is on no disk: what is written there costs nothing, and the kernel counts it as nothing.
func inMemory(t testing.TB, dir string) bool {
	t.Helper()
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		t.Fatalf("looking at the file system of %q: %v", dir, err)
	}
	return uint32(fs.Type) == tmpfs || uint32(fs.Type) == ramfs
}

// onDisk has all directories of the run, the states of the servers among them, made on a disk: in the directory that
// BENCH_DIR names, else in that for temporary files or, where that is in memory, in /var/tmp.
func onDisk(t *testing.T) {
	t.Helper()
	dir := os.Getenv("BENCH_DIR")
	if dir == "" && inMemory(t, os.TempDir()) {
		dir = "/var/tmp"
	}
	if dir == "" {
		return
	}
	// Not by t.Setenv, after which no test below might run in parallel with another.
	before, was := os.LookupEnv("TMPDIR")
	if err := os.Setenv("TMPDIR", dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if was {
			os.Setenv("TMPDIR", before)
		} else {
			os.Unsetenv("TMPDIR")
		}
	})
}
