package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ErrLive is wrapped by the error of Listen for a socket that somebody answers on.
var ErrLive = errors.New("another process is listening on it")

// maxPath is the longest path of a socket in bytes: the kernel keeps 108 with the zero at its end (unix(7)).
const maxPath = 107

// socketMode lets the owner and the group in. Whoever may write to the socket may change the network.
const socketMode = 0o660

// answerTime is how long an existing socket has to answer. A unix socket that is listened on answers at once.
const answerTime = time.Second

// Listen makes the control socket at path and gives it to group, a name or a number, unless that is empty. It is made in
// a directory of its own that nobody else can enter and renamed into place when mode and group are right, so there is no
// moment at which others can connect. A socket that a killed process left is replaced; with one that is answered the error
// wraps ErrLive; anything else at path is left alone. Closing the listener removes the socket if it is still this one.
func Listen(path, group string) (net.Listener, error) {
	l, err := listen(path, group)
	if err != nil {
		return nil, fmt.Errorf("making control socket %q: %w", path, err)
	}
	return l, nil
}

func listen(path, group string) (net.Listener, error) {
	if path == "" {
		return nil, errors.New("the path is empty")
	}
	if len(path) > maxPath {
		return nil, fmt.Errorf("the path is %d bytes long, at most %d are possible", len(path), maxPath)
	}
	gid, err := GroupID(group)
	if err != nil {
		return nil, err
	}
	parent := filepath.Dir(path)
	unlock := lockDir(parent) // two servers that start at one moment must not both find nobody there
	defer unlock()
	if err := vacant(path); err != nil {
		return nil, err
	}
	sweep(parent)
	dir, err := os.MkdirTemp(parent, workPrefix)
	if err != nil {
		return nil, err
	}
	defer os.Remove(dir) // sweep has it if this fails
	return place(filepath.Join(dir, workSocket), path, gid)
}

// place makes a socket at work and moves it to path.
func place(work, path string, gid int) (_ net.Listener, err error) {
	l, err := bind(work)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.Close()
			os.Remove(work)
		}
	}()
	if err := os.Chmod(work, socketMode); err != nil {
		return nil, err
	}
	if gid >= 0 {
		if err := os.Lchown(work, -1, gid); err != nil {
			return nil, err
		}
	}
	info, err := os.Lstat(work)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(work, path); err != nil {
		return nil, err
	}
	s := &socket{UnixListener: l, path: path, info: info}
	s.close = sync.OnceValue(s.remove)
	return s, nil
}

// bind listens at work. A path that only the directory's name makes too long is reached through the directory itself.
func bind(work string) (*net.UnixListener, error) {
	name := local(work)
	if len(name) > maxPath {
		dir, err := os.Open(filepath.Dir(work))
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		name = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(work))
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // it moves
	return l, nil
}

// local keeps a path that begins with @ from meaning an abstract socket, which has neither mode nor owner.
func local(path string) string {
	if path != "" && path[0] == '@' {
		return "./" + path
	}
	return path
}

// vacant says whether a socket may be put at path: nothing is there, or a socket that nobody listens on any more.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there, which is left alone", kind(info.Mode()))
	}
	c, err := net.DialTimeout("unix", local(path), answerTime)
	switch {
	case err == nil:
		c.Close()
		return ErrLive
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w, and has more connections waiting than it takes", ErrLive)
	}
	return fmt.Errorf("finding whether the socket there is in use: %w", err)
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "a file"
	case m.IsDir():
		return "a directory"
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "something else than a socket"
}

// GroupID returns the number of a group given by name or number, and -1 for none: chown(2) leaves the group as it is then.
func GroupID(group string) (int, error) {
	if group == "" {
		return -1, nil
	}
	g, err := user.LookupGroup(group)
	if err == nil {
		return strconv.Atoi(g.Gid)
	}
	if id, numeric := strconv.ParseUint(group, 10, 31); numeric == nil {
		return int(id), nil
	}
	return 0, fmt.Errorf("finding group %q: %w", group, err)
}

// socket is a listener that removes its file when it is closed.
type socket struct {
	*net.UnixListener
	path  string
	info  fs.FileInfo // which file is ours: dev and inode
	close func() error
}

// Addr is the path at which clients find the socket.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

// Close stops listening and removes the socket; it may be called again.
func (s *socket) Close() error { return s.close() }

// remove looks before the listener is closed: as long as that is open no other file can have its inode, and no successor
// takes the path.
func (s *socket) remove() error {
	var err error
	if info, statErr := os.Lstat(s.path); statErr == nil && os.SameFile(info, s.info) {
		err = os.Remove(s.path)
	}
	return errors.Join(err, s.UnixListener.Close())
}
