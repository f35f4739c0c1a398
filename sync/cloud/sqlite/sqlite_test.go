package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/conformance"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
)

func open(t *testing.T, dir string) *relational.Storage {
	t.Helper()
	s, err := sqlite.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// A merchant's redemptions would be lost, doubled or miscounted by the database that every small shop uses.
func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(t *testing.T) cloud.Storage { return open(t, t.TempDir()) })
}

// A command beside a running cloud would change the catalogue and no terminal would hear of it until the next restart.
func TestAnotherProcessIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serving, command := open(t, dir), open(t, dir)
	merchant := terminal.Merchant{ID: "m", Name: "M", Currency: "EUR"}
	if _, err := command.Apply(t.Context(), cloud.Catalogue{Merchant: merchant, Stores: []terminal.Store{{ID: "s", Name: "S"}}}); err != nil {
		t.Fatal(err)
	}
	place, err := serving.Feed(t.Context(), cloud.Terminal{Merchant: "m", Store: "s"}, "", 10)
	if err == nil {
		t.Fatalf("a terminal that is not enrolled was fed %+v", place)
	}
	campaign := terminal.Campaign{ID: "c", Kind: terminal.KindProduct, Name: terminal.Text{"en": "C"}, Currency: "EUR"}
	catalogue := cloud.Catalogue{Merchant: merchant, Campaigns: []terminal.Campaign{campaign}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := serving.Await(ctx, "m", ""); err == nil {
		if _, err := command.Apply(t.Context(), catalogue); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := command.Pause(t.Context(), "m", "c", nil, true); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	cursor := cursorAtEnd(t, serving)
	go func() { ended <- serving.Await(ctx, "m", cursor) }()
	if _, err := command.Pause(t.Context(), "m", "c", nil, false); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the change of another process was not noticed: %v", err)
	}
}

// cursorAtEnd enrols a terminal and returns the cursor of its newest page.
func cursorAtEnd(t *testing.T, s *relational.Storage) string {
	t.Helper()
	hash := cloud.SecretHash("secret")
	now := time.Now()
	if err := s.Invite(t.Context(), []cloud.Invitation{{Merchant: "m", Store: "s", SecretHash: hash, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	terminal, err := s.Enrol(t.Context(), cloud.Enrolment{SecretHash: hash, Key: make([]byte, 32), SealKey: make([]byte, 32), At: now})
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Feed(t.Context(), terminal, "", 2000)
	if err != nil || !page.AtEnd {
		t.Fatal(page, err)
	}
	return page.Cursor
}

// Whoever can read the machine's files would hold the root key of every terminal.
func TestFileIsClosedToOthers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	open(t, dir)
	info, err := os.Stat(filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("the database can be read by others: %v", mode)
	}
}

// The cloud's answer would be signed by another key after each restart, and no terminal would believe it.
func TestReopening(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	keys, err := first.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := open(t, dir).Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !keys.Root.Equal(again.Root) || keys.Feed.ID != again.Feed.ID {
		t.Error("the keys changed")
	}
}

// Two processes on one file, such as serve and a command beside it, would honour a voucher twice or hide a change from the terminals.
func TestTogether(t *testing.T) {
	t.Parallel()
	conformance.RunTogether(t, func(t *testing.T) (a, b cloud.Storage) {
		dir := t.TempDir()
		return open(t, dir), open(t, dir)
	})
}
