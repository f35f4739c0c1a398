package main_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/journal"
)

// answer is what the text counter says of one scan.
type answer struct {
	Decision string        `json:"decision"`
	Reason   string        `json:"reason"`
	Redeemed bool          `json:"redeemed"`
	UID      *terminal.UID `json:"uid"`
	Voucher  string        `json:"voucher"`
}

const codesInRound = 40

// If a kill could lose an approval, a customer would have the goods and the shop no record; if it could double one, the shop would be
// charged twice. A counter is killed at random moments under a stream of scans, with the line up, cut, and cut in between.
func TestKilledAtAnyMomentTheCounterKeepsWhatItSaid(t *testing.T) {
	rounds := 30
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		rounds = 300
	}
	s := openShop(t, fmt.Sprint(rounds*codesInRound), nil)
	approved := map[terminal.UID]bool{}
	unanswered := "" // the code whose scan was cut off: it is shown again, as a customer would
	for round := range rounds {
		if round%3 == 1 {
			s.link.Cut()
		}
		codes := s.codes[round*codesInRound : (round+1)*codesInRound]
		if unanswered != "" {
			codes = append([]string{unanswered}, codes...)
		}
		answers := s.killedCounter(codes, round%3 == 2)
		if unanswered = ""; len(answers) < len(codes) {
			unanswered = codes[len(answers)]
		}
		s.ctl(0, "journal", "verify")
		s.journalled(answers, approved)
		s.link.Restore()
	}
	if len(approved) < 5*rounds {
		t.Fatalf("only %d approvals in %d rounds: the kills came too early to prove anything", len(approved), rounds)
	}
	s.drain()
	s.eachOnce(approved)
	s.flippedBits()
}

// killedCounter feeds codes to a text counter, kills it after a random while, and returns the answers that were complete by then.
func (s *shop) killedCounter(codes []string, cutMeanwhile bool) []answer {
	s.t.Helper()
	cmd := s.command("counter", "--json")
	in, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(in, strings.Join(codes, "\n")+"\n") // the kill breaks the pipe
	}()
	kill := func(after time.Duration) { time.AfterFunc(rand.N(after), func() { _ = cmd.Process.Kill() }) }
	// Now and then while it starts; else in the middle of its work, a random moment after a random number of answers.
	last := rand.IntN(codesInRound * 3 / 4)
	if last < 4 {
		kill(300 * time.Millisecond)
	}
	var answers []answer
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line that is not complete was not said
		}
		var got answer
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			s.t.Fatalf("the counter said %q: %v", line, err)
		}
		answers = append(answers, got)
		if len(answers) == last && last >= 4 {
			kill(25 * time.Millisecond)
		}
		if cutMeanwhile && len(answers) == 3 {
			s.link.Cut()
		}
	}
	if err := cmd.Wait(); err == nil {
		return answers // it was faster than the kill, and has ended well
	} else if _, killed := err.(*exec.ExitError); !killed {
		s.t.Fatal(err)
	}
	return answers
}

// journalled checks that each approval is in the journal, and notes it.
func (s *shop) journalled(answers []answer, approved map[terminal.UID]bool) {
	s.t.Helper()
	reader, err := journal.OpenReader(s.t.Context(), filepath.Join(s.data, station.JournalName))
	if err != nil {
		s.t.Fatal(err)
	}
	defer reader.Close()
	for _, got := range answers {
		if got.Decision != string(terminal.Approved) {
			continue
		}
		if !got.Redeemed || got.UID == nil || approved[*got.UID] {
			s.t.Fatalf("an approval that is none: %+v", got)
		}
		record, err := reader.ByUID(s.t.Context(), *got.UID)
		if err != nil || record.Entry.Kind != terminal.EntryRedeem {
			s.t.Fatalf("approval %s was printed and is not in the journal: %v", got.UID, err)
		}
		approved[*got.UID] = true
	}
}

// eachOnce checks that the cloud has every approval once, and every voucher at most once.
func (s *shop) eachOnce(approved map[terminal.UID]bool) {
	s.t.Helper()
	out, err := s.cloud.run("redemptions", "--format", "json")
	if err != nil {
		s.t.Fatal(err)
	}
	var known []struct {
		UID     terminal.UID     `json:"uid"`
		Verdict terminal.Verdict `json:"verdict"`
		Lines   []struct {
			Voucher terminal.VoucherID `json:"voucher"`
		} `json:"lines"`
	}
	if err := json.Unmarshal([]byte(out), &known); err != nil {
		s.t.Fatal(err)
	}
	uids, vouchers := map[terminal.UID]int{}, map[terminal.VoucherID]int{}
	for _, redemption := range known {
		uids[redemption.UID]++
		vouchers[redemption.Lines[0].Voucher]++
		if redemption.Verdict != terminal.Accepted {
			s.t.Errorf("%s is %s", redemption.UID, redemption.Verdict)
		}
	}
	for uid := range approved {
		if uids[uid] != 1 {
			s.t.Errorf("approval %s is %d times in the cloud", uid, uids[uid])
		}
	}
	for voucher, times := range vouchers {
		if times != 1 {
			s.t.Errorf("voucher %s was honoured %d times", voucher, times)
		}
	}
	s.t.Logf("%d approvals were printed, %d redemptions are in the cloud", len(approved), len(known))
}

// flippedBits changes one bit of the journal's entries at a time, in a copy, and wants the entry named.
func (s *shop) flippedBits() {
	s.t.Helper()
	source, err := os.ReadFile(filepath.Join(s.data, station.JournalName))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, column := range []string{"bytes", "hash", "signature", "bytes", "bytes", "bytes"} {
		path := filepath.Join(s.t.TempDir(), station.JournalName)
		if err := os.WriteFile(path, source, 0o600); err != nil {
			s.t.Fatal(err)
		}
		seq, bit := flip(s.t, path, column)
		out, code := s.try("journal", "verify", path)
		if code != 1 || !strings.Contains(out, fmt.Sprintf("entry %d ", seq)) {
			s.t.Errorf("bit %d of the %s of entry %d was flipped, and verify says (exit code %d): %s", bit, column, seq, code, out)
		}
	}
}

// flip changes a random bit in a column of a random entry.
func flip(t *testing.T, path, column string) (seq, bit int) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var last int
	if err := db.QueryRow("SELECT max(seq) FROM entries").Scan(&last); err != nil {
		t.Fatal(err)
	}
	seq = 1 + rand.IntN(last)
	var value []byte
	if err := db.QueryRow("SELECT "+column+" FROM entries WHERE seq = ?", seq).Scan(&value); err != nil {
		t.Fatal(err)
	}
	bit = rand.IntN(len(value) * 8)
	value[bit/8] ^= 1 << (bit % 8)
	if _, err := db.Exec("UPDATE entries SET "+column+" = ? WHERE seq = ?", value, seq); err != nil {
		t.Fatal(err)
	}
	return seq, bit
}
