package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

func (a *app) previewCommand() *cobra.Command {
	var out string
	command := &cobra.Command{
		Use:     "preview RECEIPT",
		Short:   "Draw a slip's bytes as a PNG",
		Example: "  countersignctl preview 1-000042 --out slip.png",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			uid, receipt, err := redemptionNamed(args[0])
			if err != nil {
				return usage(err)
			}
			if out == "" {
				return usage(errors.New("say where the picture goes: --out slip.png"))
			}
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				record, err := recordNamed(ctx, reader, uid, receipt)
				if errors.Is(err, terminal.ErrUnknown) {
					return noSuchReceipt(args[0])
				}
				if err != nil {
					return err
				}
				jobs, err := reader.Journal.JobsOf(ctx, record.Entry.UID)
				if err != nil {
					return err
				}
				if len(jobs) == 0 {
					return fmt.Errorf("there is no slip for %s: this store prints none", args[0])
				}
				picture, err := reader.Preview(jobs[0])
				if err != nil {
					return err
				}
				file, err := createFile(out)
				if err != nil {
					return err
				}
				return errors.Join(png.Encode(file, picture), file.Close())
			})
		},
	}
	command.Flags().StringVar(&out, "out", "", "the PNG to write")
	return command
}

func recordNamed(ctx context.Context, reader *station.Reader, uid terminal.UID, receipt terminal.ReceiptNumber) (terminal.Record, error) {
	if uid.IsZero() {
		return reader.Journal.ByReceipt(ctx, receipt)
	}
	return reader.Journal.ByUID(ctx, uid)
}

func (a *app) reprintCommand() *cobra.Command {
	var who person
	command := &cobra.Command{
		Use:     "reprint RECEIPT|ID",
		Short:   "Print a slip again, headed DUPLICATE; the original, where that was never printed",
		Example: "  countersignctl reprint 1-000042",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			uid, receipt, err := redemptionNamed(args[0])
			if err != nil {
				return usage(err)
			}
			return a.withDesk(command, func(ctx context.Context, d *desk) error {
				pin, err := a.pinOf(who)
				if err != nil {
					return err
				}
				record, err := recordNamed(ctx, d.reader, uid, receipt)
				if err == nil {
					err = a.reprint(ctx, d, record.Entry.UID, who.id, pin)
				}
				if errors.Is(err, terminal.ErrUnknown) {
					return noSuchReceipt(args[0])
				}
				if err != nil {
					return err
				}
				reprints, err := d.reader.Journal.Reprints(ctx, record.Entry.UID)
				if err != nil {
					return err
				}
				what := fmt.Sprintf("slip of %s", record.Entry.Receipt)
				if reprints > 0 { // else the original had not been printed yet
					what += fmt.Sprintf(" as duplicate %d", reprints)
				}
				return a.seePrinted(ctx, d, record.Entry.UID, what)
			})
		},
	}
	operatorFlags(command, &who)
	return command
}

// reprint has a slip made once more. A PIN that is refused is printed and ends the command.
func (a *app) reprint(ctx context.Context, d *desk, uid terminal.UID, operator, pin string) error {
	refused, err := d.Reprint(ctx, uid, operator, pin)
	return a.signedOff(ctx, d, refused, err)
}

// pinOf reads the PIN of whoever is named.
func (a *app) pinOf(who person) (string, error) {
	if who.id == "" {
		return "", nil
	}
	return a.readPIN(who)
}

// signedOff says what came of something that an operator had to sign in for.
func (a *app) signedOff(ctx context.Context, d *desk, refused *terminal.Finding, err error) error {
	if errors.Is(err, station.ErrSignIn) {
		return nobodySignedIn()
	}
	if err != nil || refused == nil {
		return err
	}
	outcome := terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{*refused}}
	if emptyHanded(ctx, d.reader, outcome) {
		return station.ErrUnfilled
	}
	if err := a.show(ctx, d.reader, outcome); err != nil {
		return err
	}
	return ended(exitDeclined)
}

func (a *app) printTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "print-test",
		Short:   "Print a test page",
		Example: "  countersignctl print-test",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.withDesk(command, func(ctx context.Context, d *desk) error {
				job, err := d.TestPage(ctx)
				if err != nil {
					return err
				}
				job, err = d.Print(ctx, job.ID, testPagePatience)
				if err != nil {
					return err
				}
				a.printerSaid = true
				words := d.reader.Words(ctx, a.language)
				if job.State == terminal.JobSent || job.State == terminal.JobPrinted {
					_, err = fmt.Fprintf(a.out, "test page: %s\nlook at the paper, then scan its code\n", station.SayJob(words, job, time.Now()))
					return err
				}
				how, do := d.sayPrinter(ctx, words)
				code := exitFailed
				if job.State == terminal.JobQueued {
					code = exitCannot
				}
				return &failure{code, do, fmt.Errorf("test page: %s. %s", station.SayJob(words, job, time.Now()), how)}
			})
		},
	}
}

// seePrinted sees the newest slip of an entry through the printer and says what became of it. A slip that waits is no failure: it is in line.
func (a *app) seePrinted(ctx context.Context, d *desk, uid terminal.UID, what string) error {
	jobs, err := d.reader.Journal.JobsOf(ctx, uid)
	if err != nil || len(jobs) == 0 {
		return err
	}
	job := jobs[len(jobs)-1]
	if d.reader.Settings.Printer != "" && !job.Hold {
		if job, err = d.Print(ctx, job.ID, testPagePatience); err != nil {
			return err
		}
	}
	words := d.reader.Words(ctx, a.language)
	if _, err = fmt.Fprintf(a.out, "%s: %s\n", what, station.SayJob(words, job, time.Now())); err != nil {
		return err
	}
	if job.State != terminal.JobQueued && job.State != terminal.JobSending {
		return nil
	}
	a.printerSaid = true
	how, do := d.sayPrinter(ctx, words)
	_, err = fmt.Fprintf(a.out, "  %s %s\n", how, do)
	return err
}

// sayPrinter says how the printer is, and what to do about it. A counter that has just been closed cannot be asked any more.
func (d *desk) sayPrinter(ctx context.Context, words terminal.Words) (how, do string) {
	devices, err := d.Devices(ctx)
	if err != nil {
		return err.Error(), ""
	}
	return station.SayPrinter(words, devices.Printer)
}

// sayWaiting tells a person that slips are left because somebody has to go to the printer. What was asked for is done all the same.
func (a *app) sayWaiting(ctx context.Context, s *station.Station, out io.Writer) {
	status := s.PrinterStatus()
	if a.printerSaid || !status.Needs() {
		return
	}
	jobs, err := s.Journal.Jobs(ctx, terminal.JobQueued, terminal.JobSending, terminal.JobUnconfirmed)
	if err != nil || len(jobs) == 0 {
		return
	}
	words := s.Words(ctx, a.language)
	how, do := station.SayPrinter(words, status)
	fmt.Fprintf(out, "%s %s\n", how, do)
	last := jobs[len(jobs)-1]
	fmt.Fprintf(out, "  %s: %s\n", last.Receipt, station.SayJob(words, last, time.Now()))
}

// testPagePatience is how long somebody who stands beside the printer waits for its word.
const testPagePatience = 20 * time.Second
