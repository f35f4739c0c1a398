//go:build unix

package station_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"countersign/cmd/internal/station"
)

func TestARestoredJournalBelongsToWhomItBelonged(t *testing.T) {
	// IT restores as root, and the counter could not write its own journal any more.
	for _, gone := range []bool{false, true} {
		folder, _ := unpackForm(t, filepath.Join("testdata", "form-14.tar.gz"))
		till := filepath.Join(folder, "till")
		path, backup := filepath.Join(till, station.JournalName), filepath.Join(folder, "backup.db")
		raw, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(backup, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 { // nobody else can restore for others
			for _, name := range []string{station.JournalName, station.KeysName} {
				if err := os.Chown(filepath.Join(till, name), 65534, 65534); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := owner(t, path)
		if gone {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, []byte("not a database, and long enough to be taken for none of one hundred bytes or more, which is what SQLite looks at first"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		config := station.Config{Folder: till, Program: "test", NoSocket: true, Settings: &station.Settings{Profile: "generic-80"}}
		if _, err := station.Restore(t.Context(), config, backup); err != nil {
			t.Fatal(err)
		}
		if after := owner(t, path); after != before {
			t.Errorf("gone %t: it belonged to %v, and now to %v", gone, before, after)
		}
	}
}

func owner(t *testing.T, path string) [2]uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	owned := info.Sys().(*syscall.Stat_t)
	return [2]uint32{owned.Uid, owned.Gid}
}
