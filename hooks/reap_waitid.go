//go:build linux || darwin

package hooks

import (
	"os/exec"
	"syscall"
)

// reap leaves a command that has ended a zombie until its group has been killed: until then its number is that of no other
// process or group, so that whatever is killed by it is ours.
func reap(cmd *exec.Cmd) (<-chan struct{}, func() error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		await(cmd.Process.Pid)
	}()
	return ended, func() error {
		<-ended
		return cmd.Wait()
	}
}

// await returns when a child has ended, and does not wait for it.
func await(pid int) {
	const byPID = 1 // P_PID
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPID, uintptr(pid), 0, syscall.WEXITED|syscall.WNOWAIT, 0, 0)
		if errno != syscall.EINTR {
			return
		}
	}
}
