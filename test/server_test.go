//go:build e2e

package test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// server is a CoreDNS process. It can be killed and started again; its log goes on in one file.
type server struct {
	t        testing.TB
	path     string // of the program
	dir      string
	addr     string // where it answers, UDP and TCP
	corefile string // path
	env      []string
	in       *namespace // nil: the machine's own
	prefix   []string   // a command line that runs the program, such as one that limits it

	cmd     *exec.Cmd
	started time.Time
	exited  chan struct{} // closed when the process has ended
}

// newServer writes a Corefile into the directory, whose blocks have no port, and does not start the server yet.
func newServer(t testing.TB, dir, corefile string) *server {
	t.Helper()
	s := &server{t: t, path: corednsPath, dir: dir, addr: net.JoinHostPort("127.0.0.1", freePort(t)), corefile: filepath.Join(dir, "Corefile")}
	s.configure(corefile)
	t.Cleanup(s.finish)
	return s
}

// startServer starts a server and waits until it answers anything.
func startServer(t testing.TB, dir, corefile string) *server {
	t.Helper()
	s := newServer(t, dir, corefile)
	s.start()
	s.awaitAnswers()
	return s
}

// configure replaces the Corefile.
func (s *server) configure(corefile string) {
	s.t.Helper()
	aside := s.corefile + ".new"
	if err := os.WriteFile(aside, []byte(corefile), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(aside, s.corefile); err != nil {
		s.t.Fatal(err)
	}
}

// start starts the process. The kernel kills it should the test die.
func (s *server) start() {
	s.t.Helper()
	out, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer out.Close()
	_, port, _ := net.SplitHostPort(s.addr)
	args := append(slices.Clone(s.prefix), s.path, "-conf", s.corefile, "-dns.port", port)
	if s.in != nil {
		args = s.in.command(s.dir, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, out, out
	cmd.Env = append(os.Environ(), s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.started = time.Now()
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting %s: %v", s.path, err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	go func() {
		cmd.Wait()
		close(exited)
	}()
}

// awaitAnswers waits until the server answers at all.
func (s *server) awaitAnswers() {
	s.t.Helper()
	eventually(s.t, patience, "the server to answer", func() bool {
		if !s.running() {
			s.t.Fatalf("the server ended: %v\n%s", s.cmd.ProcessState, s.log())
		}
		_, err := s.exchange("version.bind.", dns.TypeTXT, time.Second)
		return err == nil
	})
}

func (s *server) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("sending %s: %v", sig, err)
	}
}

// kill ends the process as a crash does.
func (s *server) kill() {
	s.t.Helper()
	s.signal(syscall.SIGKILL)
	<-s.exited
}

// stop ends the process in good order and checks that it was.
func (s *server) stop() {
	s.t.Helper()
	s.signal(syscall.SIGTERM)
	eventually(s.t, patience, "the server to end", func() bool { return !s.running() })
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("the server ended with %v\n%s", s.cmd.ProcessState, s.tail())
	}
}

// trouble is what no log may hold, whatever is done to the server: races that the detector saw, and panics.
var trouble = regexp.MustCompile(`DATA RACE|(?i)panic|fatal error`)

// finish ends the process if the test left it running, and looks through its log.
func (s *server) finish() {
	s.t.Helper()
	if s.running() {
		s.stop()
	}
	if found := trouble.FindString(s.log()); found != "" {
		s.t.Errorf("the server's log holds %q:\n%s", found, s.log())
	} else if s.t.Failed() {
		s.t.Logf("the end of the server's log:\n%s", s.tail())
	}
}

func (s *server) logPath() string { return filepath.Join(s.dir, "coredns.log") }

// log is what the server has written so far, over all starts.
func (s *server) log() string {
	b, err := os.ReadFile(s.logPath())
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return string(b)
}

func (s *server) tail() string {
	b := []byte(s.log())
	for lines := 40; lines > 0 && len(b) > 0; lines-- {
		i := bytes.LastIndexByte(b[:len(b)-1], '\n')
		if i < 0 {
			return s.log()
		}
		b = b[:i+1]
	}
	return s.log()[len(b):]
}

// lines returns those of the log that hold all of the words.
func (s *server) lines(words ...string) (found []string) {
	for line := range strings.Lines(s.log()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// awaitLine waits for a line that holds all of the words.
func (s *server) awaitLine(words ...string) {
	s.t.Helper()
	sees(s.t, patience, "a log line with "+strings.Join(words, ", "), func() int { return len(s.lines(words...)) }, func(n int) bool { return n > 0 })
}
