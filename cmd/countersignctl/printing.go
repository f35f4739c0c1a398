package main

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/printer"
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
				picture, err := reader.Preview(jobs[0].PrintJob)
				if err != nil {
					return err
				}
				file, err := os.Create(out)
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

// queued is one slip as queue --json prints it.
type queued struct {
	ID        int64             `json:"id"`
	Kind      terminal.SlipKind `json:"kind"`
	Receipt   string            `json:"receipt,omitempty"`
	Duplicate int               `json:"duplicate"`
	State     terminal.JobState `json:"state"`
	Detail    string            `json:"detail,omitempty"`
	Hold      bool              `json:"hold"`
	Made      time.Time         `json:"made"`
}

func (a *app) queueCommand() *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:     "queue",
		Short:   "List the slips that are waiting or need a look",
		Example: "  countersignctl queue --json",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			states := []terminal.JobState{terminal.JobQueued, terminal.JobSending, terminal.JobUnconfirmed, terminal.JobFailed}
			if all {
				states = append(states, terminal.JobSent, terminal.JobPrinted, terminal.JobAbandoned)
			}
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				jobs, err := reader.Journal.Jobs(ctx, states...)
				if err != nil {
					return err
				}
				list := make([]queued, len(jobs))
				for i, job := range jobs {
					list[i] = queued{job.ID, job.Kind, job.Receipt.String(), job.Duplicate, job.State, job.Detail, job.Hold, job.Made}
				}
				if a.json {
					return writeJSON(a.out, list)
				}
				return writeQueue(a.out, list)
			})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "also those that were printed or abandoned")
	return a.withJSON(command)
}

func writeQueue(out io.Writer, list []queued) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "no slips are waiting")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "slip\treceipt\tkind\tstate\tmade")
	for _, job := range list {
		state := string(job.State)
		if job.Detail != "" {
			state += " (" + strings.ReplaceAll(job.Detail, "_", " ") + ")"
		}
		if job.Hold {
			state += ", on hold"
		}
		receipt := job.Receipt
		if job.Duplicate > 0 {
			receipt += fmt.Sprintf(" duplicate %d", job.Duplicate)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", job.ID, receipt, job.Kind, state, job.Made.Local().Format("2006-01-02 15:04:05"))
	}
	return table.Flush()
}

func (a *app) reprintCommand() *cobra.Command {
	var who person
	command := &cobra.Command{
		Use:     "reprint RECEIPT|ID",
		Short:   "Print a slip again, headed DUPLICATE",
		Example: "  countersignctl reprint 1-000042",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			uid, receipt, err := redemptionNamed(args[0])
			if err != nil {
				return usage(err)
			}
			return a.withStation(command, func(ctx context.Context, s *station.Station) error {
				operator, err := a.signIn(ctx, s, who)
				if err != nil {
					return err
				}
				record, err := recordNamed(ctx, s.Reader, uid, receipt)
				if err != nil {
					return err
				}
				if _, err := s.Terminal.Reprint(ctx, record.Entry.UID, operator); err != nil {
					return err
				}
				reprints, err := s.Journal.Reprints(ctx, record.Entry.UID)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "the slip of %s is in line again, as duplicate %d\n", record.Entry.Receipt, reprints)
				return err
			})
		},
	}
	operatorFlags(command, &who)
	return command
}

func (a *app) printTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "print-test",
		Short:   "Print a test page",
		Example: "  countersignctl print-test",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.withStation(command, func(ctx context.Context, s *station.Station) error {
				job, err := s.TestPage(ctx)
				if err != nil {
					return err
				}
				state, err := s.Print(ctx, job.ID, testPagePatience)
				if err != nil {
					return err
				}
				if state.State == terminal.JobQueued {
					why := s.PrinterStatus().Detail
					if why == "" {
						why = "no printer is set up"
					}
					return &failure{exitCannot, "see countersignctl printers, and printer = in the configuration", fmt.Errorf("the test page is in line, but cannot be printed: %s", why)}
				}
				_, err = fmt.Fprintf(a.out, "the test page is %s; look at the paper, then scan its code\n", state.State)
				return err
			})
		},
	}
}

// testPagePatience is how long somebody who stands beside the printer waits for its word.
const testPagePatience = 20 * time.Second

func (a *app) printersCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "printers",
		Short:   "List the ports that may have a printer, and the printers that are known",
		Example: "  countersignctl printers",
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			ports, err := printer.Discover()
			if err != nil {
				return err
			}
			profiles, err := station.Profiles()
			if err != nil {
				return err
			}
			if a.json {
				type port struct {
					Target string `json:"target"`
					Path   string `json:"path"`
					Name   string `json:"name,omitempty"`
				}
				type profile struct {
					ID      string `json:"id"`
					Name    string `json:"name"`
					Columns int    `json:"columns"`
				}
				facts := struct {
					Ports    []port    `json:"ports"`
					Profiles []profile `json:"profiles"`
				}{[]port{}, []profile{}}
				for _, found := range ports {
					facts.Ports = append(facts.Ports, port{found.Target, found.Path, found.Name})
				}
				for _, known := range profiles {
					facts.Profiles = append(facts.Profiles, profile{known.ID, known.Name, known.Columns})
				}
				return writeJSON(a.out, facts)
			}
			table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "PORT (printer =)\twhere\twhat")
			for _, found := range ports {
				fmt.Fprintf(table, "%s\t%s\t%s\n", found.Target, found.Path, found.Name)
			}
			fmt.Fprintln(table, "\nKIND (profile =)\tcolumns\twhat")
			for _, known := range profiles {
				fmt.Fprintf(table, "%s\t%d\t%s\n", known.ID, known.Columns, known.Name)
			}
			return table.Flush()
		},
	})
}
