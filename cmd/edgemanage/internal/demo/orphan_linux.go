package demo

import "syscall"

// dieWithParent has the kernel kill the child when this process ends, however it does.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }
