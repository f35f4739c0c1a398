package station

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Whoever named the list of vouchers, cache.db, in place of the journal would be told that the journal's disk had failed.
func TestAnotherDatabaseIsNoJournal(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cache.db")
	if err := os.WriteFile(file, []byte("SQLite format 3\x00 and pages"), 0o600); err != nil {
		t.Fatal(err)
	}
	if judged := JudgeFile(file, errors.New("the journal could not be brought to the form of this version: no such table: jobs")); !judged.Nothing {
		t.Errorf("it is told as a journal: %v", judged)
	}
}
