//go:build unix

package station

import "golang.org/x/sys/unix"

// freeSpace is what this account may still write in a folder, in bytes.
func freeSpace(folder string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, err
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), nil
}
