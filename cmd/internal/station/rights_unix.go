//go:build unix

package station

import (
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// openToAll says whether any account of this computer may look into a folder.
func openToAll(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.Mode().Perm()&0o007 != 0
}

// mayWrite says whether this account may write a file. It does not open it: closing one takes SQLite's locks on it away from this process.
func mayWrite(path string) bool { return unix.Access(path, unix.W_OK) != unix.EACCES }

// joinGroup is the command that puts this account into the group that has a folder; "" where that is not known, or is no help.
func joinGroup(folder string) string {
	info, err := os.Stat(folder)
	if err != nil {
		return ""
	}
	owned, known := info.Sys().(*syscall.Stat_t)
	if !known || owned.Gid == 0 || info.Mode().Perm()&0o070 != 0o070 {
		return ""
	}
	group, err := user.LookupGroupId(strconv.FormatUint(uint64(owned.Gid), 10))
	if err != nil {
		return ""
	}
	account, err := user.Current()
	if err != nil {
		return ""
	}
	return "usermod -aG " + group.Name + " " + account.Username
}

// ownAs gives a file to whom another belongs, where root made it: else the people at the counter could not write what root restored.
func ownAs(path, like string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	owned, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return nil
	}
	return os.Lchown(path, int(owned.Uid), int(owned.Gid))
}
