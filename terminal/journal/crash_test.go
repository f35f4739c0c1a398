package journal

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"countersign/terminal"
)

const (
	childPath = "JOURNAL_TEST_PATH" // set: this process is the one that is killed
	childSeed = "JOURNAL_TEST_SEED"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		if err := sellForEver(path, os.Getenv(childSeed)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// sellForEver redeems one voucher after the other and says each uid once Append has returned.
func sellForEver(path, seed string) error {
	raw, err := hex.DecodeString(seed)
	if err != nil {
		return err
	}
	j, err := Open(context.Background(), path, ed25519.NewKeyFromSeed(raw))
	if err != nil {
		return err
	}
	for {
		record, err := j.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
			_, seq, _ := l.Next()
			draft := redemption(l, uid(seq), terminal.VoucherID(1+seq%5), 1)
			risk := terminal.Money{Minor: 100, Currency: "EUR"}
			draft.AtRisk = &risk
			return draft, nil
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Println(record.Entry.UID); err != nil {
			return err
		}
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	// If this fails, an approval that a cashier saw is gone after a crash.
	s := newShop(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	for round := range 12 {
		said := sellUntilKilled(t, s, 1+rand.IntN(60))
		verified, err := Verify(context.Background(), s.path, s.identity().PublicKey)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		reader, err := OpenReader(context.Background(), s.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range said {
			record, err := reader.ByUID(context.Background(), id)
			if err != nil || record.Printed != terminal.JobQueued {
				t.Fatalf("round %d: %s was approved and is %+v, %v", round, id, record, err)
			}
		}
		acknowledged += len(said)
		// At most the one that was on its way when each kill came may be there unsaid.
		if int(verified.Entries) < acknowledged || int(verified.Entries) > acknowledged+round+1 {
			t.Fatalf("round %d: %d entries for %d approvals", round, verified.Entries, acknowledged)
		}
		exposure, err := reader.Exposure(context.Background())
		if err != nil || exposure.Count != int64(verified.Entries) {
			t.Fatalf("round %d: an exposure of %+v, %v", round, exposure, err)
		}
		if err := reader.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// sellUntilKilled returns the uids that the child had said when it was killed, the last of them read from the pipe after its death.
func sellUntilKilled(t *testing.T, s *shop, after int) []terminal.UID {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+s.path, childSeed+"="+hex.EncodeToString(s.key.Seed()))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var said []terminal.UID
	for lines := bufio.NewScanner(out); lines.Scan(); {
		id, err := terminal.ParseUID(lines.Text())
		if err != nil {
			break // the line that the kill cut off
		}
		if said = append(said, id); len(said) == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(said) < after {
		t.Fatalf("the child ended by itself after %d: %v", len(said), err)
	}
	return said
}
