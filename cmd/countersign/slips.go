package main

import (
	"context"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/ui/counter"
)

// withSlips is the terminal, with the slips that the station keeps for it.
type withSlips struct {
	*terminal.Terminal
	station *station.Station
}

// Reprint implements counter.Terminal.
func (t withSlips) Reprint(ctx context.Context, uid terminal.UID, operator *terminal.Operator) (terminal.Record, error) {
	return t.station.PrintAgain(ctx, uid, operator)
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
		slips = append(slips, counter.Slip{ID: job.ID, Receipt: job.Receipt, Made: job.Made, Says: says,
			Prints: station.NeedsYes(job, now) || again, Perhaps: job.State == terminal.JobUnconfirmed})
	}
	return slips, err
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
