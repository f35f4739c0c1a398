package main

// openFiles lets this process have so many files and connections open: Windows sets no limit.
func openFiles(n uint64) (uint64, error) { return n, nil }
