//go:build unix

package station

import (
	"os"

	"golang.org/x/sys/unix"
)

// openToAll says whether any account of this computer may look into a folder.
func openToAll(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.Mode().Perm()&0o007 != 0
}

// mayWrite says whether this account may write a file. It does not open it: closing one takes SQLite's locks on it away from this process.
func mayWrite(path string) bool { return unix.Access(path, unix.W_OK) != unix.EACCES }
