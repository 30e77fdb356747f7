package control

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// stale leaves a socket as a killed process does.
func stale(t testing.TB, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

// names lists a directory.
func names(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestListen(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(t *testing.T, path string)
		want    string // what the error says; empty: there is none
		live    bool
	}{
		{name: "nothing there", prepare: func(*testing.T, string) {}},
		{name: "a stale socket", prepare: func(t *testing.T, path string) { stale(t, path) }},
		{name: "a live socket", live: true, want: "another process is listening", prepare: func(t *testing.T, path string) {
			l, err := Listen(path, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
		}},
		{name: "a file", want: "a file is there", prepare: func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a directory", want: "a directory is there", prepare: func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a pipe", want: "something else than a socket is there", prepare: func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a link to a stale socket", want: "a symbolic link is there", prepare: func(t *testing.T, path string) {
			stale(t, path+".stale")
			if err := os.Symlink(path+".stale", path); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a link to nowhere", want: "a symbolic link is there", prepare: func(t *testing.T, path string) {
			if err := os.Symlink("nowhere", path); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "no directory", want: "no such file or directory", prepare: func(t *testing.T, path string) {
			if err := os.Remove(filepath.Dir(path)); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := socketPath(t)
			tt.prepare(t, path)
			before, _ := os.Lstat(path)
			l, err := Listen(path, "")
			if tt.want != "" {
				if err == nil {
					l.Close()
					t.Fatal("it listens")
				}
				if !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrLive) != tt.live {
					t.Errorf("got error %v, want one with %q, live %t", err, tt.want, tt.live)
				}
				if after, _ := os.Lstat(path); before != nil && !os.SameFile(before, after) {
					t.Error("what was there is gone")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(path)
			if err != nil || info.Mode() != fs.ModeSocket|socketMode {
				t.Errorf("got %v with mode %v, want a socket with %v", err, info.Mode(), fs.FileMode(socketMode))
			}
			if got := l.Addr().String(); got != path {
				t.Errorf("got address %q, want %q", got, path)
			}
			connect(t, path)
			if got := names(t, filepath.Dir(path)); len(got) != 1 {
				t.Errorf("got %q in the directory, want the socket alone", got)
			}
			if err := errors.Join(l.Close(), l.Close()); err != nil {
				t.Errorf("closing twice: %v", err)
			}
			if got := names(t, filepath.Dir(path)); len(got) != 0 {
				t.Errorf("closing left %q", got)
			}
		})
	}
}

func TestListenPath(t *testing.T) {
	dir := filepath.Dir(socketPath(t))
	// Of all paths of the greatest length this needs the longest one on the way: the directory's name is nearly all of it.
	long := filepath.Join(dir, strings.Repeat("d", maxPath-len(dir)-3))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want string }{
		{"empty", "", "the path is empty"},
		{"as long as can be", filepath.Join(long, "s"), ""},
		{"a byte longer", filepath.Join(long, "ss"), "108 bytes long, at most 107"},
		{"much longer", filepath.Join(dir, strings.Repeat("s", 4000)), "at most 107"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Listen(tt.path, "")
			if err == nil {
				defer l.Close()
				connect(t, tt.path)
			}
			if got := errorText(err); (tt.want == "") != (err == nil) || !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
		})
	}
}

// A path that begins with @ is a file as any other, not an abstract socket, which everybody may connect to.
func TestListenAt(t *testing.T) {
	t.Chdir(filepath.Dir(socketPath(t)))
	l, err := Listen("@control", "")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Lstat("@control"); err != nil {
		t.Error(err)
	}
	if _, err := Listen("@control", ""); !errors.Is(err, ErrLive) {
		t.Errorf("got error %v, want ErrLive", err)
	}
}

func TestListenGroup(t *testing.T) {
	mine, err := user.LookupGroupId(strconv.Itoa(os.Getegid()))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, group, want string }{
		{"by name", mine.Name, ""},
		{"by number", mine.Gid, ""},
		{"unknown", "no-such-group-here", `finding group "no-such-group-here"`},
		{"negative", "-1", `finding group "-1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := socketPath(t)
			l, err := Listen(path, tt.group)
			if tt.want != "" {
				if got := errorText(err); !strings.Contains(got, tt.want) {
					t.Errorf("got error %q, want %q", got, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := strconv.Itoa(int(info.Sys().(*syscall.Stat_t).Gid)); got != mine.Gid {
				t.Errorf("got group %s, want %s", got, mine.Gid)
			}
		})
	}
}

// Whoever closes late must not remove the socket of a successor.
func TestCloseLeavesSuccessor(t *testing.T) {
	path := socketPath(t)
	first, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	connect(t, path)
}

// Of servers that start at one moment over the same stale socket one has it in the end, and knows.
func TestListenAtOnce(t *testing.T) {
	path := socketPath(t)
	stale(t, path)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []net.Listener
	for range 8 {
		wg.Go(func() {
			l, err := Listen(path, "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, l)
			case !errors.Is(err, ErrLive):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, l := range won {
		defer l.Close()
	}
	if len(won) != 1 {
		t.Errorf("%d have it, want 1", len(won))
	}
	connect(t, path)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// The socket is given to a group when it is made, and by a reload: both understand the same of it.
func TestGroupID(t *testing.T) {
	own, err := user.LookupGroupId(strconv.Itoa(os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, group string
		want        int
		fails       bool
	}{
		{"none", "", -1, false},
		{"a name", own.Name, os.Getgid(), false},
		{"a number", "54321", 54321, false},
		{"a number too large", "4294967296", 0, true},
		{"no group", "no such group", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := GroupID(tt.group); got != tt.want || (err != nil) != tt.fails {
				t.Errorf("got %d and error %v, want %d, an error: %t", got, err, tt.want, tt.fails)
			}
		})
	}
}
