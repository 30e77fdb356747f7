package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	limit     = 60 * time.Second // of one command
	polite    = time.Second      // between SIGTERM and SIGKILL at the end of the process
	pipes     = time.Second      // for what holds on to the standard error of a command that has ended
	maxStderr = 4 << 10          // bytes of it that are kept
	directory = "/"              // working directory of commands
)

// environment is what commands get of ours. The rest stays here: an environment is where servers are given their secrets.
func environment(network string) []string {
	env := []string{"EDGEMANAGE_NETWORK=" + network}
	for _, name := range []string{"PATH", "HOME", "LANG", "LC_ALL", "TZ"} {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// run runs a command to its end, which is at the latest after the limit. Of its process group nothing is left then: a
// child that goes on would run beside the next command. What shall outlive it needs a session of its own.
func (h *Hooks) run(argv []string, stdin []byte) (stderr string, err error) {
	var errs opening
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = directory, h.env
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = pipes
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("running %q: %w", argv[0], err)
	}
	group := -cmd.Process.Pid
	ended, wait := h.reap(cmd)
	why := h.watch(group, ended)
	syscall.Kill(group, syscall.SIGKILL)
	err = wait()
	switch {
	case why != "":
		return errs.String(), fmt.Errorf("running %q: %s: %w", argv[0], why, err)
	case err != nil && !errors.Is(err, exec.ErrWaitDelay): // which means that it ended well, and something holds its pipe
		return errs.String(), fmt.Errorf("running %q: %w", argv[0], err)
	}
	return errs.String(), nil
}

// watch returns when the command has ended, with nothing, or when it has to be killed, with why.
func (h *Hooks) watch(group int, ended <-chan struct{}) (why string) {
	select {
	case <-ended:
		return ""
	case <-h.over():
		return fmt.Sprintf("stopped after %v", limit)
	case <-h.ctx.Done():
	}
	syscall.Kill(group, syscall.SIGTERM)
	last := time.NewTimer(polite)
	defer last.Stop()
	select {
	case <-ended:
	case <-last.C:
	}
	return "stopped with this process"
}

// opening keeps the beginning of what is written to it, and takes the rest without complaint: a command must not fail
// because it says much.
type opening struct{ kept []byte }

func (t *opening) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[:min(len(p), maxStderr-len(t.kept))]...)
	return len(p), nil
}

func (t *opening) String() string {
	return string(bytes.ToValidUTF8(bytes.TrimSpace(t.kept), []byte("\ufffd")))
}
