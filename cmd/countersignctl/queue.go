package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// queued is one slip as queue --json prints it.
type queued struct {
	ID        int64             `json:"id"`
	Kind      terminal.SlipKind `json:"kind"`
	Receipt   string            `json:"receipt,omitempty"`
	Duplicate int               `json:"duplicate"`
	State     terminal.JobState `json:"state"`
	Detail    string            `json:"detail,omitempty"`
	Says      string            `json:"says"`
	Hold      bool              `json:"hold"`
	Made      time.Time         `json:"made"`
}

func (a *app) queueCommand() *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:     "queue",
		Short:   "List the slips that are waiting or need a look",
		Example: "  countersignctl queue --json\n  countersignctl queue print --all",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			states := []terminal.JobState{terminal.JobQueued, terminal.JobSending, terminal.JobSent, terminal.JobUnconfirmed, terminal.JobFailed}
			if all {
				states = append(states, terminal.JobPrinted, terminal.JobAbandoned)
			}
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				jobs, err := reader.Journal.Jobs(ctx, states...)
				if err != nil {
					return err
				}
				words := reader.Words(ctx, a.language)
				list := make([]queued, 0, len(jobs))
				for _, job := range jobs {
					if job.State == terminal.JobSent && job.Detail == terminal.DetailNoWord && !all {
						continue // more will never be known of it
					}
					list = append(list, queued{job.ID, job.Kind, job.Receipt.String(), job.Duplicate, job.State, job.Detail,
						station.SayJob(words, job, time.Now()), job.Hold, job.Made})
				}
				if a.json {
					return writeJSON(a.out, list)
				}
				return writeQueue(a.out, list, words)
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also those that were printed or abandoned")
	command.AddCommand(a.queuePrintCommand(),
		a.queueMoveCommand("done", "Say that slips which were perhaps printed are on paper", terminal.JobPrinted, terminal.JobUnconfirmed),
		a.queueMoveCommand("drop", "Give slips up: they are not printed any more; one on its way is cancelled", terminal.JobAbandoned,
			terminal.JobQueued, terminal.JobUnconfirmed, terminal.JobFailed, terminal.JobSending, terminal.JobSent))
	return a.withJSON(command)
}

func writeQueue(out io.Writer, list []queued, words terminal.Words) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, words.Say("report.nothing", nil))
		return err
	}
	var set table
	set.row(heads(words, "slip", "receipt", "kind", "made", "state")...)
	for _, job := range list {
		receipt := job.Receipt
		if job.Duplicate > 0 {
			receipt += " " + words.Say("report.duplicate", map[string]any{"number": int64(job.Duplicate)})
		}
		set.row(fmt.Sprint(job.ID), receipt, string(job.Kind), job.Made.Local().Format("2006-01-02 15:04:05"), job.Says)
	}
	_, err := io.WriteString(out, set.String())
	return err
}

func (a *app) queuePrintCommand() *cobra.Command {
	var all bool
	var who person
	command := &cobra.Command{
		Use:     "print [SLIP...]",
		Short:   "Print slips now that are on hold or have waited for long",
		Example: "  countersignctl queue print 17\n  countersignctl queue print --all",
		RunE: func(command *cobra.Command, args []string) error {
			ids, err := slipIDs(args, all)
			if err != nil {
				return err
			}
			return a.withDesk(command, func(ctx context.Context, d *desk) error {
				pin, err := a.pinOf(who)
				if err != nil {
					return err
				}
				if all {
					jobs, err := d.reader.Journal.Jobs(ctx, terminal.JobQueued)
					if err != nil {
						return err
					}
					for _, job := range jobs {
						ids = append(ids, job.ID)
					}
				}
				for _, id := range ids {
					refused, err := d.ReleaseJob(ctx, id, who.id, pin)
					if err := a.signedOff(ctx, d, refused, err); err != nil {
						return noSuchSlip(id, err)
					}
				}
				for _, id := range ids {
					job, err := d.Print(ctx, id, testPagePatience)
					if err != nil {
						return err
					}
					if _, err := fmt.Fprintf(a.out, "slip %d: %s\n", id, station.SayJob(d.reader.Words(ctx, a.language), job, time.Now())); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "all of them")
	operatorFlags(command, &who)
	return command
}

// queueMoveCommand is a person's word on slips: they go to a state from those that a person may end.
func (a *app) queueMoveCommand(name, short string, to terminal.JobState, from ...terminal.JobState) *cobra.Command {
	var who person
	command := &cobra.Command{
		Use:     name + " SLIP...",
		Short:   short,
		Example: "  countersignctl queue " + name + " 17",
		Args:    atLeast(1),
		RunE: func(command *cobra.Command, args []string) error {
			ids, err := slipIDs(args, false)
			if err != nil {
				return err
			}
			return a.withDesk(command, func(ctx context.Context, d *desk) error {
				pin, err := a.pinOf(who)
				if err != nil {
					return err
				}
				for _, id := range ids {
					err := moveSlip(from, func(state terminal.JobState) error {
						refused, err := d.MarkJob(ctx, id, state, to, who.id, pin)
						return a.signedOff(ctx, d, refused, err)
					})
					if err != nil {
						return noSuchSlip(id, err)
					}
					said := station.SayJob(d.reader.Words(ctx, a.language), terminal.SpoolJob{State: to}, time.Now())
					if _, err := fmt.Fprintf(a.out, "slip %d: %s\n", id, said); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	operatorFlags(command, &who)
	return command
}

// moveSlip tries one state after the other from which a slip may go.
func moveSlip(from []terminal.JobState, move func(from terminal.JobState) error) error {
	for _, state := range from {
		if err := move(state); !errors.Is(err, terminal.ErrUnknown) {
			return err
		}
	}
	return terminal.ErrUnknown
}

func noSuchSlip(id int64, err error) error {
	if errors.Is(err, terminal.ErrUnknown) {
		return &failure{exitFailed, "countersignctl queue lists the slips", fmt.Errorf("there is no slip %d of which this can be said: there is none with that number, or it is settled", id)}
	}
	return err
}

func slipIDs(args []string, all bool) ([]int64, error) {
	if all == (len(args) > 0) {
		return nil, usage(errors.New("name the slips by their numbers, or say --all"))
	}
	ids := make([]int64, len(args))
	for i, text := range args {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, usage(fmt.Errorf("%q is no number of a slip", text))
		}
		ids[i] = id
	}
	return ids, nil
}
