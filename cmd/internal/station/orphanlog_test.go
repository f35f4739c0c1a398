package station_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"countersign/cmd/internal/station"
)

// What was honoured last lies in the log beside the journal. Were it taken for a left-over when the journal itself is put aside or emptied, a
// look at the terminal, or the restoring of a backup, would destroy the only record of it.
func TestTheLogOfALostJournalIsKept(t *testing.T) {
	for state, lose := range map[string]func(path string) error{
		"put aside": func(path string) error { return os.Rename(path, path+".damaged-by-night") },
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(state, func(t *testing.T) {
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
			log := logOf(t, path)
			if err := lose(path); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+"-wal", log, 0o600); err != nil {
				t.Fatal(err)
			}
			kept := func(what, path string) {
				t.Helper()
				if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, log) {
					t.Fatalf("after %s the log is not what it was: %d bytes of %d, %v", what, len(now), len(log), err)
				}
			}
			config := station.Config{Folder: till, Program: "test", NoSocket: true, Settings: &station.Settings{Profile: "generic-80"}}
			if r, err := station.OpenReader(t.Context(), config); err == nil {
				t.Error("a terminal without its journal is read", r.Close())
			}
			kept("a look", path+"-wal")
			if s, err := station.Open(t.Context(), config); err == nil {
				t.Error("a terminal without its journal is at work", s.Close())
			}
			kept("a start", path+"-wal")
			done, err := station.Restore(t.Context(), config, backup)
			if err != nil || done.Aside == "" {
				t.Fatalf("restored: %+v, %v", done, err)
			}
			kept("the restoring of a backup", done.Aside+"-wal")
		})
	}
}

// logOf is the log that a journal has while something in it is not in the file yet.
func logOf(t *testing.T, path string) []byte {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE honoured (at INTEGER)"); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(path + "-wal")
	if err != nil || len(log) == 0 {
		t.Fatalf("there is no log: %v", err)
	}
	return log
}
