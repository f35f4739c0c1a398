package journal

import (
	"os"
	"path/filepath"
	"testing"
)

func TestARestoredJournalHasTheRightsOfANewOne(t *testing.T) {
	// Restored by IT, the journal could be read by the others at the counter and not written: nothing would be sold there.
	s := newShop(t)
	s.redeem(uid(1), 7, 1)
	backup, restored := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "journal.db")
	if _, err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), backup, restored, s.key); err != nil {
		t.Fatal(err)
	}
	made, err := os.Stat(s.path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := os.Stat(restored); err != nil || again.Mode() != made.Mode() {
		t.Errorf("a new journal is %v, a restored one %v (%v)", made.Mode(), again.Mode(), err)
	}
}
