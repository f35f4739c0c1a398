package journal

import (
	"context"
	"errors"
	"testing"

	"countersign/terminal"
)

// wantChanged checks that verify names the slip of a receipt, and that a copy of the journal can be made all the same.
func (s *shop) wantChanged(what string, receipt uint64) {
	s.t.Helper()
	verified, err := Verify(context.Background(), s.path, nil)
	var changed *ChangedSlip
	if !errors.As(err, &changed) || changed.Receipt.Number != receipt || verified.Entries == 0 {
		s.t.Errorf("%s: %d entries, %v", what, verified.Entries, err)
	}
	if errors.Is(err, ErrDamaged) {
		s.t.Errorf("%s: the whole journal is called damaged: %v", what, err)
	}
	if _, err := s.Backup(context.Background(), s.t.TempDir()+"/copy.db"); err != nil {
		s.t.Errorf("%s: no backup: %v", what, err)
	}
}

func TestASlipThatSomebodyChangedIsNotTakenForTheTerminals(t *testing.T) {
	// Somebody who may write the file would have the till print a slip that it never made, under its own name.
	ctx := context.Background()
	for what, query := range map[string]string{
		"other bytes":         "UPDATE jobs SET bytes = CAST('another slip' AS BLOB) WHERE id = 2",
		"one bit":             "UPDATE jobs SET bytes = x'1b40736c6971' WHERE id = 2",
		"another receipt":     "UPDATE jobs SET receipt = 7 WHERE id = 2",
		"not a duplicate":     "UPDATE jobs SET duplicate = 1 WHERE id = 2",
		"more copies":         "UPDATE jobs SET copies = 9 WHERE id = 2",
		"another printer":     "UPDATE jobs SET profile = 'other' WHERE id = 2",
		"another's signature": "UPDATE jobs SET signature = (SELECT signature FROM jobs WHERE id = 1) WHERE id = 2",
		"no signature":        "UPDATE jobs SET signature = x'' WHERE id = 2",
	} {
		s := newShop(t)
		for n := uint64(1); n <= 3; n++ {
			s.redeem(uid(n), 7, 1)
		}
		s.mustVerify(3)
		mustWrite(t, s, query)
		receipt := uint64(2)
		if what == "another receipt" {
			receipt = 7
		}
		s.wantChanged(what, receipt)
		for id := int64(1); id <= 3; id++ {
			if job, err := s.Job(ctx, id); err != nil || job.Altered != (id == 2) {
				t.Errorf("%s: job %d altered %t, %v", what, id, job.Altered, err)
			}
		}
		mustWrite(t, s, "UPDATE jobs SET state = 'abandoned' WHERE id = 1")
		if job, err := s.NextJob(ctx, noon); err != nil || job.ID != 2 || !job.Altered {
			t.Errorf("%s: the printer is given %+v, %v", what, job, err)
		}
	}
}

func TestASlipGoesOnToBeGenuineWhateverBecomesOfIt(t *testing.T) {
	// The till would call its own slips forged once they are printed, kept waiting or released.
	ctx := context.Background()
	s := newShop(t)
	s.redeem(uid(1), 7, 1)
	test, err := s.AddJob(ctx, terminal.PrintJob{Kind: terminal.SlipTest, Bytes: []byte("test page"), Profile: "p", Copies: 1, Hold: true})
	if err != nil || test.Altered {
		t.Fatalf("a test page: %+v, %v", test, err)
	}
	for _, err := range []error{s.ReleaseJob(ctx, test.ID, noon), s.MarkJob(ctx, test.ID, terminal.JobQueued, terminal.JobSending, ""),
		s.MarkJob(ctx, 1, terminal.JobQueued, terminal.JobAbandoned, terminal.DetailCancelled)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.reopen()
	s.mustVerify(1)
	jobs, err := s.Jobs(ctx, terminal.JobAbandoned, terminal.JobSending)
	if err != nil || len(jobs) != 2 || jobs[0].Altered || jobs[1].Altered {
		t.Errorf("%+v, %v", jobs, err)
	}
	mustWrite(t, s, "UPDATE jobs SET bytes = CAST('jest' AS BLOB) WHERE id = 2")
	s.wantChanged("a test page", 0)
}

func TestNothingIsHonouredAfterAnEntryThatTheCloudCanNeverTake(t *testing.T) {
	// A counter that runs on would show green for what never counts, and be paid for none of it.
	ctx := context.Background()
	s := newShop(t)
	s.redeem(uid(1), 7, 1)
	s.redeem(uid(2), 7, 1)
	if err := s.CheckPending(ctx); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, s, "UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE seq = 1")
	err := s.CheckPending(ctx)
	if !errors.Is(err, ErrDamaged) {
		t.Fatalf("an entry that was changed: %v", err)
	}
	if counts, err := s.Counts(ctx); err != nil || counts.Pending != 2 {
		t.Errorf("how much waits is not known any more: %+v, %v", counts, err)
	}
	s.Halt(err)
	_, err = s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) { return redemption(l, uid(3), 7, 1), nil })
	if !errors.Is(err, ErrDamaged) || s.Halted() == nil {
		t.Errorf("it was taken: %v", err)
	}
	if head, err := s.Head(ctx); err != nil || head.Seq != 2 {
		t.Errorf("the head is %+v, %v", head, err)
	}
}
