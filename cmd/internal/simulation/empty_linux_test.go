package simulation

import (
	"crypto/ed25519"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"countersign/cmd/internal/station"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal/cache"
	"countersign/terminal/journal"
)

// empties are databases that hold nothing but their newest form, by name. A world begins with them, since all the steps from the first form
// on take as long as a tenth of a life; caches that get lost are made in it. None are fine: each program makes its own.
type empties map[string][]byte

// kept is what migrated made for this process.
var kept empties

// migrated makes them as the programs do, once.
func migrated(t *testing.T) empties {
	t.Helper()
	if kept != nil {
		return kept
	}
	folder := t.TempDir()
	made := empties{sqlite.FileName: nil, station.CacheName: nil, station.JournalName: nil}
	t.Run("empty", func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, 0)
		cloud, err := sqlite.Open(folder)
		if err != nil {
			t.Fatal(err)
		}
		till, err := cache.Open(t.Context(), filepath.Join(folder, station.CacheName), make([]byte, cache.KeyBytes))
		if err != nil {
			t.Fatal(err)
		}
		ofNobody(t, filepath.Join(folder, station.JournalName))
		if err := cloud.Close(); err != nil {
			t.Fatal(err)
		}
		if err := till.Close(); err != nil {
			t.Fatal(err)
		}
		for name := range made {
			if made[name], err = os.ReadFile(filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
		}
	})
	kept = made
	return kept
}

// ofNobody makes a journal that is nobody's yet, as one is whose making was cut off.
func ofNobody(t *testing.T, path string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	record, err := journal.Create(t.Context(), path, journal.Identity{PublicKey: key.Public().(ed25519.PublicKey)}, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM identity"); err != nil {
		t.Fatal(err)
	}
}

// put puts the one of a name into a folder, which it makes.
func (e empties) put(name, folder string) error {
	content, ok := e[name]
	if !ok {
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name), content, 0o600)
}

// joining is the line of a counter that joins: when the cloud has answered, the counter's journal is there, with nothing in it. Where it is
// there before, the folder is one that has joined.
type joining struct {
	*line
	empty  empties
	folder string
}

// RoundTrip implements http.RoundTripper.
func (j *joining) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := j.line.RoundTrip(request)
	if j.empty == nil || err != nil {
		return response, err
	}
	err = j.empty.put(station.JournalName, j.folder)
	j.empty = nil
	return response, err
}
