package simulation

import (
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"countersign/cmd/internal/station"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal/cache"
)

// empties are databases that hold nothing but their newest form, by name. A world begins with them, since all the steps from the first form
// on take as long as a tenth of a life; journals, and caches that get lost, are made in it. None are fine: each program makes its own.
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
	made := empties{sqlite.FileName: nil, station.CacheName: nil}
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
