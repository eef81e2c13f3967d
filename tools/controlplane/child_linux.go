package main

import "syscall"

// childAttributes gives a child its own process group, so that Ctrl-C in a terminal reaches only start, which then
// stops the children in order; and lets the kernel end it if start is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
