package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
)

func (a *app) journalCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "journal",
		Short:   "Check or export the terminal's record",
		Example: "  countersignctl journal verify\n  countersignctl journal export --out journal.jsonl",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.AddCommand(a.journalVerifyCommand(), a.journalExportCommand())
	return command
}

func (a *app) journalVerifyCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "verify [FILE]",
		Short:   "Check chain, signatures and numbering; name the first bad entry",
		Example: "  countersignctl journal verify /media/usb/journal.db",
		Args:    between(0, 1),
		RunE: func(command *cobra.Command, args []string) error {
			path := filepath.Join(station.FolderOf(a.stationConfig()), station.JournalName)
			if len(args) == 1 {
				path = args[0]
			}
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
				return &failure{exitCannot, "give the path of a journal.db, or --data", fmt.Errorf("there is no journal at %s", path)}
			}
			// Where this is the terminal's own journal the key store knows the key; a file alone names its own, which proves less.
			public := station.PublicKeyFor(a.stationConfig(), path)
			found, err := journal.Verify(command.Context(), path, public)
			if err != nil && len(args) == 1 && (public == nil || station.JudgeFile(path, err).Nothing) {
				return badFile(path, err)
			}
			if err != nil {
				return badJournal(err)
			}
			if a.json {
				return writeJSON(a.out, map[string]any{"ok": true, "entries": found.Head.Seq, "epoch": found.Head.Epoch,
					"receipts": found.Head.Receipt, "own_key": public != nil})
			}
			_, err = fmt.Fprintf(a.out, "the journal is whole: %s, epoch %d, %s in it\n", counted(found.Head.Seq, "entry", "entries"), found.Head.Epoch,
				counted(found.Head.Receipt, "receipt", "receipts"))
			return err
		},
	})
}

// badFile says what is wrong with a file that somebody named: that is no reason to close a shop.
func badFile(path string, err error) error {
	var bad *entry.BadEntry
	var changed *journal.ChangedSlip
	judged := station.JudgeFile(path, err)
	switch {
	case judged.Nothing:
		return &failure{exitCannot, "give the path of a journal.db or of a file that countersignctl backup wrote; of the journal here this says nothing", judged}
	case errors.As(err, &changed), errors.As(err, &bad), errors.Is(err, journal.ErrDamaged):
		return &failure{exitFailed, "keep that file as evidence; of the journal here this says nothing: countersignctl journal verify does", judged}
	}
	return err
}

// badJournal says which entry is bad, and that nothing must be thrown away.
func badJournal(err error) error {
	var bad *entry.BadEntry
	var changed *journal.ChangedSlip
	if errors.As(err, &changed) {
		return &failure{exitFailed, "every entry is sound; keep a copy of the journal and ask who could write the file", err}
	}
	if errors.As(err, &bad) || errors.Is(err, journal.ErrDamaged) {
		return &failure{exitFailed, "keep every file of the data folder and call support", err}
	}
	return err
}

func (a *app) journalExportCommand() *cobra.Command {
	var out string
	command := &cobra.Command{
		Use:     "export",
		Short:   "Write the whole journal as JSON, one object a line",
		Example: "  countersignctl journal export --out journal.jsonl",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				if out == "" {
					return reader.Journal.Export(ctx, a.out)
				}
				file, err := createFile(out)
				if err != nil {
					return err
				}
				return errors.Join(reader.Journal.Export(ctx, file), file.Close())
			})
		},
	}
	command.Flags().StringVar(&out, "out", "", "the file to write (default: standard output)")
	return command
}
