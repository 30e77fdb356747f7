//go:build !linux && !darwin

package hooks

import "os/exec"

// reap is what there is where package syscall has no waitid.
func reap(cmd *exec.Cmd) (<-chan struct{}, func() error) { return reapAtOnce(cmd) }
