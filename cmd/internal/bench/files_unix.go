//go:build unix

package main

import "syscall"

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
