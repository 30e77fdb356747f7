//go:build !linux

package demo

import "syscall"

// dieWithParent does nothing where the kernel offers nothing: a kill -9 of this process leaves the child.
func dieWithParent(*syscall.SysProcAttr) {}
