//go:build unix

package keystore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// seal and unseal leave the file in clear: a login keyring is per session, and the counter may run under any account of its group. What
// guards it are its rights and an encrypted disk.
func seal(raw []byte) ([]byte, error) { return raw, nil }

func unseal(sealed []byte) ([]byte, error) { return sealed, nil }

// checkRights refuses a file that others can read or write, or that its group can write.
func checkRights(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // reading it says what is wrong
	}
	if mode := info.Mode().Perm(); mode&0o027 != 0 {
		return fmt.Errorf("%w: %04o lets others at it; run chmod 0600 %s, and join anew if somebody may have copied it", ErrRights, mode, path)
	}
	return nil
}

// shareRights lets the group read the file where the folder hands its group on (setgid), as an installed terminal's does.
func shareRights(file *os.File, folder string) error {
	info, err := os.Stat(folder)
	if err != nil || info.Mode()&os.ModeSetgid == 0 {
		return err
	}
	return file.Chmod(0o640)
}

// place gives a finished file its name, unless there is one of that name.
func place(from, to string) error {
	if err := os.Link(from, to); errors.Is(err, os.ErrExist) {
		return ErrExists
	} else if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
