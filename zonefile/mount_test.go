package zonefile

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mountVariable says that a process of the test binary has a mount namespace of its own.
const mountVariable = "ZONEFILE_TEST_MOUNT"

// TestMounts runs TestMounted in a mount namespace, where it may mount a small disk without anybody else seeing it.
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

// TestMounted: a full disk leaves the old file whole and nothing beside it, and the new one is written when there is room.
func TestMounted(t *testing.T) {
	if os.Getenv(mountVariable) == "" {
		return
	}
	must(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	disk := t.TempDir()
	must(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"))
	t.Cleanup(func() { must(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	const zone = "example.org."
	d := openDirectory(t, filepath.Join(disk, "zones"))
	path := filepath.Join(disk, "zones", "example.org.zone")
	put(t, d, zone, 1)
	old, err := os.ReadFile(path)
	must(t, err)

	filler, err := os.Create(filepath.Join(disk, "filler"))
	must(t, err)
	for err == nil {
		_, err = filler.Write(make([]byte, 4096))
	}
	must(t, filler.Close())
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if changed, err := d.Put(zone, completeZone(zone, 2)); changed || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on the full disk: got %t, %v", changed, err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, old) {
		t.Errorf("on the full disk: got %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{"example.org.zone"}, names(t, filepath.Dir(path))); diff != "" {
		t.Errorf("the directory (-want +got):\n%s", diff)
	}
	must(t, os.Remove(filler.Name()))
	if !put(t, d, zone, 2) {
		t.Error("with room again: nothing was written")
	}
}
