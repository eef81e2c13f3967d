//go:build !linux

package main

import "syscall"

// childAttributes gives a child its own process group, so that Ctrl-C in a terminal reaches only start, which then
// stops the children in order.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
