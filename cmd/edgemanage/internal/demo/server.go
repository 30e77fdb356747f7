package demo

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// patience is how long the server may take to end before it is killed.
const patience = 5 * time.Second

// server is the CoreDNS that runs as a child.
type server struct {
	cmd      *exec.Cmd
	log      *serverLog
	patience time.Duration
	done     chan struct{} // closed when it has ended
	err      error         // how; to be read after done
}

// startServer starts CoreDNS with the Corefile in dir. What it logs goes to coredns.log there, errors to out as well.
func startServer(program, dir string, out io.Writer) (*server, error) {
	log, err := newServerLog(filepath.Join(dir, "coredns.log"), out)
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(program, "-conf", "Corefile"), log: log, patience: patience, done: make(chan struct{})}
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = log, log
	// A group of its own: Ctrl-C is for us, who end the server when the narrator has stopped asking it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(s.cmd.SysProcAttr)
	started := make(chan error)
	go func() {
		defer close(s.done)
		// The kernel takes the death of the thread that started the child for that of the parent.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.err = s.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("starting %q: %w", program, err), log.close())
	}
	return s, nil
}

// stop ends the server, waits for it and closes its log. The server may have ended by itself before.
func (s *server) stop() error {
	s.cmd.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case <-s.done:
	case <-timer.C:
		s.cmd.Process.Kill()
		<-s.done
	}
	return s.log.close()
}

// died says how the server ended when nobody asked it to.
func (s *server) died() error {
	how := "exit status 0"
	if s.err != nil {
		how = s.err.Error()
	}
	return fmt.Errorf("running %q: it ended with %s; its last words:\n%s", s.cmd.Path, how, s.log.lastWords())
}
