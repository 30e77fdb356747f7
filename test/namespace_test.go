//go:build e2e

package test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// namespace is a set of mounts and a network that only the programs started in it see. It lives as long as its holder, a
// process that waits for the end of its input.
type namespace struct {
	t       testing.TB
	network bool
	holder  string // process id
}

// newNamespace makes one with a loopback interface of its own, or the machine's when network is false, and runs a shell
// script in it, such as one that mounts something.
func newNamespace(t testing.TB, network bool, setup string) *namespace {
	t.Helper()
	args := []string{"--mount"}
	if network {
		args = append(args, "--net")
		setup = need(t, "ip") + " link set lo up && " + setup
	}
	if os.Geteuid() != 0 {
		args = append(args, "--map-root-user")
	}
	cmd := exec.Command(need(t, "unshare"), append(args, "sh", "-c", setup+" && echo $$ && exec cat")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var errout strings.Builder
	cmd.Stderr = &errout
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("making a namespace: %v", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	pid := strings.TrimSpace(line)
	if _, bad := strconv.Atoi(pid); err != nil || bad != nil {
		in.Close()
		cmd.Wait()
		t.Fatalf("making a namespace with %q: it says %q: %s", setup, line, errout.String())
	}
	return &namespace{t, network, pid}
}

// command is the command line that runs a program in the namespace, in a directory.
func (n *namespace) command(dir string, program ...string) []string {
	args := []string{need(n.t, "nsenter"), "--target", n.holder, "--mount"}
	if n.network {
		args = append(args, "--net")
	}
	if os.Geteuid() != 0 {
		args = append(args, "--user", "--preserve-credentials")
	}
	// Entering a mount namespace leads to its root directory.
	return append(append(args, "sh", "-c", `cd "$0" && exec "$@"`, dir), program...)
}

// sh runs a shell script in the namespace and returns what it printed.
func (n *namespace) sh(script string) string {
	n.t.Helper()
	args := n.command("/", "sh", "-c", script)
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("running %q: %v\n%s", script, err, out)
	}
	return string(out)
}

// enter runs f on a thread that is in the namespace's network, so that the sockets f opens are of that network, whoever
// uses them later. In a namespace without a network of its own, or in none, f just runs.
func (n *namespace) enter(f func()) {
	if n == nil || !n.network {
		f()
		return
	}
	runtime.LockOSThread()
	if err := n.run(f); err != nil {
		// The thread stays locked, lest somebody else run in a network that is not his.
		n.t.Errorf("entering a namespace: %v", err)
		return
	}
	// A thread must not end either: programs that it started are killed then (see Pdeathsig).
	runtime.UnlockOSThread()
}

func (n *namespace) run(f func()) error {
	var networks [2]*os.File
	for i, path := range []string{"/proc/thread-self/ns/net", "/proc/" + n.holder + "/ns/net"} {
		ns, err := os.Open(path)
		if err != nil {
			return err
		}
		defer ns.Close()
		networks[i] = ns
	}
	own, other := networks[0], networks[1]
	if err := unix.Setns(int(other.Fd()), unix.CLONE_NEWNET); err != nil {
		return os.NewSyscallError("setns", err)
	}
	f()
	return os.NewSyscallError("setns", unix.Setns(int(own.Fd()), unix.CLONE_NEWNET))
}
