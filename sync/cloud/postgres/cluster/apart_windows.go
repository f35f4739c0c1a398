package cluster

import "os/exec"

// apart does nothing: the cluster is of systems with a shell.
func apart(*exec.Cmd) {}
