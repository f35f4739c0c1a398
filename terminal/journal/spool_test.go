package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"countersign/terminal"
)

func TestSpoolMoves(t *testing.T) {
	// If this fails, a slip comes out twice without DUPLICATE, or is lost and nobody is told.
	s := newShop(t)
	ctx := context.Background()
	states := []terminal.JobState{terminal.JobQueued, terminal.JobSending, terminal.JobSent, terminal.JobPrinted,
		terminal.JobUnconfirmed, terminal.JobFailed, terminal.JobAbandoned}
	mayFollow := "queued>sending queued>failed queued>abandoned sending>sent sending>printed sending>unconfirmed sending>failed " +
		"sending>abandoned sending>queued sent>sent sent>printed sent>unconfirmed sent>failed sent>abandoned unconfirmed>printed " +
		"unconfirmed>abandoned failed>abandoned "
	s.redeem(uid(1), 7, 1)
	for _, from := range states {
		for _, to := range states {
			mustWrite(t, s, "UPDATE jobs SET state = ?", string(from))
			err := s.MarkJob(ctx, 1, from, to, "why")
			job, readErr := s.Job(ctx, 1)
			if readErr != nil {
				t.Fatal(readErr)
			}
			name := fmt.Sprintf("%s>%s", from, to)
			if may := contains(mayFollow, name); may && (err != nil || job.State != to || job.Detail != "why") {
				t.Errorf("%s: %v, and the job is %s", name, err, job.State)
			} else if !may && (!errors.Is(err, ErrDraft) || job.State != from) {
				t.Errorf("%s: %v, and the job is %s", name, err, job.State)
			}
		}
	}
	mustWrite(t, s, "UPDATE jobs SET state = 'abandoned', detail = ''")
	if err := s.MarkJob(ctx, 1, terminal.JobQueued, terminal.JobSending, ""); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("a job that staff abandoned meanwhile is sent: %v", err)
	}
}

func contains(list, word string) bool {
	for one := ""; len(list) > 0; {
		if _, err := fmt.Sscan(list, &one); err != nil {
			return false
		}
		if one == word {
			return true
		}
		list = list[len(one)+1:]
	}
	return false
}

func mustWrite(t *testing.T, s *shop, query string, args ...any) {
	t.Helper()
	if err := s.setOne(context.Background(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestNextJob(t *testing.T) {
	// If this fails, slips come out in the wrong order, or an hour-old slip comes out into a customer's hand.
	s := newShop(t)
	ctx := context.Background()
	for n := uint64(1); n <= 3; n++ {
		_, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(n), 7, 1)
			draft.Entry.Wall = noon.Add(time.Duration(n) * time.Minute)
			draft.Job.Hold = n == 2
			return draft, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	next := func(since time.Time) int64 {
		t.Helper()
		job, err := s.NextJob(ctx, since)
		if err != nil && !errors.Is(err, terminal.ErrUnknown) {
			t.Fatal(err)
		}
		return job.ID
	}
	if got := next(noon); got != 1 {
		t.Errorf("first comes job %d", got)
	}
	if got := next(noon.Add(90 * time.Second)); got != 3 {
		t.Errorf("after an old one and one on hold comes job %d", got)
	}
	if got := next(noon.Add(time.Hour)); got != 0 {
		t.Errorf("of nothing but old ones, job %d comes", got)
	}
	for _, id := range []int64{1, 2} {
		if err := s.ReleaseJob(ctx, id, noon.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := next(noon.Add(time.Hour)); got != id {
			t.Errorf("staff released %d, and job %d comes", id, got)
		}
		if err := s.MarkJob(ctx, id, terminal.JobQueued, terminal.JobSending, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.ReleaseJob(ctx, id, noon); !errors.Is(err, terminal.ErrUnknown) {
			t.Errorf("a job on its way is released: %v", err)
		}
	}
}

func TestRecoverJobs(t *testing.T) {
	// If this fails, a slip that was on its way when the program died is sent again, or forgotten.
	s := newShop(t)
	ctx := context.Background()
	for n := uint64(1); n <= 4; n++ {
		s.redeem(uid(n), 7, 1)
	}
	mustWrite(t, s, "UPDATE jobs SET state = 'sending' WHERE id = 1")
	mustWrite(t, s, "UPDATE jobs SET state = 'sent' WHERE id = 2")
	mustWrite(t, s, "UPDATE jobs SET state = 'sent', detail = ? WHERE id = 3", terminal.DetailNoWord)
	s.reopen()
	for _, want := range []int64{2, 0} {
		if recovered, err := s.RecoverJobs(ctx); err != nil || recovered != want {
			t.Fatalf("%d recovered, want %d: %v", recovered, want, err)
		}
	}
	for id, want := range []string{1: "unconfirmed restart", 2: "unconfirmed restart", 3: "sent no_word", 4: "queued "} {
		if id == 0 {
			continue
		}
		job, err := s.Job(ctx, int64(id))
		if got := string(job.State) + " " + job.Detail; err != nil || got != want {
			t.Errorf("job %d is %s, want %s: %v", id, got, want, err)
		}
	}
	if jobs, err := s.Jobs(ctx, terminal.JobQueued, terminal.JobUnconfirmed); err != nil || len(jobs) != 3 || jobs[0].ID != 1 || jobs[2].ID != 4 {
		t.Errorf("jobs %v, %v", jobs, err)
	}
}

func TestReprintIsADuplicate(t *testing.T) {
	// If this fails, two slips of one redemption look the same, and the second is claimed as another.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1)
	for n := 1; n <= 2; n++ {
		_, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			if before, err := l.Reprints(uid(1)); err != nil || before != n-1 {
				t.Errorf("%d reprints before number %d: %v", before, n, err)
			}
			epoch, seq, _ := l.Next()
			return terminal.Draft{Entry: terminal.Entry{Epoch: epoch, Seq: seq, UID: uid(uint64(10 + n)), Kind: terminal.EntryReprint,
				About: uid(1), Wall: noon}, Job: &terminal.PrintJob{Kind: terminal.SlipRedemption, Bytes: []byte("DUPLICATE"), Copies: 1}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := s.JobsOf(ctx, uid(1))
	if err != nil || len(jobs) != 3 {
		t.Fatalf("%d jobs: %v", len(jobs), err)
	}
	for n, job := range jobs {
		if job.Duplicate != n || job.UID != uid(1) || job.Receipt.String() != "1-000001" || job.State != terminal.JobQueued {
			t.Errorf("job %d is %+v", n, job)
		}
	}
	if string(jobs[0].Bytes) != "\x1b@slip" || string(jobs[2].Bytes) != "DUPLICATE" || jobs[0].Profile != "generic-80" {
		t.Errorf("the bytes of the slips changed")
	}
	if err := s.MarkJob(ctx, jobs[2].ID, terminal.JobQueued, terminal.JobSending, ""); err != nil {
		t.Fatal(err)
	}
	if record, err := s.ByUID(ctx, uid(1)); err != nil || record.Printed != terminal.JobSending {
		t.Errorf("the record says %q of its newest slip: %v", record.Printed, err)
	}
	test, err := s.AddJob(ctx, terminal.PrintJob{Kind: terminal.SlipTest, Bytes: []byte("test"), Copies: 1})
	if err != nil || !test.UID.IsZero() || test.ID != 4 || test.State != terminal.JobQueued {
		t.Errorf("a test page is %+v: %v", test, err)
	}
	about, err := s.About(ctx, uid(1))
	if err != nil || len(about) != 2 {
		t.Errorf("%d entries about the first: %v", len(about), err)
	}
	s.mustVerify(3)
}
