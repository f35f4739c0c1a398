package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"countersign/cmd/internal/station"
)

func (a *app) backupCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the journal into a file, also while the counter sells",
		Long: `Copy the journal into a new file, as it is at one moment, also while the counter sells. The copy is checked
before the command ends. It holds everything that was honoured, and no key: the terminal's private key never leaves
this machine. Keep it on another disk.`,
		Example: "  countersignctl backup /media/usb/counter-1-2026-12-24.db",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			return a.withReader(command, func(ctx context.Context, reader *station.Reader) error {
				verified, err := reader.Backup(ctx, args[0])
				if err != nil {
					return &failure{exitFailed, "nothing was written; choose a file that does not exist, on a disk with room", err}
				}
				if a.json {
					return writeJSON(a.out, map[string]any{"file": args[0], "entries": verified.Entries, "epoch": verified.Head.Epoch})
				}
				_, err = fmt.Fprintf(a.out, "%s holds %s, and they verify\n", args[0], counted(verified.Entries, "entry", "entries"))
				return err
			})
		},
	})
}

func (a *app) restoreCommand() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of a journal that is gone or damaged",
		Long: `Put the journal of a backup in the place of one that is gone or damaged, which is kept beside it. The journal goes on
in a new epoch: receipts are numbered anew behind the epoch's number, slips that had not come out are shown to be
looked at, and until the cache is filled again only what the cloud confirms is honoured. It takes the keys of the
machine that the journal was written on: on another computer, join with a new invitation, and keep the backup as
evidence.`,
		Example: "  countersignctl restore /media/usb/counter-1-2026-12-24.db\n  countersignctl sync --wait 5m",
		Args:    exactly(1),
		RunE: func(command *cobra.Command, args []string) error {
			done, err := station.Restore(command.Context(), a.stationConfig(), args[0])
			var needless *station.NotNeeded
			if errors.As(err, &needless) {
				return &failure{exitCannot, "nothing was changed: the journal here has all that the backup has. Run countersignctl sync. To put the backup in its place all the same " +
					"(what came after it then stays in the cloud alone, as far as it was sent), move " + station.JournalName + ", and the files beside it whose names begin like that, out of the data " +
					"folder first, keep them, and run this command again", err}
			}
			var other *station.OtherBackup
			if errors.As(err, &other) {
				return &failure{exitCannot, "nothing was changed; take a backup that was made here, and keep this one for the terminal that it is of", err}
			}
			var bad *station.BadFile
			if errors.As(err, &bad) {
				return &failure{exitCannot, "nothing was changed: what is wrong is the file, and not the journal here. Give a file that countersignctl backup wrote", err}
			}
			if err != nil {
				return err
			}
			if a.json {
				return writeJSON(a.out, map[string]any{"entries": done.Entries, "epoch": done.Epoch, "aside": done.Aside})
			}
			if done.Aside != "" {
				if _, err := fmt.Fprintf(a.out, "what was here is kept in %s\n", done.Aside); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(a.out, "restored %s; the journal goes on in epoch %d. Run countersignctl sync --wait 5m: until the cache is filled again, "+
				"only what the cloud confirms is honoured\n", counted(done.Entries, "entry", "entries"), done.Epoch)
			return err
		},
	})
}
