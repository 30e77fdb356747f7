//go:build e2e

package test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// processorTime is what a process and those of its group have used since they began, by the kernel's account. Processes of
// NSD lose their parent, but not their group.
func processorTime(t testing.TB, pid int) (spent time.Duration) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	own := false
	for _, path := range stats {
		process := filepath.Base(filepath.Dir(path))
		b, err := os.ReadFile(path)
		if err != nil {
			continue // others come and go meanwhile
		}
		// The second field is the program's name in brackets, the fifth the group; utime and stime are the 14th and 15th, in
		// hundredths of a second (proc(5); the unit is fixed for user space).
		_, rest, _ := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest)
		if process != strconv.Itoa(pid) && fields[2] != strconv.Itoa(pid) {
			continue
		}
		own = own || process == strconv.Itoa(pid)
		for _, f := range fields[11:13] {
			n, err := strconv.Atoi(f)
			if err != nil {
				t.Fatalf("reading %q: %v", b, err)
			}
			spent += time.Duration(n) * 10 * time.Millisecond
		}
	}
	if !own {
		t.Fatalf("process %d has ended", pid)
	}
	return spent
}
