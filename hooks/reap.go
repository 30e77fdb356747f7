package hooks

import "os/exec"

// reaper waits for a command: ended is closed when it has ended, wait returns how once its group has been killed.
type reaper func(cmd *exec.Cmd) (ended <-chan struct{}, wait func() error)

// reapAtOnce works on every Unix: the command is waited for as it ends. Then nothing but what is left of its group keeps the
// number of the group from being another's.
func reapAtOnce(cmd *exec.Cmd) (<-chan struct{}, func() error) {
	ended := make(chan struct{})
	var err error
	go func() {
		defer close(ended)
		err = cmd.Wait()
	}()
	return ended, func() error {
		<-ended
		return err
	}
}
