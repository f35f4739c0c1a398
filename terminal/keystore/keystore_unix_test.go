//go:build unix

package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRightsOfTheFile(t *testing.T) {
	// If this fails, any account on the counter's PC can sign in the terminal's name.
	path, _ := newStore(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("made with %04o: %v", info.Mode().Perm(), err)
	}
	for mode, fine := range map[os.FileMode]bool{0o600: true, 0o640: true, 0o400: true, 0o644: false, 0o660: false, 0o604: false, 0o602: false, 0o777: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path)
		if fine && err != nil {
			t.Errorf("%04o: %v", mode, err)
		}
		if !fine && (!errors.Is(err, ErrRights) || !strings.Contains(err.Error(), "chmod 0600")) {
			t.Errorf("%04o: %v", mode, err)
		}
	}
}

func TestInstalledFolderSharesWithItsGroup(t *testing.T) {
	// If this fails, only the account that joined can run the counter.
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o770|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "keys")
	if _, err := Create(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Fatalf("made with %04o: %v", info.Mode().Perm(), err)
	}
	if _, err := Load(path); err != nil {
		t.Fatal(err)
	}
}
