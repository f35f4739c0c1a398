//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// asService has a process begin in a session of its own, as what runs services does. Linux shares processors out between sessions first where
// nobody says otherwise (sched(7), autogroup), and each process of PostgreSQL is one: a cloud in the session of whom it is measured with
// would have one share for all of that together.
func asService(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// openFiles lets this process have as many of n files and connections open as it may, and says how many that are.
func openFiles(n uint64) (uint64, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= n {
		return n, err
	}
	if limit.Max < n { // root may raise it, but not in every container
		wanted := syscall.Rlimit{Cur: n, Max: n}
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &wanted) == nil {
			return n, nil
		}
	}
	limit.Cur = min(n, limit.Max)
	return limit.Cur, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
