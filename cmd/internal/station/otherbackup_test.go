package station_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"errors"
	"io"
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

func TestAnotherCountersBackupInAnOlderFormIsCalledThat(t *testing.T) {
	// A backup from before the last upgrade would be called damaged or a matter of keys, and IT would look for what is not wrong.
	kept, err := filepath.Glob(filepath.Join("..", "..", "..", "terminal", "journal", "testdata", "form-*.db.gz"))
	if err != nil || len(kept) < 4 {
		t.Fatalf("kept journals: %v, %v", kept, err)
	}
	folder, _ := unpackForm(t, filepath.Join("testdata", "form-14.tar.gz"))
	till := filepath.Join(folder, "till")
	before, err := os.ReadFile(filepath.Join(till, station.JournalName))
	if err != nil {
		t.Fatal(err)
	}
	config := station.Config{Folder: till, Program: "test", NoSocket: true, Settings: &station.Settings{Profile: "generic-80"}}
	for _, form := range kept {
		backup := filepath.Join(t.TempDir(), "backup.db")
		unzip(t, form, backup)
		_, err = station.Restore(t.Context(), config, backup)
		var said *station.OtherBackup
		if !errors.As(err, &said) || said.Backup != "counter-1 (s1)" || said.Here != "counter-1 (quay)" {
			t.Errorf("%s: said is %v", filepath.Base(form), err)
		}
	}
	if after, err := os.ReadFile(filepath.Join(till, station.JournalName)); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the journal was changed: %v", err)
	}
}

// unzip writes what a kept file holds into another.
func unzip(t *testing.T, from, into string) {
	t.Helper()
	packed, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	reader, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err = errors.Join(err, os.WriteFile(into, text, 0o600)); err != nil {
		t.Fatal(err)
	}
}
