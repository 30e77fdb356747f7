package state

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	refused := func(t *testing.T) {
		t.Helper()
		_, _, err := Open(dir, Options{})
		if !errors.Is(err, ErrLocked) || !strings.Contains(fmt.Sprint(err), filepath.Join(dir, lockName)) {
			t.Errorf("got error %v, want one that names the lock file", err)
		}
	}
	t.Run("held by another process", func(t *testing.T) {
		p := begin(t, "hold", dir)
		if !p.lines.Scan() || p.lines.Text() != "locked" {
			t.Fatalf("the other process says %q", p.lines.Text())
		}
		refused(t)
		if l := mustRead(t, dir); l.Found || len(l.Problems) > 0 {
			t.Errorf("reading beside it: got %+v", l)
		}
		p.end()
		s, _ := mustOpen(t, dir, Options{})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("held by this one until Close", func(t *testing.T) {
		s, _ := mustOpen(t, dir, Options{})
		refused(t)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		mustOpen(t, dir, Options{})
	})
}

// TestKill: a process killed at any point leaves a sound generation, at least as new as what it said was durable.
func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "main")
	for n := range 60 {
		p := begin(t, "write", dir)
		acknowledged := ""
		for range rand.IntN(8) {
			if p.lines.Scan() {
				acknowledged = p.lines.Text()
			}
		}
		for range rand.IntN(100_000) { // so that it is anywhere in its next save
		}
		_ = p.Process.Kill()
		for p.lines.Scan() {
			acknowledged = p.lines.Text()
		}
		_ = p.Wait()

		s, l := mustOpen(t, dir, Options{})
		want, _ := strconv.Atoi(acknowledged) // 0 when nothing was
		if int(l.Document.SetSerial) < want {
			t.Fatalf("kill %d: got serial %d, but %d was acknowledged", n, l.Document.SetSerial, want)
		}
		if len(l.Problems) > 0 || l.ModesLost {
			t.Fatalf("kill %d: got problems %v, modes lost %t", n, l.Problems, l.ModesLost)
		}
		for _, sample := range samplesOf(t, l) {
			if !strings.HasPrefix(sample.Edge, "e") || sample.Outcome != "ok" {
				t.Fatalf("kill %d: got sample %+v", n, sample)
			}
		}
		// The first change comes right after the first document, and so before the second.
		if changes, err := s.Changes(10); err != nil || want > 1 && len(changes) == 0 {
			t.Fatalf("kill %d: got changes %v, %v", n, changes, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, name := range names(t, dir) {
			if strings.HasSuffix(name, temporary) || strings.Contains(name, ".bad-") {
				t.Fatalf("kill %d: got a file %q", n, name)
			}
		}
	}
}
