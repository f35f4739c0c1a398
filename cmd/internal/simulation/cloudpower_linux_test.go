package simulation

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal/journal/powercut"
)

// A cloud that forgets in a power cut what it has said yes to, a claim say, lets another counter have the same voucher, and both are sure.
func TestNothingThatTheCloudPromisedIsLostWithItsPower(t *testing.T) {
	cuts := 200
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		cuts = 2000
	}
	random := rand.New(rand.NewPCG(7, 0))
	base, err := os.MkdirTemp(fast(), "countersign-cloud-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	folder, promised := "", map[string]bool{}
	for cut := range cuts {
		if cut%20 == 0 { // torn ends on top of torn ends, and now and then a new database
			folder, promised = filepath.Join(base, fmt.Sprint("new", cut)), map[string]bool{}
			if err := os.Mkdir(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, sqlite.FileName), migrated(t)[sqlite.FileName], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		remains := filepath.Join(base, fmt.Sprint("after", cut))
		promise(t, random, folder, remains, cut, promised)
		folder = remains
		holds(t, folder, cut, promised)
		if t.Failed() {
			return
		}
	}
}

// promise opens a database, notes what it commits until the power is cut, and leaves what is on the disk then.
func promise(t *testing.T, random *rand.Rand, folder, remains string, cut int, promised map[string]bool) {
	t.Helper()
	disk, err := powercut.Mount(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Unmount()
	storage, err := sqlite.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	disk.CutIn(1 + random.IntN(60))
	for n := 0; err == nil; n++ {
		name := fmt.Sprint("token-", cut, "-", n)
		if err = storage.NewAdminToken(t.Context(), cloud.AdminToken{Name: name, CreatedAt: time.Unix(int64(cut), 0)}, sha256.Sum256([]byte(name))); err == nil {
			promised[name] = true
		}
	}
	_ = storage.Close() // its disk is dark
	if err := os.Mkdir(remains, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := disk.Remains(random, remains); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, folder string, cut int, promised map[string]bool) {
	t.Helper()
	storage, err := sqlite.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer storage.Close()
	tokens, err := storage.AdminTokens(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, token := range tokens {
		there[token.Name] = true
	}
	for name := range promised {
		if !there[name] {
			t.Errorf("cut %d: %s was committed, and is gone", cut, name)
		}
	}
}
