package main

import (
	"context"
	"errors"
	"time"

	"countersign/assets/translations"
	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/journal"
	"countersign/ui/counter"
)

// withSlips is the terminal, with the slips that the station keeps for it.
type withSlips struct {
	*terminal.Terminal
	station *station.Station
	words   func() *translations.Words // of the window
}

// told is a fault as the window says it.
type told struct {
	sentence string
	advice   string // what to do, where it is not to try again
	cause    error
}

// Advice is what to do about it, "" where that is to try again: a sentence in the window's language.
func (t *told) Advice() string { return t.advice }

// Error is a sentence in the window's language.
func (t *told) Error() string { return t.sentence }

// Unwrap is the fault.
func (t *told) Unwrap() error { return t.cause }

// said has a fault tell itself in the window's language; one that has no sentence of its own says that the log names it. The log is told all of it.
func (t withSlips) said(err error) error {
	if err == nil {
		return nil
	}
	sentence, _, ok := station.SayFault(t.words(), err)
	advice := ""
	if errors.Is(err, journal.ErrDiskFull) { // trying again frees nothing
		advice = t.words().Say("ui.fault.full", nil)
	}
	if t.station != nil && t.station.Journal.Halted() != nil && errors.Is(err, journal.ErrDamaged) {
		sentence, ok = t.words().Say("ui.fault.halted", nil), true
	}
	if !ok {
		sentence = t.words().Say("ui.fault.other", nil)
	}
	if t.station != nil {
		t.station.Log.Error("a fault at the counter", "error", err.Error())
	}
	return &told{sentence, advice, err}
}

// Scan implements counter.Terminal.
func (t withSlips) Scan(ctx context.Context, request terminal.Request) (terminal.Outcome, error) {
	outcome, err := t.Terminal.Scan(ctx, request)
	return outcome, t.said(err)
}

// Redeem implements counter.Terminal.
func (t withSlips) Redeem(ctx context.Context, request terminal.Request) (terminal.Outcome, error) {
	outcome, err := t.Terminal.Redeem(ctx, request)
	return outcome, t.said(err)
}

// Reverse implements counter.Terminal.
func (t withSlips) Reverse(ctx context.Context, reversal terminal.Reversal) (terminal.Outcome, error) {
	outcome, err := t.Terminal.Reverse(ctx, reversal)
	return outcome, t.said(err)
}

// Reprint implements counter.Terminal.
func (t withSlips) Reprint(ctx context.Context, uid terminal.UID, operator *terminal.Operator) (terminal.Record, error) {
	record, err := t.station.PrintAgain(ctx, uid, operator)
	return record, t.said(err)
}

// Unsettled implements counter.Slips.
func (t withSlips) Unsettled(ctx context.Context) ([]counter.Slip, error) {
	jobs, err := t.station.Unsettled(ctx)
	now := time.Now()
	slips := make([]counter.Slip, 0, len(jobs))
	for _, job := range jobs {
		again := (job.State == terminal.JobUnconfirmed || job.State == terminal.JobFailed) && !job.UID.IsZero()
		says := station.JobSentence(job, now)
		if job.State == terminal.JobUnconfirmed || job.State == terminal.JobFailed {
			says = "printer.job." + string(job.State) // what to do stands on the keys; why does not fit into a row
		}
		slips = append(slips, counter.Slip{ID: job.ID, UID: job.UID, Receipt: job.Receipt, Made: job.Made, Says: says,
			Prints: station.NeedsYes(job, now) || again, Perhaps: job.State == terminal.JobUnconfirmed})
	}
	return slips, err
}

// Entry implements counter.Slips.
func (t withSlips) Entry(ctx context.Context, uid terminal.UID) (terminal.Record, error) {
	if uid.IsZero() {
		return terminal.Record{}, terminal.ErrUnknown
	}
	return t.station.Journal.ByUID(ctx, uid)
}

// Settle implements counter.Slips.
func (t withSlips) Settle(ctx context.Context, id int64, word counter.SlipWord, operator *terminal.Operator) error {
	job, err := t.station.Journal.Job(ctx, id)
	if err != nil {
		return err
	}
	switch word {
	case counter.SlipPrint:
		return t.station.PrintMissing(ctx, id, operator)
	case counter.SlipOnPaper:
		return t.station.SettleSlip(ctx, id, job.State, terminal.JobPrinted, operator)
	}
	return t.station.SettleSlip(ctx, id, job.State, terminal.JobAbandoned, operator)
}
