//go:build unix

package station

import "os"

// openToAll says whether any account of this computer may look into a folder.
func openToAll(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.Mode().Perm()&0o007 != 0
}
