package network

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/deflect-ca/coredns-edgemanage/selector"
)

// planted are what others may put where the network writes. Each leads, if anywhere, to the victim.
var planted = map[string]func(victim, path string) error{
	"symbolic link":            os.Symlink,
	"hard link":                os.Link,
	"link to a file beside it": func(_, path string) error { return os.Symlink("beside", path) },
	"link to a device":         func(_, path string) error { return os.Symlink("/dev/zero", path) },
	"pipe":                     func(_, path string) error { return syscall.Mkfifo(path, 0o600) },
	"large file":               func(_, path string) error { return os.WriteFile(path, make([]byte, 1<<20), 0o600) },
}

// Whatever is put where the live list and the files of legacy are written, at the start or later, gives way. It is not waited
// for, nor is anything written that it leads to, nor given another mode.
func TestPlantedOutside(t *testing.T) {
	for name, plant := range planted {
		for _, file := range []string{"live", "a.edgestore", "net.state", "a.edgestore.tmp", "net.state.tmp"} {
			t.Run(file+" is a "+name, func(t *testing.T) {
				inBubble(t, func(s *site) {
					dir, victim := t.TempDir(), filepath.Join(t.TempDir(), "victim")
					s.config.Legacy, s.config.LiveList = dir, filepath.Join(dir, "live")
					s.edges("a 192.0.2.1", "b 192.0.2.2")
					theirs := map[string]string{victim: "of somebody else", filepath.Join(dir, "beside"): "of somebody else"}
					for path, text := range theirs {
						if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
							t.Fatal(err)
						}
					}
					put := func() {
						os.Remove(filepath.Join(dir, file))
						if err := plant(victim, filepath.Join(dir, file)); err != nil {
							t.Fatal(err)
						}
					}
					put()
					s.start()
					s.round()
					put()
					s.mode("b", selector.Unavailable)
					s.round()
					s.equal("live list", s.content(s.config.LiveList), "a\n")
					s.equal("live of legacy", s.storedState().LastLive, []string{"a"})
					s.equal("state of the edge", s.stored("a").State, "in")
					for path, want := range theirs {
						info, err := os.Lstat(path)
						if err != nil {
							t.Fatal(err)
						}
						if got := s.content(path); got != want || info.Mode() != 0o600 {
							t.Errorf("%s is %q with mode %v", path, got, info.Mode())
						}
					}
					for _, written := range []string{"live", "a.edgestore", "net.state"} {
						if info, err := os.Lstat(filepath.Join(dir, written)); err != nil || info.Mode() != 0o644 {
							t.Errorf("%s: got %v, error %v", written, info.Mode(), err)
						}
					}
					s.equal("trouble", len(heard[FileFailed](s.told)), 0)
				})
			})
		}
	}
}

// What a crash left half written is removed.
func TestLeftoversOfLegacy(t *testing.T) {
	inKeeper(t, func(s *site) {
		if err := os.Mkdir(s.config.Legacy, 0o755); err != nil {
			t.Fatal(err)
		}
		left := filepath.Join(s.config.Legacy, ".edgemanage-17.tmp")
		s.write(left, "half")
		s.start()
		s.round()
		s.equal("leftover", s.content(left), "no file")
	})
}

// An edge whose name is too long for a file is told of once, not at each round, also when modes are set between them. All
// others are written, as is one whose name just fits, and other trouble is told of all the same.
func TestLegacyLongNames(t *testing.T) {
	inKeeper(t, func(s *site) {
		label := strings.Repeat("x", 60) + "."
		long, fits := strings.Repeat(label, 4)+"yyyyyyyyy", strings.Repeat(label, 4)+"y"
		s.edges("a 192.0.2.1", "b 192.0.2.2", "c 192.0.2.3", long+" 192.0.2.4", fits+" 192.0.2.5")
		s.start()
		s.round()
		for range 3 {
			s.mode("b", selector.Unavailable)
			s.round()
			s.mode("b", selector.Available)
			s.round()
		}
		told := heard[FileFailed](s.told)
		if len(told) != 1 || !strings.Contains(told[0].Err.Error(), long+`.edgestore": file name too long`) {
			t.Errorf("got %v, want it once", told)
		}
		for _, name := range []string{"a", "b", "c", fits} {
			if n := len(s.stored(name).FetchTimes); n < 7 {
				t.Errorf("%s has %d fetches after seven rounds", name, n)
			}
		}
		s.mode(long, selector.Unavailable)
		s.round()
		s.equal("told after its mode was set", len(heard[FileFailed](s.told)), 1)
		blocked := filepath.Join(s.config.Legacy, "c.edgestore")
		for range 2 { // it is news each time that it begins
			told := len(heard[FileFailed](s.told))
			s.remove(blocked)
			if err := os.MkdirAll(filepath.Join(blocked, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			s.round()
			s.round()
			s.equal("told of something else", len(heard[FileFailed](s.told)), told+1)
			if err := os.RemoveAll(blocked); err != nil {
				t.Fatal(err)
			}
			s.round()
			s.equal("told when it is over", len(heard[FileFailed](s.told)), told+1)
		}
	})
}
