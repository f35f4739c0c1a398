//go:build !linux && !windows

package station

func prepareFolders(string) error { return nil }

func shareJoinFile(string) error { return nil }
