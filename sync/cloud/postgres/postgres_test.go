package postgres_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"countersign/sync/cloud"
	"countersign/sync/cloud/conformance"
	"countersign/sync/cloud/postgres"
	"countersign/sync/cloud/relational"
)

func open(t *testing.T, url string) *relational.Storage {
	t.Helper()
	s, err := postgres.Open(t.Context(), url)
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

// openPair opens a new database twice.
func openPair(t *testing.T) (a, b cloud.Storage) {
	t.Helper()
	url := newDatabase(t)
	return open(t, url), open(t, url)
}

// A merchant's redemptions would be lost, doubled or miscounted by several processes on one PostgreSQL, when they are in each other's way.
func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, func(t *testing.T) cloud.Storage {
		a, b := openPair(t)
		return pair{a, b, new(atomic.Int64)}
	})
}

// Two processes would honour a voucher twice, or hide a change from the terminals, and nobody would know that they try again.
func TestTogether(t *testing.T) {
	t.Parallel()
	var url string
	conformance.RunTogether(t, func(t *testing.T) (a, b cloud.Storage) {
		url = newDatabase(t)
		return open(t, url), open(t, url)
	})
	refused, all := raised(t, url)
	t.Logf("%d of %d transactions were refused on purpose", refused, all)
	if all < 50 || refused < all/10-2 {
		t.Errorf("%d of %d transactions were refused: every tenth was to be", refused, all)
	}
}

// Entries that a terminal has an answer for would be gone with the process that gave it, or counted twice when it asks again.
func TestProcessKilled(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	storage := open(t, url)
	conformance.RunKilled(t, storage, func(terminal cloud.Terminal, batches []cloud.Push) uint64 {
		return sendAndKill(t, url, terminal, batches)
	})
}

// killAfter is how many answers the process gets before it is killed.
const killAfter = 30

// batchFile is what the other process sends.
type batchFile struct {
	Terminal cloud.Terminal
	Batches  []cloud.Push
}

func sendAndKill(t *testing.T, url string, terminal cloud.Terminal, batches []cloud.Push) (acknowledged uint64) {
	t.Helper()
	raw, err := json.Marshal(batchFile{terminal, batches})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "batches.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), os.Args[0])
	process.Env = append(os.Environ(), sellerVariable+"="+job{url, path}.encode(t))
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 1; lines.Scan(); n++ {
		if _, err := fmt.Sscan(lines.Text(), &acknowledged); err != nil {
			t.Errorf("the other process said %q", lines.Text())
		}
		if n == killAfter {
			if err := process.Process.Kill(); err != nil { // SIGKILL
				t.Fatal(err)
			}
		}
	}
	if err := process.Wait(); err == nil {
		t.Error("the other process was done before it was killed")
	}
	return acknowledged
}

// sell is the other process: it sends batches and says how far it has an answer.
func sell(raw string) error {
	var told job
	if err := json.Unmarshal([]byte(raw), &told); err != nil {
		return err
	}
	content, err := os.ReadFile(told.Batches)
	if err != nil {
		return err
	}
	var file batchFile
	if err := json.Unmarshal(content, &file); err != nil {
		return err
	}
	storage, err := postgres.Open(context.Background(), told.URL)
	if err != nil {
		return err
	}
	defer storage.Close()
	for _, batch := range file.Batches {
		ack, err := storage.ApplyJournal(context.Background(), file.Terminal, batch)
		if err != nil {
			return err
		}
		fmt.Println(ack.Head.Seq)
	}
	return nil
}

// A command beside a running cloud would change the catalogue and no terminal would hear of it until its connection ends.
func TestAnotherProcessIsNoticed(t *testing.T) {
	t.Parallel()
	url := newDatabase(t)
	serving, command := open(t, url), open(t, url)
	merchant := cloud.Catalogue{}
	merchant.Merchant.ID, merchant.Merchant.Currency = "m", "EUR"
	if _, err := command.Apply(t.Context(), merchant); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- serving.Await(ctx, "m", "") }()
	merchant.Merchant.Name = "M"
	if _, err := command.Apply(t.Context(), merchant); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the change of another process was not noticed: %v", err)
	}
}

// IT would look for the cause in the wrong place, or find the password in a log.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for url, said := range map[string]string{
		"postgres://shop:geheim@127.0.0.1:1/x?connect_timeout=5": "does not answer",
		"postgres://shop:geheim@host:port/x":                     "cannot be read",
		address("nowhere"):                                       "nowhere",
	} {
		_, err := postgres.Open(t.Context(), url)
		if err == nil || !strings.Contains(err.Error(), said) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q should be in: %v", said, err)
		}
	}
	latin := newDatabase(t)
	execute(t, latin, "ALTER DATABASE "+latin[len("postgres:///"):strings.Index(latin, "?")]+" SET synchronous_commit = off")
	if _, err := postgres.Open(t.Context(), latin); err == nil || !strings.Contains(err.Error(), "synchronous_commit") {
		t.Errorf("a database that forgets was taken: %v", err)
	}
}
