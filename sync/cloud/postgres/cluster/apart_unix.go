//go:build unix

package cluster

import (
	"os/exec"
	"syscall"
)

// apart keeps from a process what a terminal says to all of its own: the cluster ends with its standard input. Of a terminal that is closed
// PostgreSQL would only read its settings again, and nobody be left to end it.
func apart(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
