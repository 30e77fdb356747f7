package network

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// A preview publishes what a network on the same state does, running or not, and touches nothing.
func TestPreview(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3")
		s.config.State, s.config.Includes, s.config.ZoneFiles = s.TempDir(), s.TempDir(), s.TempDir()
		writeFile(t, filepath.Join(s.config.Includes, "example.org.zone"), "@ MX 10 mail.example.net.\n")
		s.config.Canaries = filepath.Join(s.TempDir(), "canaries")
		writeFile(t, s.config.Canaries, "example.org: 192.0.2.9\n")
		s.start()
		s.round()
		s.mode("a", selector.Unavailable)
		writeFile(t, filepath.Join(s.config.Includes, "example.org.zone"), "@ MX 20 mail.example.net.\n")
		s.round()

		before := contents(t, s.config.State, s.config.ZoneFiles)
		same := func(when string) {
			t.Helper()
			s.equal("zones "+when, preview(s).ZoneList(), s.ZoneList())
			want, got := s.Snapshot(), preview(s).Snapshot()
			s.equal("serial "+when, got.Serial, want.Serial)
			s.equal("families "+when, got.Families, want.Families)
			s.equal("serial of the zone "+when, got.ZoneSerial("example.org."), want.ZoneSerial("example.org."))
			s.equal("addresses of the zone "+when, got.ZoneAddrs("example.org.", IPv4), want.ZoneAddrs("example.org.", IPv4))
		}
		same("beside the network")
		if diff := cmp.Diff(before, contents(t, s.config.State, s.config.ZoneFiles)); diff != "" {
			t.Errorf("files -before +after\n%s", diff)
		}
		s.equal("live set", s.answers(IPv4), "192.0.2.2 192.0.2.3")
		s.stop()
		same("after it")
	})
}

// A preview of a network that never ran has nothing decided, and makes no directory.
func TestPreviewOfNothing(t *testing.T) {
	inBubble(t, func(s *site) {
		s.edges("a 192.0.2.1", "b")
		dir := filepath.Join(s.TempDir(), "none")
		s.config.State, s.config.ZoneFiles = filepath.Join(dir, "state"), filepath.Join(dir, "zones")
		n := preview(s)
		s.equal("decided", n.Snapshot().Decided(), false)
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q was made", dir)
		}
	})
}

func preview(s *site) *Network {
	s.Helper()
	in, err := ReadInputs(s.config)
	if err != nil {
		s.Fatal(err)
	}
	n, err := Preview(s.config, in, Options{Now: func() time.Time { return time.Now().Add(s.step) }})
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// contents are the files below directories, by path.
func contents(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, dir := range dirs {
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(filepath.Join(dir, path))
			files[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) == 0 {
		t.Fatalf("%q hold no files", dirs)
	}
	return files
}
