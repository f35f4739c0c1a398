package station

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
)

// The whole journal is verified once the morning's rush of a start is over, and then once a day: it reads every entry.
const (
	verifyAfter = time.Minute
	verifyEvery = 24 * time.Hour
)

// recentEntries is how many entries that the cloud has are checked at every start, also of a single command.
const recentEntries = 200

// checkRecent has a terminal whose newest entries do not verify honour nothing alone.
func (s *Station) checkRecent(ctx context.Context) error {
	err := s.Journal.CheckRecent(ctx, recentEntries)
	if !errors.Is(err, journal.ErrDamaged) {
		return err
	}
	s.Log.Error("the journal does not verify: nothing is honoured here without the cloud's yes", "error", err.Error())
	return s.Journal.Bar(ctx, func(b *journal.Barred) { b.Damaged = true })
}

// checkPending has a terminal honour nothing at all after an entry that does not verify and that the cloud does not have: neither it nor
// what follows it would ever count, whatever the cloud says to each.
func (s *Station) checkPending(ctx context.Context) error {
	err := s.Journal.CheckPending(ctx)
	if !errors.Is(err, journal.ErrDamaged) {
		return err
	}
	if s.Journal.Halted() == nil {
		s.Log.Error("an entry that the cloud does not have does not verify: nothing is honoured here", "error", err.Error())
	}
	s.Journal.Halt(err)
	s.notify()
	return s.Journal.Bar(ctx, func(b *journal.Barred) { b.Damaged = true })
}

// watchJournal verifies the journal now and then, for as long as the program runs.
func (s *Station) watchJournal(ctx context.Context) {
	next := time.NewTimer(verifyAfter)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			s.verifyJournal(ctx)
			next.Reset(verifyEvery)
		}
	}
}

// verifyJournal has a terminal whose journal does not verify honour nothing alone, until it does again: what it knows of its own past may
// be wrong. What the cloud does not have yet was checked when the journal was opened too, and is here again.
func (s *Station) verifyJournal(ctx context.Context) {
	_, err := journal.Verify(ctx, filepath.Join(s.folder, JournalName), s.Journal.Identity().PublicKey)
	if ctx.Err() != nil {
		return
	}
	if onlySlips(err) {
		s.Log.Error("a slip in the journal is not what the terminal made", "error", err.Error())
		err = nil
	}
	var bad *entry.BadEntry
	damaged := errors.Is(err, journal.ErrDamaged) || errors.As(err, &bad)
	if err != nil && !damaged {
		s.Log.Error("the journal could not be verified", "error", err.Error())
		return
	}
	if err := s.checkPending(ctx); err != nil {
		s.Log.Error("the journal could not be verified", "error", err.Error())
	}
	if bad != nil {
		// An entry that is gone is the cloud's to judge: it says so with the next push, and a manager can settle it there.
		if _, err := s.Journal.HashAt(ctx, bad.Seq); errors.Is(err, terminal.ErrUnknown) {
			return
		}
	}
	if damaged {
		s.Log.Error("the journal does not verify: nothing is honoured here without the cloud's yes", "error", err.Error())
	}
	if err := s.Journal.Bar(ctx, func(b *journal.Barred) { b.Damaged = damaged }); err != nil {
		s.Log.Error("what became of the journal could not be noted", "error", err.Error())
		return
	}
	s.notify()
}
