package station_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"countersign/cmd/internal/station"
	"countersign/terminal/journal"
)

func TestAnotherCountersBackupIsCalledThat(t *testing.T) {
	// With four hundred counters the wrong file is the likeliest slip, and IT was sent to exchange the keys of a terminal for it.
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup.db")
	other, err := journal.Create(t.Context(), backup, journal.Identity{Merchant: "m", Store: "quay", Terminal: "counter-99", Currency: "EUR",
		PublicKey: public, RootKey: make([]byte, 32)}, private)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"whole", "damaged", "gone"} {
		folder, _ := unpackForm(t, filepath.Join("testdata", "form-14.tar.gz"))
		till := filepath.Join(folder, "till")
		path := filepath.Join(till, station.JournalName)
		own, err := journal.IdentityOf(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		switch state {
		case "damaged":
			err = os.WriteFile(path, bytes.Repeat([]byte("no database "), 100), 0o600)
		case "gone":
			err = os.Remove(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		config := station.Config{Folder: till, Program: "test", NoSocket: true, Settings: &station.Settings{Profile: "generic-80"}}
		_, err = station.Restore(t.Context(), config, backup)
		var said *station.OtherBackup
		if !errors.As(err, &said) || said.Backup != "counter-99" || said.Here != own.Terminal {
			t.Errorf("%s: said is %v, and here is %s", state, err, own.Terminal)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
			t.Errorf("%s: the journal was changed", state)
		}
	}
}
