package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// mountVariable says that a process of the test binary has a mount namespace of its own.
const mountVariable = "STATE_TEST_MOUNT"

// TestMounts runs TestMounted in a mount namespace, where it may mount small disks and take writing away from them
// without anybody else seeing it.
func TestMounts(t *testing.T) {
	if os.Getenv(mountVariable) != "" {
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMounted$", "-test.v")
	cmd.Env = append(os.Environ(), mountVariable+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestMounted")) {
		t.Fatalf("in a mount namespace: %v\n%s", err, out)
	}
}

func TestMounted(t *testing.T) {
	if os.Getenv(mountVariable) == "" {
		return
	}
	must(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	t.Run("read-only", testReadOnly)
	t.Run("full", testFull)
	t.Run("full at start", testFullAtStart)
}

func mountDisk(t *testing.T, options string) string {
	t.Helper()
	disk := t.TempDir()
	must(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, options))
	t.Cleanup(func() { must(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	return disk
}

// testReadOnly: a server starts with all that a read-only disk holds, and saves when it can be written.
func testReadOnly(t *testing.T) {
	disk := mountDisk(t, "size=1m")
	dir := filepath.Join(disk, "main")
	before, after := manySamples(6, 3), manySamples(9, 3)[6:]
	s, _ := mustOpen(t, dir, Options{})
	s.AddSamples(before)
	s.Save(sampleDocument())
	must(t, s.Close())
	for _, lockFile := range []bool{true, false} {
		t.Run(fmt.Sprintf("lock file %t", lockFile), func(t *testing.T) {
			if !lockFile {
				must(t, os.Remove(filepath.Join(dir, lockName)))
			}
			must(t, syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
			s, l := mustOpen(t, dir, Options{})
			if s.Err() == nil {
				t.Error("got no error")
			}
			if diff := cmp.Diff(sampleDocument(), l.Document, alike); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if diff := diffSamples(before, samplesOf(t, l)); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
			s.AddSamples(after)
			p := s.Save(l.Document)
			await(t, "failure to save", p.Failed())
			must(t, syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=1m"))
			await(t, "save", p.Done())
			must(t, s.Close())
			before = append(before, after...)
			if diff := diffSamples(before, samplesOf(t, mustRead(t, dir))); diff != "" {
				t.Errorf("samples in the end (-want +got):\n%s", diff)
			}
		})
	}
}

// fill leaves a number of bytes of a disk.
func fill(t *testing.T, disk string, leave int) (filler string) {
	t.Helper()
	filler = filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	must(t, err)
	defer f.Close()
	size := 0
	for err == nil {
		var n int
		n, err = f.Write(make([]byte, os.Getpagesize()))
		size += n
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	must(t, f.Truncate(int64(max(0, size-leave))))
	return filler
}

// testFull: records that a full disk takes a part of are written whole when there is room, and never read in part.
func testFull(t *testing.T) {
	for pages := range 4 {
		t.Run(fmt.Sprintf("%d pages left", pages), func(t *testing.T) {
			disk := mountDisk(t, "size=4m")
			dir := filepath.Join(disk, "main")
			var said reports
			s, _ := mustOpen(t, dir, said.options())
			all := manySamples(20_000, 100)
			s.AddSamples(all[:10_000])
			await(t, "save", s.Save(Document{SetSerial: 1}).Done())
			filler := fill(t, disk, pages*os.Getpagesize())
			s.AddChange(Change{Kind: "set", Reason: string(make([]byte, 5000))})
			s.AddSamples(all[10_000:])
			s.SaveInclude("example.org.", make([]byte, 50_000))
			untilTrue(t, "trouble", func() bool { return s.Err() != nil })
			p := s.Save(sampleDocument())
			if pages == 0 {
				await(t, "failure to save", p.Failed())
			}

			// As a crash at this moment would leave it.
			l := mustRead(t, dir)
			if got := samplesOf(t, l); !isPrefix(got, all) || len(l.Problems) > 0 || !l.Found {
				t.Errorf("on the full disk: got %d samples, problems %v, found %t", len(got), l.Problems, l.Found)
			}

			must(t, os.Remove(filler))
			await(t, "save", p.Done())
			untilTrue(t, "recovery", func() bool { return s.Err() == nil })
			must(t, s.Close())
			if diff := cmp.Diff([]string{"error", "recovered"}, said.got()); diff != "" {
				t.Errorf("said (-want +got):\n%s", diff)
			}
			l = mustRead(t, dir)
			if diff := diffSamples(all, samplesOf(t, l)); diff != "" || len(l.Problems) > 0 {
				t.Errorf("problems %v, samples (-want +got):\n%.2000s", l.Problems, diff)
			}
			if diff := cmp.Diff(sampleDocument(), l.Document, alike); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if got, err := l.Include("example.org."); err != nil || len(got) != 50_000 {
				t.Errorf("got an include of %d bytes, %v; want 50000", len(got), err)
			}
			if changes, err := ReadChanges(dir, 10); err != nil || len(changes) != 1 {
				t.Errorf("got %d changes, %v; want 1", len(changes), err)
			}
		})
	}
}

// testFullAtStart: damage that a full disk has no room to set aside stays where it is, and what is sound is used.
func testFullAtStart(t *testing.T) {
	disk := mountDisk(t, "size=1m")
	dir := filepath.Join(disk, "main")
	all := manySamples(1000, 10)
	journal, ends := encodeAll(all, 10)
	damaged := bytes.Clone(journal)
	damaged[ends[49]] ^= 1
	writeFile(t, filepath.Join(dir, roundsName), damaged)
	writeFile(t, filepath.Join(dir, stateName), mustEncode(t, sampleDocument()))
	filler := fill(t, disk, 0)
	s, l := mustOpen(t, dir, Options{})
	if s.Err() == nil || !l.Found {
		t.Errorf("got error %v, found %t", s.Err(), l.Found)
	}
	if diff := diffSamples(all[:500], samplesOf(t, l)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	if got, err := os.ReadFile(filepath.Join(dir, roundsName)); err != nil || !bytes.Equal(got, damaged) {
		t.Errorf("the damaged journal has changed: %d bytes, %v", len(got), err)
	}
	must(t, os.Remove(filler))
	await(t, "save", s.Save(l.Document).Done())
	must(t, s.Close())
	kept, err := os.ReadFile(filepath.Join(dir, roundsName+".bad-20260102T150405"))
	if err != nil || !bytes.Equal(kept, damaged[ends[49]:]) {
		t.Errorf("set aside are %d bytes, %v; want %d", len(kept), err, len(damaged)-ends[49])
	}
}

func isPrefix(part, whole []Sample) bool {
	return len(part) <= len(whole) && diffSamples(whole[:len(part)], part) == ""
}

// untilTrue waits for a condition, which nothing tells of.
func untilTrue(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within 30s", what)
		}
	}
}
